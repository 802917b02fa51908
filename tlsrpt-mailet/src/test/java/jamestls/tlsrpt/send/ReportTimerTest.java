package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.met;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.SettableClock;
import jamestls.rua.Rua;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.MemoryReportStore;
import jamestls.tlsrpt.store.MemoryTallyStore;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReportTimerTest {

    private static final Instant MIDNIGHT = Instant.parse("2026-03-02T00:00:00Z");
    private static final TallyKey KEY = new TallyKey(DAY, RCPT);

    private final RecordingMetricFactory metrics = new RecordingMetricFactory();
    private final SettableClock clock = new SettableClock(NOON);
    private final FakeDns dns = FakeDns.answeringOnly(FakeDns.Question.TXT).rua(RCPT, "v=TLSRPTv1;rua=mailto:r@rcpt.example");
    private final Outbox outbox = new Outbox();
    private final MemoryTallyStore tallies = new MemoryTallyStore(TallyLimits.DEFAULT);
    private final OutcomeJournal journal = new OutcomeJournal(tallies, metrics, clock);
    private static final DomainName SUBMITTER = DomainName.of("sender.example");

    private final ReportSchedule schedule = new ReportSchedule(Duration.ofMinutes(5), Duration.ofHours(4));
    private final ReportTimer timer = timer(outbox.transports(), Duration.ofMillis(20));

    @AfterEach
    void close() {
        journal.close();
    }

    @Test
    void reportShouldNotBeSentBeforeItIsDue() {
        journal.record(List.of(met(NOON)));
        Instant due = dueAt(KEY);

        assertThat(tick()).isEmpty();
        clock.set(due.minusMillis(1));
        assertThat(tick()).isEmpty();
        clock.set(due);
        assertThat(tick()).hasSize(1);
        assertThat(tick()).isEmpty();
    }

    @Test
    void reportsShouldBeSpreadOverTheWindow() {
        List<Instant> due = IntStream.range(0, 1_000)
            .mapToObj(i -> dueAt(new TallyKey(DAY, DomainName.of("d" + i + ".example")))).toList();
        Instant first = MIDNIGHT.plus(Duration.ofMinutes(5));

        assertThat(due).allSatisfy(at -> assertThat(at).isBetween(first, first.plus(Duration.ofHours(4))));
        for (int quarter = 0; quarter < 4; quarter++) {
            Instant from = first.plus(Duration.ofHours(quarter));
            assertThat(due).filteredOn(at -> !at.isBefore(from) && at.isBefore(from.plus(Duration.ofHours(1)))).hasSizeBetween(150, 350);
        }
    }

    @Test
    void reportsOfAllInstallationsAboutOneDomainShouldBeSpreadOverTheWindow() {
        List<Instant> bySecret = IntStream.range(0, 1_000)
            .mapToObj(i -> schedule.dueAt(KEY, SUBMITTER, ByteBuffer.allocate(32).putInt(i).array())).toList();
        List<Instant> bySubmitter = IntStream.range(0, 1_000)
            .mapToObj(i -> schedule.dueAt(KEY, DomainName.of("sender" + i + ".example"), new byte[32])).toList();
        Instant first = MIDNIGHT.plus(Duration.ofMinutes(5));

        for (List<Instant> due : List.of(bySecret, bySubmitter)) {
            Map<Long, Long> perSixteenth = due.stream()
                .collect(Collectors.groupingBy(at -> Duration.between(first, at).toMinutes() / 15, Collectors.counting()));
            assertThat(perSixteenth).hasSize(16);
            // 62.5 each; a uniform spread leaves these bounds once in some hundred thousand
            assertThat(perSixteenth.values()).allSatisfy(n -> assertThat(n).isBetween(30L, 100L));
        }
    }

    @Test
    void offsetShouldFollowFromDomainDaySubmitterAndSecret() {
        ReportSchedule same = new ReportSchedule(Duration.ofMinutes(5), Duration.ofHours(4));

        assertThat(dueAt(KEY)).isEqualTo(same.dueAt(KEY, SUBMITTER, new byte[32]));
        assertThat(dueAt(new TallyKey(DAY.plusDays(1), RCPT)).minus(Duration.ofDays(1))).isNotEqualTo(dueAt(KEY));
    }

    @Test
    void reportThatIsDueAtStartShouldBeSentWhenJamesAcceptsMail() {
        journal.record(List.of(met(NOON)));
        clock.set(MIDNIGHT.plus(Duration.ofHours(5)));
        CountDownLatch asked = new CountDownLatch(3);
        AtomicBoolean up = new AtomicBoolean();
        ReportTimer starting = new ReportTimer(run(outbox.transports()), this::dueAt, () -> { }, () -> {
            asked.countDown();
            return up.get();
        }, clock, Duration.ofMillis(20));
        starting.start();
        try {
            await().until(() -> asked.getCount() == 0);
            assertThat(outbox.reports()).isEmpty();

            up.set(true);
            await().untilAsserted(() -> assertThat(outbox.reports()).hasSize(1));
        } finally {
            starting.stop(Duration.ofSeconds(30));
        }
    }

    @Test
    void timerShouldNotWaitForeverForJames() {
        journal.record(List.of(met(NOON)));
        clock.set(MIDNIGHT.plus(Duration.ofHours(5)));
        ReportTimer impatient = new ReportTimer(run(outbox.transports()), this::dueAt, () -> { }, () -> false, clock,
            Duration.ofMillis(20), Duration.ofMillis(100));
        impatient.start();
        try {
            await().untilAsserted(() -> assertThat(outbox.reports()).hasSize(1));
        } finally {
            impatient.stop(Duration.ofSeconds(30));
        }
    }

    @Test
    void timerShouldStopWhileItWaitsForJames() {
        ReportTimer waiting = new ReportTimer(run(outbox.transports()), this::dueAt, () -> { }, () -> false, clock, Duration.ofMinutes(10));
        waiting.start();
        long begun = System.nanoTime();
        waiting.stop(Duration.ofSeconds(60));

        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(30));
    }

    @Test
    void timerShouldContinueWhateverIsThrown() {
        CountDownLatch looks = new CountDownLatch(3);
        ReportTimer failing = new ReportTimer(run(outbox.transports()), key -> MIDNIGHT, () -> {
            looks.countDown();
            throw new NoClassDefFoundError("descriptors used up");
        }, () -> true, clock, Duration.ofMillis(1));
        failing.start();
        try {
            await().until(() -> looks.getCount() == 0);
        } finally {
            failing.stop(Duration.ofSeconds(30));
        }
    }

    @Test
    void missedDaysShouldBeReportedLater() {
        journal.record(List.of(met(NOON), met(NOON.plus(Duration.ofDays(1)))));
        clock.set(NOON.plus(Duration.ofDays(2)));

        assertThat(tick()).hasSize(2).allSatisfy(result -> assertThat(result).isInstanceOf(ReportResult.Sent.class));
    }

    @Test
    void clockSetBackShouldNeitherRepeatNorStopReports() {
        journal.record(List.of(met(NOON)));
        clock.set(MIDNIGHT.plus(Duration.ofHours(5)));
        tick();
        clock.set(NOON);
        assertThat(tick()).isEmpty();
        journal.record(List.of(met(NOON.plusSeconds(1))));
        clock.set(MIDNIGHT.plus(Duration.ofHours(5)));

        assertThat(tick()).hasSize(1);
        assertThat(outbox.reports()).hasSize(2);
    }

    @Test
    void postponedReportShouldWaitLongerEachTime() {
        dns.answer(FakeDns.Question.TXT, RCPT.child("_smtp._tls"), new DnsAnswer.Failed<>("SERVFAIL"));
        journal.record(List.of(met(NOON)));
        clock.set(MIDNIGHT.plus(Duration.ofHours(5)));

        assertThat(tick()).hasSize(1);
        clock.advance(Duration.ofMinutes(4));
        assertThat(tick()).isEmpty();
        clock.advance(Duration.ofMinutes(1));
        assertThat(tick()).hasSize(1);
        clock.advance(Duration.ofMinutes(9));
        assertThat(tick()).isEmpty();
        clock.advance(Duration.ofMinutes(1));
        assertThat(tick()).hasSize(1);
    }

    @Test
    void startedTimerShouldRunUntilStopped() {
        journal.record(List.of(met(NOON)));
        timer.start();
        try {
            clock.set(MIDNIGHT.plus(Duration.ofHours(5)));
            await().until(() -> outbox.reports().size() == 1);
        } finally {
            timer.stop(Duration.ofSeconds(30));
        }
        journal.record(List.of(met(NOON)));
        assertThat(tallies.claimable(Due.everything(clock.instant()), Optional.empty(), 10)).hasSize(1);
    }

    @Test
    void stopShouldInterruptARunAndKeepItsCounts() {
        CountDownLatch sending = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        ReportTransport<Rua.Mailto> stuck = (file, to) -> {
            sending.countDown();
            try {
                never.await();
                return new ReportTransport.Accepted();
            } catch (InterruptedException e) {
                return new ReportTransport.Failed("interrupted");
            }
        };
        journal.record(List.of(met(NOON)));
        clock.set(MIDNIGHT.plus(Duration.ofHours(5)));
        ReportTimer stuckTimer = timer(new ReportTransport.ByScheme(stuck, (file, to) -> new ReportTransport.Accepted()),
            Duration.ofMillis(20));
        stuckTimer.start();
        await().until(() -> sending.getCount() == 0);
        stuckTimer.stop(Duration.ofSeconds(30));

        assertThat(tallies.claimable(Due.everything(clock.instant()), Optional.empty(), 10)).containsExactly(KEY);
    }

    private List<ReportResult> tick() {
        List<ReportResult> results = new ArrayList<>();
        timer.tick(results::add);
        return results;
    }

    private Instant dueAt(TallyKey key) {
        return schedule.dueAt(key, SUBMITTER, new byte[32]);
    }

    private ReportTimer timer(ReportTransport.ByScheme transports, Duration pause) {
        return new ReportTimer(run(transports), this::dueAt, () -> { }, () -> true, clock, pause);
    }

    private ReportRun run(ReportTransport.ByScheme transports) {
        return new ReportRun(ReportRun.Settings.plain(REPORTER, metrics, clock), tallies, new MemoryReportStore(10),
            dns, transports, new ReportLog(metrics), clock);
    }
}
