package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.met;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SettableClock;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.store.Claim;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.MemoryTallyStore;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.Test;

class OverdueCheckTest {

    private final SettableClock clock = new SettableClock(NOON);
    private final MemoryTallyStore tallies = new MemoryTallyStore(TallyLimits.DEFAULT);
    private final OverdueCheck check =
        new OverdueCheck(tallies, key -> key.endOfDay().plus(Duration.ofHours(4)), clock);

    @Test
    void unreportedDayShouldBeOverdueAnHourAfterItsDueTime() {
        try (OutcomeJournal journal = new OutcomeJournal(tallies, new RecordingMetricFactory(), clock)) {
            journal.record(List.of(met(NOON)));
        }

        assertThat(check.problem()).isEmpty();
        clock.set(Instant.parse("2026-03-02T00:10:00Z"));
        assertThat(check.problem()).isEmpty();
        clock.set(Instant.parse("2026-03-02T05:05:01Z"));
        assertThat(check.problem().orElseThrow()).contains("1 report is overdue", "rcpt.example on 2026-03-01");
    }

    @Test
    void postponedReportShouldBeOverdueOnlyAnHourAfterItsRetryTime() {
        try (OutcomeJournal journal = new OutcomeJournal(tallies, new RecordingMetricFactory(), clock)) {
            journal.record(List.of(met(NOON)));
        }
        clock.set(Instant.parse("2026-03-02T05:05:01Z"));
        Claim claim = tallies.claim(new TallyKey(DAY, RCPT), Due.finishedDays(clock.instant())).orElseThrow();
        Instant next = clock.instant().plus(Duration.ofHours(4));
        tallies.postpone(claim, next);

        clock.set(next.plus(Duration.ofMinutes(59)));
        assertThat(check.problem()).isEmpty();
        clock.set(next.plus(Duration.ofMinutes(61)));
        assertThat(check.problem()).isPresent();
    }
}
