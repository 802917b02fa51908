package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.tallies;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.SettableClock;
import jamestls.rua.Rua;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.MemoryReportStore;
import jamestls.tlsrpt.store.MemoryTallyStore;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.Test;

/** A run that takes longer than a lease. */
class LongRunTest {

    private static final int PAGE = 1_000;

    private final SettableClock clock = new SettableClock(Instant.parse("2026-03-02T00:10:00Z"));
    private final MemoryTallyStore tallies = new MemoryTallyStore(TallyLimits.DEFAULT);
    private final Set<TallyKey> late = ConcurrentHashMap.newKeySet();
    private final Set<TallyKey> sent = ConcurrentHashMap.newKeySet();
    private final Set<TallyKey> takenAway = ConcurrentHashMap.newKeySet();

    @Test
    void leaseShouldStartWithTheClaimAndNotWithTheRun() {
        tallies.add(new WriteId("test", 1),
            tallies(IntStream.range(0, PAGE + 100).mapToObj(i -> DomainName.of("d" + i + ".example")).toList(), 1));
        RecordingMetricFactory metrics = new RecordingMetricFactory();
        ReportRun run = new ReportRun(ReportRun.Settings.plain(REPORTER, metrics, clock), tallies, new MemoryReportStore(10_000),
            FakeDns.everyRua("v=TLSRPTv1;rua=mailto:r@reports.example"), new ReportTransport.ByScheme(this::send, this::send),
            new ReportLog(metrics), clock);
        AtomicInteger asked = new AtomicInteger();
        run.run(Due.finishedDays(clock.instant()), key -> {
            if (asked.incrementAndGet() == PAGE + 1) {
                clock.advance(Duration.ofHours(1));
            }
            if (asked.get() > PAGE) {
                late.add(key);
            }
            return true;
        }, result -> { });

        assertThat(sent).containsAll(late);
        assertThat(takenAway).isEmpty();
    }

    /** Tries to claim the report for another server while it is being sent. */
    private ReportTransport.Handover send(ReportFile file, Rua destination) {
        TallyKey key = file.report().tally().key();
        sent.add(key);
        if (late.contains(key) && tallies.claim(key, Due.finishedDays(clock.instant())).isPresent()) {
            takenAway.add(key);
        }
        return new ReportTransport.Accepted();
    }
}
