package jamestls.tlsrpt.store;

import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/**
 * Counters of sessions, by day and recipient domain. Thread-safe; a database can be shared by several servers.
 *
 * <p>Sessions are counted in the open part of their day. A claim closes that part, so that its counts never change again, and opens the
 * next one. All methods may throw {@code StorageOutage}: either nothing was done or the outcome is unknown, and the call can be
 * repeated.
 */
public interface TallyStore {

    /**
     * Idempotency key of one write: a retry after a commit of unknown outcome is ignored.
     *
     * @param writer unique name of the writer, never used before
     * @param number greater than that of the writer's last write
     */
    record WriteId(String writer, long number) {
    }

    /**
     * Adds to the counters, in one transaction. A write whose number is not greater than its writer's last one is ignored.
     *
     * @param tallies at most one for each day and domain; they are only read
     * @return number of policies that were dropped with their counts, because of {@link TallyLimits}
     */
    int add(WriteId group, List<Tally> tallies);

    /** Number of concurrent calls of {@link #add}, each by a writer of its own, with which counting is fastest. */
    default int concurrentWrites() {
        return 1;
    }

    /**
     * A page of the days and domains that can be claimed, in the store's order.
     *
     * @param after last key of the page before; empty for the first page
     * @param limit size of a page, at least one
     */
    List<TallyKey> claimable(Due due, Optional<TallyKey> after, int limit);

    /**
     * Claims parts in one transaction: for each day and domain a part that was claimed before and not settled, otherwise the open one,
     * which is closed.
     *
     * @param keys at least one, in the order in which {@link #claimable} returned them
     * @return at most one claim for each key; none for a key that another server holds. If the parts have very many failure details, only
     *     some of them are claimed, but at least one.
     */
    List<Claim> claim(List<TallyKey> keys, Due due);

    /** As {@link #claim(List, Due)}, for one key. */
    default Optional<Claim> claim(TallyKey key, Due due) {
        return claim(List.of(key), due).stream().findFirst();
    }

    /**
     * Ends claims, in one transaction.
     *
     * @return for each claim whether it was still held. If its lease has ended and another server has claimed the part, nothing is changed
     *     and the value is false.
     */
    List<Boolean> end(List<Claim.Result> results);

    /** As {@link #end}, for one claim that is kept with its result. */
    default boolean settle(Claim claim, String result) {
        return end(List.of(Claim.Result.settled(claim, result))).getFirst();
    }

    /** As {@link #end}, for one claim whose counts are deleted. */
    default boolean discard(Claim claim) {
        return end(List.of(Claim.Result.discarded(claim))).getFirst();
    }

    /**
     * Releases a claim that was not reported. The part is unchanged and can be claimed again.
     *
     * @param notBefore earliest time of the next claim
     * @return whether the claim was still held
     */
    boolean postpone(Claim claim, Instant notBefore);

    /** Deletes everything about days before {@code firstKept}, in small transactions, so that {@link #add} does not wait long. */
    void forget(LocalDate firstKept);
}
