package jamestls.tlsrpt.store;

import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/**
 * The counters of all days and domains. Safe for many threads, and where the store is shared for many servers.
 *
 * <p>Sessions are counted in the open part of their day. A claim closes that part, so that what it holds never changes any
 * more, and opens the next. All methods may throw {@code StorageOutage}; then nothing was done, or it is not known whether it
 * was, and may be asked for again.
 */
public interface TallyStore {

    /**
     * Idempotency key of one write: a retry after a commit of unknown outcome is ignored.
     *
     * @param writer who adds; a name that no one else has or ever had
     * @param number grows with each group of this writer
     */
    record WriteId(String writer, long number) {
    }

    /**
     * Adds to the counters; all of it or, on an exception, nothing. A group whose number is not above its writer's last one
     * was added before and is ignored.
     *
     * @param tallies each day and domain at most once; they are only read
     * @return how many policies found no room, each with its counts
     */
    int add(WriteId group, List<Tally> tallies);

    /**
     * What may be claimed, in the order of its keys, so that much can be read page by page.
     *
     * @param after the last key of the page before
     * @param most at least one
     */
    List<TallyKey> present(Due due, Optional<TallyKey> after, int most);

    /**
     * Takes leases, at once: for each day and domain on a part that was claimed before and not settled, or else on the open one,
     * which is closed by that.
     *
     * @param keys at least one, in the order in which {@link #present} gave them
     * @return at most one for each; none where there is nothing or another one holds it, and fewer than there could be, but at least
     *     one, if they have very many details
     */
    List<Claim> claim(List<TallyKey> keys, Due due);

    /** As for several. */
    default Optional<Claim> claim(TallyKey key, Due due) {
        return claim(List.of(key), due).stream().findFirst();
    }

    /**
     * Ends claims, all of them or, on an exception, none.
     *
     * @return for each whether it was held; false if the lease had run out and another one has the part now, and then nothing is
     *     changed about it
     */
    List<Boolean> end(List<Claim.Result> results);

    /** As {@link #end}. */
    default boolean settle(Claim claim, String result) {
        return end(List.of(Claim.Result.settled(claim, result))).getFirst();
    }

    /** As {@link #end}. */
    default boolean discard(Claim claim) {
        return end(List.of(Claim.Result.discarded(claim))).getFirst();
    }

    /** It could not be reported; it may be claimed again from then on, as it is. */
    boolean postpone(Claim claim, Instant notBefore);

    /** Drops whatever is kept about days before {@code firstKept}, little by little, without holding up {@link #add}. */
    void forget(LocalDate firstKept);
}
