package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.met;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SettableClock;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.store.MemoryTallyStore;
import jamestls.tlsrpt.store.TallyLimits;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.Test;

class OverdueCheckTest {

    private final SettableClock clock = new SettableClock(NOON);
    private final MemoryTallyStore tallies = new MemoryTallyStore(TallyLimits.DEFAULT);
    private final OverdueCheck late =
        new OverdueCheck(tallies, new ReportSchedule(Duration.ofMinutes(5), Duration.ofHours(4)), clock);

    @Test
    void dayThatIsOverAndNotReportedShouldBeLateAnHourAfterItsTime() {
        try (OutcomeJournal journal = new OutcomeJournal(tallies, new RecordingMetricFactory(), clock)) {
            journal.record(List.of(met(NOON)));
        }

        assertThat(late.trouble()).isEmpty();
        clock.set(Instant.parse("2026-03-02T00:10:00Z"));
        assertThat(late.trouble()).isEmpty();
        clock.set(Instant.parse("2026-03-02T05:05:01Z"));
        assertThat(late.trouble().orElseThrow()).contains("1 reports are late", "rcpt.example on 2026-03-01", "show --day 2026-03-01");
    }
}
