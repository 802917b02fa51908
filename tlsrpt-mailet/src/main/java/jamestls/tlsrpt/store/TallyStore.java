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
     * Adds to the counters; all of it or, on an exception, nothing. A group whose number is not above its writer's last one
     * was added before and is ignored.
     *
     * @param counts each day and domain at most once
     * @return how many policies found no room, each with its counts
     */
    int add(GroupId group, List<DomainCounts> counts);

    /**
     * What may be claimed, in the order of its keys, so that much can be read page by page.
     *
     * @param after the last key of the page before
     * @param most at least one
     */
    List<TallyKey> present(Due due, Optional<TallyKey> after, int most);

    /**
     * Takes a lease on a part of that day and domain: one that was claimed before and not settled, or else the open one, which
     * is closed by that.
     *
     * @return empty when there is nothing, or another one holds it
     */
    Optional<Claim> claim(TallyKey key, Due due);

    /**
     * It was reported, or will never be. The counts are kept to be looked at until they are forgotten.
     *
     * @param result what became of it, in a few words of printable ASCII
     * @return false if the lease had run out and another one has the part now; then nothing is changed
     */
    boolean settle(Claim claim, String result);

    /** As {@link #settle}, but the counts go at once, because nobody will want to see them. */
    boolean discard(Claim claim);

    /** It could not be reported; it may be claimed again from then on, as it is. */
    boolean postpone(Claim claim, Instant notBefore);

    /** Drops whatever is kept about days before {@code firstKept}, little by little, without holding up {@link #add}. */
    void forget(LocalDate firstKept);
}
