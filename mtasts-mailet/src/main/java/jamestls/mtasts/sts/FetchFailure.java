package jamestls.mtasts.sts;

import jamestls.outcome.Violation;
import java.time.Instant;
import java.util.List;

/**
 * A failed fetch.
 *
 * @param id the TXT id that was to be fetched; empty if there was no valid TXT record
 * @param retryAfter until then no other fetch is made for this id (RFC 8461 §3.3: five minutes at least)
 * @param problem what happened, as a report names it
 * @param declared the lines of an invalid policy, as {@link PolicyGrammar#declared} gives them; empty beside a cached policy, which is
 *     quoted instead
 */
public record FetchFailure(String id, Instant retryAfter, Violation problem, List<String> declared) {

    public FetchFailure {
        declared = List.copyOf(declared);
    }

    /** A failure without a text to quote. */
    public FetchFailure(String id, Instant retryAfter, Violation problem) {
        this(id, retryAfter, problem, List.of());
    }

    /** One line for logs. It has the result type of a fetch; a TXT record that is missing or can't be looked up is no fetch. */
    public String why() {
        return id.isEmpty() ? problem.reason() : problem.toString();
    }

    /** Whether the pause forbids a fetch of that id now. */
    boolean blocks(String wantedId, Instant now) {
        return id.equals(wantedId) && isRecent(now);
    }

    /** A pause that ends later than any pause that starts now was stored with a wrong clock. */
    boolean isRecent(Instant now) {
        return now.isBefore(retryAfter) && !retryAfter.isAfter(now.plus(FetchBackOff.PAUSE).plus(StoredPolicy.MAX_SKEW));
    }
}
