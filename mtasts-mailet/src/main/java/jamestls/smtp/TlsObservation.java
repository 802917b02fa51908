package jamestls.smtp;

import jamestls.dns.DomainName;
import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/**
 * Everything observed of one connection up to the point where a mail could be sent, without a judgement:
 * log line, metric, report and bounce are all made from this and from the verdict on it.
 *
 * @param mxHost the host we meant to reach
 * @param receivingIp the address we connected to
 * @param sendingIp our own end; empty if no connection came about
 * @param greeting the reply the server opened with, if one came
 * @param helo the name in the first line of the last EHLO reply, if one came
 * @param startTls whether STARTTLS was offered
 * @param startTlsReply what the server answered to STARTTLS, if it was sent and answered. Anything but 220 refuses TLS: a
 *     session with such a reply and no failure is usable, in clear
 * @param handshake how it went
 * @param capabilities of the last EHLO reply: under TLS only what was said under TLS
 * @param failure why no usable session came about, if none did; empty means mail can be sent
 */
public record TlsObservation(DomainName mxHost, InetAddress receivingIp, Optional<InetAddress> sendingIp,
                             Optional<SmtpReply> greeting, Optional<String> helo, StartTls startTls,
                             Optional<SmtpReply> startTlsReply, Handshake handshake, Capabilities capabilities,
                             Optional<SessionFailure> failure) {

    /** Whether the chain was shown in an earlier handshake, and not in this one. */
    public boolean isResumed() {
        return handshake instanceof Handshake.Completed completed && completed.keys() == Handshake.Keys.RESUMED;
    }

    /**
     * Whether the peer hung up, or said nothing until its time was over, after a complete handshake and before its first reply
     * under TLS. A later loss is an ordinary one.
     */
    public boolean isClosedAfterHandshake() {
        return handshake instanceof Handshake.Completed && failure.filter(SessionFailure::isSilence).isPresent();
    }

    /** What the server's EHLO reply said of STARTTLS. */
    public enum StartTls {
        OFFERED,
        NOT_OFFERED,
        /** The conversation ended before the EHLO reply. */
        UNKNOWN
    }

    /** What was seen of the TLS handshake. */
    public sealed interface Handshake {

        /** STARTTLS was not sent, or the server refused it. */
        record NotAttempted() implements Handshake {
        }

        /**
         * Keys were agreed. Says nothing about who the peer is.
         *
         * @param protocol as JSSE names it, {@code TLSv1.2} or {@code TLSv1.3}
         * @param cipherSuite as JSSE names it
         * @param chain as the server sent it, its own certificate first; with a resumed session, as it sent it then
         * @param keys where they come from
         */
        record Completed(String protocol, String cipherSuite, List<X509Certificate> chain, Keys keys) implements Handshake {

            /** A full handshake. */
            public Completed(String protocol, String cipherSuite, List<X509Certificate> chain) {
                this(protocol, cipherSuite, chain, Keys.AGREED_ANEW);
            }

            public Completed {
                chain = List.copyOf(chain);
            }
        }

        /** Where the keys of a session come from. */
        enum Keys {
            AGREED_ANEW,
            /** From an earlier session with the same host at the same address, under the same name, of the last minutes. */
            RESUMED
        }

        /**
         * No keys were agreed, or the server sent an alert with its first words after (with TLS 1.3 that is when its
         * complaint arrives).
         *
         * @param cause one line for people: the alert's or the exception's text, or what ran out
         */
        record Failed(String cause) implements Handshake {
        }
    }
}
