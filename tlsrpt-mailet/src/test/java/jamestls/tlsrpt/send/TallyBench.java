package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.REPORTER;

import com.sun.management.OperatingSystemMXBean;
import jamestls.bench.BenchReport;
import jamestls.bench.SelectedBenchmarks;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.PostgresServer;
import jamestls.fakeinternet.SettableClock;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.inbox.InboxBench;
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
import org.apache.james.metrics.tests.RecordingMetricFactory;

/**
 * Benchmark of counting sessions and sending reports, on SQLite and PostgreSQL: elapsed time, processor time of this process and load of
 * the machine; then {@link InboxBench}. Argument: the file of results. {@code -Ddomains=} recipient domains of the day (20000), ten
 * sessions each; {@code -Dseconds=} of constant load (10); {@code -Dstores=sqlite} leaves out PostgreSQL.
 */
final class TallyBench {

    private static final int DOMAINS = Integer.getInteger("domains", 20_000);
    private static final int SECONDS = Integer.getInteger("seconds", 10);
    private static final String STORES = System.getProperty("stores", "sqlite,postgresql");
    private static final int SESSIONS_PER_DOMAIN = 10;
    private static final int DELIVERIES = 256;
    private static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final int BUSY_DOMAINS = 1_000;

    private TallyBench() {
    }

    public static void main(String[] arguments) throws Exception {
        SelectedBenchmarks selected = SelectedBenchmarks.ofThisRun();
        BenchReport report = new BenchReport(Path.of(arguments[0]));
        if (selected.include("tlsrpt") && STORES.contains("sqlite")) {
            Path directory = Files.createTempDirectory("tally-bench-");
            Path file = directory.resolve("tlsreports.sqlite");
            report.section("sqlite", measure(new DatabaseAddress.SqliteFile(file), () -> Files.size(file)));
            delete(directory);
        }
        if (selected.include("tlsrpt") && STORES.contains("postgresql")) {
            try (PostgresServer server = PostgresServer.startOrSkip()) {
                report.section("postgresql (fsync off)", measure(new DatabaseAddress.PostgreSql(server.url(), "", ""), () -> 0L));
            }
        }
        if (selected.include("inbox")) {
            InboxBench.addTo(report);
        }
        System.exit(0);
    }

    private interface Size {
        long bytes() throws IOException;
    }

    private interface Work {
        void run() throws InterruptedException;
    }

    private static Map<String, Object> measure(DatabaseAddress address, Size size) throws Exception {
        Map<String, Object> results = new LinkedHashMap<>();
        SettableClock clock = new SettableClock(NOON);
        Stores stores = Stores.open(Optional.of(address), Clock.systemUTC());
        OutcomeJournal journal = new OutcomeJournal(stores.tallies(), new RecordingMetricFactory(), clock);
        flood(journal, "busy", BUSY_DOMAINS, 50_000);
        resetPeak();
        results.put("deliveriesAtOnce", DELIVERIES);
        results.put("busyDomains", timed(300_000, () -> flood(journal, "busy", BUSY_DOMAINS, 300_000)));
        results.put("addedMillisAt1000PerSecond", evenly(journal));
        long outcomes = (long) DOMAINS * SESSIONS_PER_DOMAIN;
        results.put("dayDomains", DOMAINS);
        results.put("day", timed(outcomes, () -> flood(journal, "domain", DOMAINS, outcomes)));
        results.put("lost", journal.state().dropped());
        journal.close();
        results.put("fileBytes", size.bytes());
        results.put("peakHeapBytesCounting", peakHeap());
        clock.set(DAY.plusDays(1).atTime(5, 0).toInstant(ZoneOffset.UTC));
        resetPeak();
        results.put("reports", report(stores, clock, DOMAINS + BUSY_DOMAINS));
        results.put("peakHeapBytesReporting", peakHeap());
        results.put("fileBytesReported", size.bytes());
        stores.close();
        return results;
    }

    private static Map<String, Object> report(Stores stores, Clock clock, int expected) throws InterruptedException {
        AtomicLong sent = new AtomicLong();
        ReportTransport.ByScheme nowhere = new ReportTransport.ByScheme((mail, to) -> new ReportTransport.Accepted(),
            (post, to) -> new ReportTransport.Accepted());
        RecordingMetricFactory metrics = new RecordingMetricFactory();
        ReportRun run = new ReportRun(ReportRun.Settings.plain(REPORTER, metrics, clock), stores.tallies(), stores.reports(),
            FakeDns.everyRua("v=TLSRPTv1;rua=mailto:r@reports.example"), nowhere, new ReportLog(metrics), clock);
        Map<String, Object> results = timed(expected, () -> run.run(Due.finishedDays(clock.instant()), key -> true,
            result -> sent.addAndGet(result instanceof ReportResult.Sent ? 1 : 0)));
        results.put("sent", sent.get());
        return results;
    }

    /** Time per item. Processor time is that of all threads of this process, including those of the compiler and the garbage collector. */
    private static Map<String, Object> timed(long number, Work work) throws InterruptedException {
        long cpu = SYSTEM.getProcessCpuTime();
        long begun = System.nanoTime();
        work.run();
        long taken = System.nanoTime() - begun;
        Map<String, Object> results = new LinkedHashMap<>();
        results.put("number", number);
        results.put("seconds", taken / 1_000_000 / 1_000.0);
        results.put("perSecond", number * 1_000_000_000L / Math.max(1, taken));
        results.put("cpuMicrosEach", (SYSTEM.getProcessCpuTime() - cpu) / number / 1_000.0);
        results.put("loadAverage", SYSTEM.getSystemLoadAverage());
        return results;
    }

    /** Many concurrent deliveries; each records its next outcome when the last one is committed. */
    private static void flood(OutcomeJournal journal, String name, int domains, long outcomes) {
        AtomicLong next = new AtomicLong();
        try (ExecutorService deliveries = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int delivery = 0; delivery < DELIVERIES; delivery++) {
                deliveries.execute(() -> {
                    for (long i = next.getAndIncrement(); i < outcomes; i = next.getAndIncrement()) {
                        journal.record(List.of(outcome(new DomainName(name + i % domains + ".example"), i)));
                    }
                });
            }
        }
    }

    private static Map<String, Object> evenly(OutcomeJournal journal) throws InterruptedException {
        int deliveries = SECONDS * 1_000;
        ConcurrentLinkedQueue<Long> taken = new ConcurrentLinkedQueue<>();
        CountDownLatch done = new CountDownLatch(deliveries);
        AtomicLong next = new AtomicLong();
        try (ScheduledExecutorService metronome = Executors.newSingleThreadScheduledExecutor()) {
            metronome.scheduleAtFixedRate(() -> Thread.startVirtualThread(() -> {
                long i = next.getAndIncrement();
                TlsOutcome outcome = outcome(new DomainName("busy" + i % BUSY_DOMAINS + ".example"), i);
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
            "max", millis(sorted[sorted.length - 1]), "loadAverage", SYSTEM.getSystemLoadAverage());
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

    private static void delete(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }
}
