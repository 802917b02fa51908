package jamestls.mtasts.smtp;

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
     * @param chain as the server sent it, its own certificate first
     */
    record Completed(String protocol, String cipherSuite, List<X509Certificate> chain) implements Handshake {
        public Completed {
            chain = List.copyOf(chain);
        }
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
