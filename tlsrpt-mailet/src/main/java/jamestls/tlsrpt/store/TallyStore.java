package jamestls.tlsrpt.store;

import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/** The counters of all days and domains that are not yet reported. Safe for many threads. */
public interface TallyStore {

    /**
     * Adds the sessions; quick, because a delivery waits for it.
     *
     * @return how many of them, wholly or for one of their policies, found no room
     */
    int add(List<CountedSession> sessions);

    /** What there is to report, in no order. */
    List<TallyKey> present();

    /**
     * Takes the counts of a day and domain out, so that no one else gets them. What is counted later goes into the day's
     * next part.
     *
     * @param now the part ends in this second, or with the day if that is over
     * @return empty when there is nothing, or another one was faster
     */
    Optional<DomainTally> claim(TallyKey key, Instant now);

    /** Takes back counts that could not be reported; they will be claimed again, with what was counted meanwhile. */
    void putBack(DomainTally tally);

    /** Drops whatever is kept about days before {@code firstKept}. */
    void forget(LocalDate firstKept);
}
