package jamestls.smtp;

import java.security.cert.X509Certificate;
import java.util.List;

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
