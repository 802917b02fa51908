package jamestls.tlsrpt.store;

import java.util.Optional;

/**
 * The right to report a part of a day, for a while: a lease. Its holder ends it with one of {@link TallyStore#settle},
 * {@link TallyStore#discard} or {@link TallyStore#postpone}. If it does not, because its process died, another server gets the
 * same part, with the same number and the same counts, once the lease has run out.
 *
 * @param tally what there is to report; closed, so it is the same each time the part is claimed
 * @param tries how often it was postponed before
 * @param fresh whether nobody claimed this part before; then no destination can have heard of it
 * @param token names this claim among all others of the part
 */
public record Claim(DomainTally tally, int tries, boolean fresh, String token) {

    /**
     * How a claim ends.
     *
     * @param claim that is over
     * @param result what became of the report, in a few words of printable ASCII; empty to delete the counts
     */
    public record Result(Claim claim, Optional<String> result) {

        /** It was reported, or will never be. The counts are kept to be looked at until they are forgotten. */
        public static Result settled(Claim claim, String result) {
            return new Result(claim, Optional.of(result.isEmpty() ? "done" : result));
        }

        /** The counts are deleted at once, because nobody will want to see them. */
        public static Result discarded(Claim claim) {
            return new Result(claim, Optional.empty());
        }
    }
}
