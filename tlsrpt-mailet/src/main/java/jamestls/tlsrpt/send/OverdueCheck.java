package jamestls.tlsrpt.send;

import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyStore;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Finds overdue reports: not tried within an hour after they were due, or after the time of their next try. A report that waits for its
 * next try is not overdue, because the operator can't fix failures of destinations or their DNS.
 */
public final class OverdueCheck {

    private static final Duration TOLERANCE = Duration.ofHours(1);
    private static final int MAX = 1_000;

    private final TallyStore tallies;
    private final Function<TallyKey, Instant> dueAt;
    private final Clock clock;

    public OverdueCheck(TallyStore tallies, Function<TallyKey, Instant> dueAt, Clock clock) {
        this.tallies = tallies;
        this.dueAt = dueAt;
        this.clock = clock;
    }

    /** A sentence about overdue reports; empty if there are none. */
    public Optional<String> problem() {
        Instant now = clock.instant();
        try {
            Due neglected = new Due(Due.finishedDays(now).lastDay(), now, now.minus(TOLERANCE));
            List<TallyKey> overdue = tallies.claimable(neglected, Optional.empty(), MAX).stream()
                .filter(key -> dueAt.apply(key).plus(TOLERANCE).isBefore(now)).toList();
            return overdue.isEmpty() ? Optional.empty()
                : Optional.of((overdue.size() == 1 ? "1 report is" : (overdue.size() == MAX ? "at least " : "") + overdue.size()
                    + " reports are") + " overdue and not being sent, the oldest about " + overdue.getFirst().domain() + " on "
                    + overdue.getFirst().day() + "; the log of the servers that report says why");
        } catch (StorageOutage e) {
            return Optional.of("the store fails: " + e.getMessage());
        }
    }
}
