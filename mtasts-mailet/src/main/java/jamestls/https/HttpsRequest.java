package jamestls.https;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * One request: GET without a payload, POST with one.
 *
 * @param uri scheme https, a domain name as host; another port than 443 may be given. Another URI is no error
 *     here, because it may come from DNS: the exchange fails with {@link HttpsFault#PROTOCOL}
 * @param payload what to post
 * @param deadline for everything from the DNS look-up to the last byte of the body
 * @param maxBodyBytes a longer body fails with {@link HttpsFault#TOO_LARGE}; it is never cut
 */
public record HttpsRequest(URI uri, Optional<Payload> payload, Duration deadline, int maxBodyBytes) {

    /** The content to post. */
    public record Payload(String mediaType, byte[] bytes) {
    }

    public HttpsRequest {
        if (deadline.isNegative() || deadline.isZero() || maxBodyBytes < 0) {
            throw new IllegalArgumentException("deadline and body size must be positive: " + deadline + ", " + maxBodyBytes + " bytes");
        }
    }

    public static HttpsRequest get(URI uri, Duration deadline, int maxBodyBytes) {
        return new HttpsRequest(uri, Optional.empty(), deadline, maxBodyBytes);
    }

    public static HttpsRequest post(URI uri, Payload payload, Duration deadline, int maxBodyBytes) {
        return new HttpsRequest(uri, Optional.of(payload), deadline, maxBodyBytes);
    }
}
