package jamestls.smtp;

import jamestls.dns.DomainName;
import java.net.InetSocketAddress;

/**
 * Listens to the conversation on one connection. Secrets in commands are masked, and contents of mails are never passed. Called by the
 * thread of the session, so it must not block.
 */
public interface SessionListener {

    /** A command was sent. */
    void sent(String command);

    /** A reply was received. */
    void received(SmtpReply reply);

    /** The connection was opened, secured, closed or lost. One line. */
    void happened(String what);

    /** Creates a listener for each connection. */
    @FunctionalInterface
    interface Factory {
        SessionListener to(DomainName host, InetSocketAddress address);
    }

    /** A listener that does nothing. */
    static SessionListener none() {
        return Nobody.NONE;
    }

    /** Does nothing. */
    enum Nobody implements SessionListener {
        NONE;

        @Override
        public void sent(String command) {
            // not recorded
        }

        @Override
        public void received(SmtpReply reply) {
            // not recorded
        }

        @Override
        public void happened(String what) {
            // not recorded
        }
    }
}
