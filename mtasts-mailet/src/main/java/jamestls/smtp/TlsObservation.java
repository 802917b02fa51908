package jamestls.smtp;

import jamestls.dns.DomainName;
import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

/**
 * The observation of one connection up to the point where a mail could be sent, without a judgement. Log line, metric, report and
 * bounce are made from it and from the verdict on it.
 *
 * @param ends the two ends of the connection
 * @param greeting the greeting of the server, if one was received
 * @param helo the name in the first line of the last EHLO reply, if one was received
 * @param offer whether STARTTLS was offered, and the reply to it
 * @param handshake the result of the TLS handshake
 * @param capabilities the extensions in the last EHLO reply; with TLS only those listed over TLS
 * @param failure why there is no usable session; empty if mail can be sent
 */
public record TlsObservation(Ends ends, Optional<SmtpReply> greeting, Optional<String> helo, Offer offer, Handshake handshake,
                             Capabilities capabilities, Optional<SessionFailure> failure) {

    /**
     * The two ends of a connection.
     *
     * @param mxHost the host to reach
     * @param receivingIp the address connected to
     * @param sendingIp the local address; empty without a connection
     */
    public record Ends(DomainName mxHost, InetAddress receivingIp, Optional<InetAddress> sendingIp) {
    }

    /**
     * What the server said about STARTTLS.
     *
     * @param startTls whether it was offered
     * @param reply the reply to STARTTLS, if it was sent and answered. Anything but 220 refuses TLS: a session with such a reply and no
     *     failure is usable, in clear text
     */
    public record Offer(StartTls startTls, Optional<SmtpReply> reply) {
    }

    public DomainName mxHost() {
        return ends.mxHost();
    }

    public InetAddress receivingIp() {
        return ends.receivingIp();
    }

    public Optional<InetAddress> sendingIp() {
        return ends.sendingIp();
    }

    public StartTls startTls() {
        return offer.startTls();
    }

    public Optional<SmtpReply> startTlsReply() {
        return offer.reply();
    }

    /** Whether the handshake went on, or tried to go on, from an earlier one: a full handshake may end in another way. */
    public boolean isResumed() {
        return switch (handshake) {
            case Handshake.Completed completed -> completed.keys() == Handshake.Keys.RESUMED;
            case Handshake.Failed failed -> failed.keys() == Handshake.Keys.RESUMED;
            case Handshake.NotAttempted none -> false;
        };
    }

    /**
     * Whether the server closed the connection or did not reply within the time limit, after a complete handshake and before its first
     * reply over TLS.
     */
    public boolean isClosedAfterHandshake() {
        return handshake instanceof Handshake.Completed && failure.filter(SessionFailure::isSilence).isPresent();
    }

    /** Whether the server's EHLO reply lists STARTTLS. */
    public enum StartTls {
        OFFERED,
        NOT_OFFERED,
        /** The session ended before the EHLO reply. */
        UNKNOWN
    }

    /** The result of the TLS handshake. */
    public sealed interface Handshake {

        /** STARTTLS was not sent, or the server refused it. */
        record NotAttempted() implements Handshake {
        }

        /**
         * The handshake was completed; the peer is not judged.
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

        /** The origin of the keys of a session. */
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
         * @param keys where the keys were to come from
         */
        record Failed(String cause, Keys keys) implements Handshake {

            /** A full handshake. */
            public Failed(String cause) {
                this(cause, Keys.AGREED_ANEW);
            }
        }
    }
}
