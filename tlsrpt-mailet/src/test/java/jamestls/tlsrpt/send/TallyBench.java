package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.REPORTER;

import jamestls.bench.BenchReport;
import jamestls.fakeinternet.PostgresServer;
import jamestls.mtasts.dns.DomainName;
import jamestls.mtasts.outcome.AppliedPolicy;
import jamestls.mtasts.outcome.Peer;
import jamestls.mtasts.outcome.PolicyType;
import jamestls.mtasts.outcome.PolicyVerdict;
import jamestls.mtasts.outcome.ResultType;
import jamestls.mtasts.outcome.TlsOutcome;
import jamestls.mtasts.outcome.Violation;
import jamestls.mtasts.storage.DatabaseAddress;
import jamestls.tlsrpt.SettableClock;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.Stores;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.apache.james.metrics.tests.RecordingMetricFactory;

/**
 * How fast sessions are counted and reports sent, on SQLite and PostgreSQL. Argument: the file of results. Size:
 * {@code -Ddomains=} recipient domains of the day (20000), ten sessions each; {@code -Dseconds=} of even load (10).
 */
final class TallyBench {

    private static final int DOMAINS = Integer.getInteger("domains", 20_000);
    private static final int SECONDS = Integer.getInteger("seconds", 10);
    private static final int SESSIONS_PER_DOMAIN = 10;
    private static final int DELIVERIES = 256;
    private static final int BUSY_DOMAINS = 1_000;

    private TallyBench() {
    }

    public static void main(String[] arguments) throws Exception {
        BenchReport report = new BenchReport(Path.of(arguments[0]));
        Path directory = Files.createTempDirectory("tally-bench-");
        Path file = directory.resolve("tlsreports.sqlite");
        report.section("sqlite", measure(new DatabaseAddress.SqliteFile(file), () -> size(file)));
        delete(directory);
        try (PostgresServer server = PostgresServer.startOrSkip()) {
            report.section("postgresql (fsync off)", measure(new DatabaseAddress.PostgreSql(server.url(), "", ""), () -> 0L));
        }
        System.exit(0);
    }

    private interface Size {
        long bytes() throws IOException;
    }

    private static Map<String, Object> measure(DatabaseAddress address, Size size) throws Exception {
        Map<String, Object> results = new LinkedHashMap<>();
        SettableClock clock = new SettableClock(NOON);
        Stores stores = Stores.open(Optional.of(address), Clock.systemUTC());
        OutcomeJournal journal = new OutcomeJournal(stores.tallies(), new RecordingMetricFactory(), clock);
        flood(journal, BUSY_DOMAINS, 20_000);
        resetPeak();
        results.put("deliveriesAtOnce", DELIVERIES);
        results.put("committedPerSecond", flood(journal, BUSY_DOMAINS, 300_000));
        results.put("addedMillisAt1000PerSecond", evenly(journal));
        List<DomainName> domains = IntStream.range(0, DOMAINS).mapToObj(i -> DomainName.of("domain" + i + ".example")).toList();
        long begun = System.nanoTime();
        flood(journal, domains, (long) DOMAINS * SESSIONS_PER_DOMAIN);
        results.put("dayDomains", DOMAINS);
        results.put("dayOutcomes", (long) DOMAINS * SESSIONS_PER_DOMAIN);
        results.put("dayOutcomesPerSecond", perSecond((long) DOMAINS * SESSIONS_PER_DOMAIN, begun));
        results.put("lost", journal.state().dropped());
        journal.close();
        results.put("fileBytes", size.bytes());
        clock.set(DAY.plusDays(1).atTime(5, 0).toInstant(ZoneOffset.UTC));
        report(stores, clock, results);
        results.put("peakHeapBytes", peakHeap());
        stores.close();
        return results;
    }

    private static void report(Stores stores, Clock clock, Map<String, Object> results) {
        AtomicLong sent = new AtomicLong();
        Transports nowhere = new Transports((mail, to) -> new ReportTransport.Accepted(), (post, to) -> new ReportTransport.Accepted());
        RecordingMetricFactory metrics = new RecordingMetricFactory();
        ReportRun run = new ReportRun(ReportSettings.plain(REPORTER, metrics, clock), stores.tallies(), stores.reports(),
            new RuaEverywhere(), nowhere, new ReportLog(metrics), clock);
        long begun = System.nanoTime();
        run.run(Due.finishedDays(clock.instant()), key -> true, result -> sent.addAndGet(result instanceof ReportResult.Sent ? 1 : 0));
        results.put("reports", sent.get());
        results.put("reportsPerSecond", perSecond(sent.get(), begun));
    }

    private static long flood(OutcomeJournal journal, int domains, long outcomes) throws InterruptedException {
        return flood(journal, IntStream.range(0, domains).mapToObj(i -> DomainName.of("busy" + i + ".example")).toList(), outcomes);
    }

    /** Many deliveries at once, each going on when its outcomes are committed. @return outcomes per second */
    private static long flood(OutcomeJournal journal, List<DomainName> domains, long outcomes) throws InterruptedException {
        AtomicLong next = new AtomicLong();
        long begun = System.nanoTime();
        try (ExecutorService deliveries = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int delivery = 0; delivery < DELIVERIES; delivery++) {
                deliveries.execute(() -> {
                    for (long i = next.getAndIncrement(); i < outcomes; i = next.getAndIncrement()) {
                        journal.record(List.of(outcome(domains.get((int) (i % domains.size())), i)));
                    }
                });
            }
        }
        return perSecond(outcomes, begun);
    }

    private static Map<String, Double> evenly(OutcomeJournal journal) throws InterruptedException {
        int deliveries = SECONDS * 1_000;
        ConcurrentLinkedQueue<Long> taken = new ConcurrentLinkedQueue<>();
        CountDownLatch done = new CountDownLatch(deliveries);
        List<DomainName> domains = IntStream.range(0, BUSY_DOMAINS).mapToObj(i -> DomainName.of("busy" + i + ".example")).toList();
        AtomicLong next = new AtomicLong();
        try (ScheduledExecutorService metronome = Executors.newSingleThreadScheduledExecutor()) {
            metronome.scheduleAtFixedRate(() -> Thread.startVirtualThread(() -> {
                long i = next.getAndIncrement();
                TlsOutcome outcome = outcome(domains.get((int) (i % BUSY_DOMAINS)), i);
                long begun = System.nanoTime();
                journal.record(List.of(outcome));
                taken.add(System.nanoTime() - begun);
                done.countDown();
            }), 0, 1, TimeUnit.MILLISECONDS);
            done.await();
            metronome.shutdownNow();
        }
        long[] sorted = taken.stream().mapToLong(Long::longValue).sorted().toArray();
        return Map.of("median", millis(sorted[sorted.length / 2]), "p99", millis(sorted[(int) (sorted.length * 0.99)]),
            "max", millis(sorted[sorted.length - 1]));
    }

    /** One in twenty fails; one in three domains has an STS policy. */
    private static TlsOutcome outcome(DomainName domain, long i) {
        AppliedPolicy policy = domain.ascii().hashCode() % 3 == 0
            ? new AppliedPolicy(PolicyType.STS, domain, List.of("version: STSv1", "mode: enforce", "mx: *." + domain, "max_age: 604800"),
                List.of("*." + domain))
            : AppliedPolicy.none(domain);
        Peer peer = Peer.named(DomainName.of("mx." + domain));
        return new TlsOutcome(NOON, domain, peer, List.of(i % 20 == 0
            ? new PolicyVerdict.Violated(policy, List.of(new Violation(ResultType.CERTIFICATE_EXPIRED, "")))
            : new PolicyVerdict.Met(policy)));
    }

    private static long perSecond(long number, long begun) {
        return number * 1_000_000_000L / Math.max(1, System.nanoTime() - begun);
    }

    private static double millis(long nanos) {
        return Duration.ofNanos(nanos).toNanos() / 10_000 / 100.0;
    }

    private static List<MemoryPoolMXBean> heap() {
        return ManagementFactory.getMemoryPoolMXBeans().stream().filter(pool -> pool.getType() == MemoryType.HEAP).toList();
    }

    private static void resetPeak() {
        heap().forEach(MemoryPoolMXBean::resetPeakUsage);
    }

    private static long peakHeap() {
        return heap().stream().mapToLong(pool -> pool.getPeakUsage().getUsed()).sum();
    }

    private static long size(Path file) throws IOException {
        return Files.size(file);
    }

    private static void delete(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
