package jamestls.tlsrpt.store;

import java.util.Optional;

/**
 * What becomes of a claim.
 *
 * @param claim that is over
 * @param result what became of the report, in a few words of printable ASCII; empty if nobody will want to see the counts again
 */
public record ClaimResult(Claim claim, Optional<String> result) {

    /** It was reported, or will never be. The counts are kept to be looked at until they are forgotten. */
    public static ClaimResult settled(Claim claim, String result) {
        return new ClaimResult(claim, Optional.of(result.isEmpty() ? "done" : result));
    }

    /** The counts go at once, because nobody will want to see them. */
    public static ClaimResult discarded(Claim claim) {
        return new ClaimResult(claim, Optional.empty());
    }
}
