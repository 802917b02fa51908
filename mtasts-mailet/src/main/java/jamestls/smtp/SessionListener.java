package jamestls.smtp;

import jamestls.dns.DomainName;
import java.net.InetSocketAddress;

/**
 * Listens to one connection: commands, replies and what happens to it. Secrets are masked in commands, and the content of mails is not
 * shown at all. Called by the thread that speaks, so it must be quick.
 */
public interface SessionListener {

    /** A command, as logs may show it. */
    void sent(String command);

    /** A reply; a stranger's text, without control characters. */
    void received(SmtpReply reply);

    /** Something else: the connection is there, secured, closed or lost. One line. */
    void happened(String what);

    /** Makes one for each connection. */
    @FunctionalInterface
    interface Factory {
        SessionListener to(DomainName host, InetSocketAddress address);
    }

    /** Nobody listens. */
    static SessionListener none() {
        return Nobody.NONE;
    }

    /** Hears nothing. */
    enum Nobody implements SessionListener {
        NONE;

        @Override
        public void sent(String command) {
            // nobody listens
        }

        @Override
        public void received(SmtpReply reply) {
            // nobody listens
        }

        @Override
        public void happened(String what) {
            // nobody listens
        }
    }
}
