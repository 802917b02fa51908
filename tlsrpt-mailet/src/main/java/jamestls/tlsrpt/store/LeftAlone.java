package jamestls.tlsrpt.store;

import java.time.Instant;

/**
 * A mail address that gets no reports for a while.
 *
 * @param address in lower case
 * @param until when that ends
 * @param why a line of printable ASCII
 */
public record LeftAlone(String address, Instant until, String why) {
}
