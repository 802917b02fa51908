package jamestls.https;

import jamestls.net.Sanitized;
import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Optional;

/** The outcome of an exchange. */
public sealed interface HttpsResult {

    /**
     * The server answered, with whatever status; redirects are not followed.
     *
     * @param status 200 to 599
     * @param contentType the value of the Content-Type field without blanks around it, if there is one
     * @param body the complete body, not decoded, at most the bytes asked for; empty after a POST
     * @param from the address that answered; with a proxy, the address that the proxy was asked to connect to
     * @param retryAfter the wait that status 429 or 503 asks for (RFC 9110 §10.2.3), at most a day
     * @param certificate the server's own; empty if it is not known
     */
    record Answer(int status, Optional<String> contentType, byte[] body, InetAddress from, Optional<Duration> retryAfter,
                  Optional<X509Certificate> certificate) implements HttpsResult {

        public Answer(int status, Optional<String> contentType, byte[] body, InetAddress from, Optional<Duration> retryAfter) {
            this(status, contentType, body, from, retryAfter, Optional.empty());
        }

        public Answer(int status, Optional<String> contentType, byte[] body, InetAddress from) {
            this(status, contentType, body, from, Optional.empty());
        }
    }

    /**
     * No usable answer.
     *
     * @param fault the kind of fault
     * @param detail one line for people: host, address where known, cause; cleaned and cut here
     */
    record Failure(HttpsFault fault, String detail) implements HttpsResult {

        private static final int MAX_DETAIL = 300;

        public Failure {
            detail = Sanitized.line(detail.strip(), MAX_DETAIL);
        }
    }
}
