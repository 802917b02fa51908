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

/** Looks for days that are over and should have been reported by now. */
public final class OverdueCheck {

    /** What is postponed because a destination refuses is late after that. */
    private static final Duration PATIENCE = Duration.ofHours(1);
    private static final int MAX = 1_000;

    private final TallyStore tallies;
    private final ReportSchedule schedule;
    private final Clock clock;

    public OverdueCheck(TallyStore tallies, ReportSchedule schedule, Clock clock) {
        this.tallies = tallies;
        this.schedule = schedule;
        this.clock = clock;
    }

    /** What is late, in one sentence; empty if nothing is. */
    public Optional<String> trouble() {
        Instant now = clock.instant();
        try {
            Due due = new Due(Due.finishedDays(now).lastDay(), now, Due.everything(now).postponedUntil());
            List<TallyKey> late = tallies.present(due, Optional.empty(), MAX).stream()
                .filter(key -> schedule.dueAt(key).plus(PATIENCE).isBefore(now)).toList();
            return late.isEmpty() ? Optional.empty()
                : Optional.of((late.size() == MAX ? "at least " : "") + late.size() + " reports are late, the oldest about "
                    + late.getFirst().domain() + " on " + late.getFirst().day() + "; 'show --day " + late.getFirst().day() + "' says why");
        } catch (StorageOutage e) {
            return Optional.of("the store fails: " + e.getMessage());
        }
    }
}
