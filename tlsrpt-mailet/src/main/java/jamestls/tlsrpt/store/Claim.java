package jamestls.tlsrpt.store;

import java.util.Optional;

/**
 * The exclusive right of one server to report a part of a day, for the time of a lease. Its holder ends it by {@link TallyStore#settle},
 * {@link TallyStore#discard} or {@link TallyStore#postpone}. If the process dies, another server can claim the same part, with the same
 * number and counts, after the end of the lease.
 *
 * @param tally the counts to report; the same each time the part is claimed
 * @param tries how often the part was postponed
 * @param fresh whether this is the first claim of the part; then there are no delivery records
 * @param token identifies this claim among all claims of the part
 */
public record Claim(DomainTally tally, int tries, boolean fresh, String token) {

    /**
     * The end of a claim.
     *
     * @param claim the claim
     * @param result result of the report in printable ASCII; empty to delete the counts
     */
    public record Result(Claim claim, Optional<String> result) {

        /** The part was reported, or will not be. Its counts are kept for operators. */
        public static Result settled(Claim claim, String result) {
            return new Result(claim, Optional.of(result.isEmpty() ? "done" : result));
        }

        /** The part is not to be reported. Its counts are deleted. */
        public static Result discarded(Claim claim) {
            return new Result(claim, Optional.empty());
        }
    }
}
