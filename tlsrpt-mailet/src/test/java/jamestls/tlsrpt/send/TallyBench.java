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
import jamestls.fakeinternet.PostgresServer.Durability;
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
import jamestls.tlsrpt.store.TallyLimits;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
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
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.apache.james.metrics.tests.RecordingMetricFactory;

/**
 * Benchmark of counting sessions and sending reports, on SQLite, and on two PostgreSQL servers in turns, with fsync off and on: elapsed
 * time, processor time of this process and load of the machine; then {@link InboxBench}. Argument: the file of results.
 * {@code -Ddomains=} recipient domains of the day (20000), {@code -Dsessions=} sessions of each (10), {@code -Ddeliveries=} at once (256);
 * {@code -Dseconds=} of constant load (10); {@code -Drounds=} on the two PostgreSQL servers (3); {@code -Dstores=sqlite} leaves out
 * PostgreSQL. {@code -Ddays=1000,10000} measures whole days of so many domains on SQLite instead, each in a new file ({@link DayFigure}).
 */
final class TallyBench {

    private static final int DOMAINS = Integer.getInteger("domains", 20_000);
    private static final int SESSIONS_PER_DOMAIN = Integer.getInteger("sessions", 10);
    private static final int SECONDS = Integer.getInteger("seconds", 10);
    private static final int ROUNDS = Integer.getInteger("rounds", 3);
    private static final String STORES = System.getProperty("stores", "sqlite,postgresql");
    private static final String DAYS = System.getProperty("days", "");
    private static final int DELIVERIES = Integer.getInteger("deliveries", 256);
    private static final OperatingSystemMXBean SYSTEM = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final int BUSY_DOMAINS = 1_000;
    private static final int BUSY_OUTCOMES = Integer.getInteger("outcomes", 300_000);
    private static final int WARM_UP = 20_000;
    /** The name of the day by which the others are not disturbed by the compiler. */
    static final String NOT_REPORTED = "warm-up";
    /** Every delivery waits for its commit, however busy the machine is. */
    private static final Duration ALWAYS = Duration.ofMinutes(5);

    private final Stores stores;
    private final SettableClock clock = new SettableClock(NOON);
    private final OutcomeJournal journal;
    private final Map<String, Object> results = new LinkedHashMap<>();

    private TallyBench(DatabaseAddress address) {
        stores = Stores.open(Optional.of(address), Clock.systemUTC());
        journal = new OutcomeJournal(stores.tallies(), TallyLimits.DEFAULT, new RecordingMetricFactory(), clock, ALWAYS);
    }

    public static void main(String[] arguments) throws Exception {
        SelectedBenchmarks selected = SelectedBenchmarks.ofThisRun();
        BenchReport report = new BenchReport(Path.of(arguments[0]));
        if (!DAYS.isBlank()) {
            days(report);
            DayFigure.draw(Path.of(arguments[0]), Path.of(arguments[0]).resolveSibling("days.svg"));
            System.exit(0);
        }
        if (selected.include("tlsrpt") && STORES.contains("sqlite")) {
            report.section("sqlite", onSqlite());
        }
        if (selected.include("tlsrpt") && STORES.contains("postgresql")) {
            onPostgres(report);
        }
        if (selected.include("inbox")) {
            InboxBench.addTo(report);
        }
        System.exit(0);
    }

    private interface Work {
        void run() throws InterruptedException;
    }

    private static Map<String, Object> onSqlite() throws Exception {
        Path directory = Files.createTempDirectory("tally-bench-");
        Path file = directory.resolve("tlsreports.sqlite");
        TallyBench bench = new TallyBench(new DatabaseAddress.SqliteFile(file));
        flood(bench.journal, "busy", BUSY_DOMAINS, WARM_UP);
        resetPeak();
        bench.results.put("deliveriesAtOnce", DELIVERIES);
        bench.results.put("busyDomains", timed(BUSY_OUTCOMES, () -> flood(bench.journal, "busy", BUSY_DOMAINS, BUSY_OUTCOMES)));
        bench.results.put("addedMillisAt1000PerSecond", evenly(bench.journal));
        bench.day(DOMAINS, DOMAINS + BUSY_DOMAINS, file);
        delete(directory);
        return bench.results;
    }

    /** Days of different sizes, after a short one that is not reported. */
    private static void days(BenchReport report) throws Exception {
        Map<String, Object> days = new LinkedHashMap<>();
        List<Integer> sizes = Stream.of(DAYS.split(",")).map(Integer::valueOf).toList();
        for (int size : Stream.concat(Stream.of(WARM_UP), sizes.stream()).toList()) {
            Path directory = Files.createTempDirectory("tally-bench-");
            Path file = directory.resolve("tlsreports.sqlite");
            TallyBench bench = new TallyBench(new DatabaseAddress.SqliteFile(file));
            bench.results.put("maxHeapBytes", Runtime.getRuntime().maxMemory());
            bench.results.put("sessionsPerDomain", SESSIONS_PER_DOMAIN);
            resetPeak();
            bench.day(size, size, file);
            delete(directory);
            days.put(days.isEmpty() ? NOT_REPORTED : Integer.toString(size), bench.results);
            report.section("days", days);
        }
    }

    /** Counts a day, and reports everything that was counted. */
    private void day(int domains, int reports, Path file) throws Exception {
        long outcomes = (long) domains * SESSIONS_PER_DOMAIN;
        results.put("dayDomains", domains);
        results.put("day", timed(outcomes, () -> flood(journal, "domain", domains, outcomes)));
        results.put("lost", journal.state().dropped());
        journal.close();
        results.put("fileBytes", Files.size(file));
        results.put("peakHeapBytesCounting", peakHeap());
        resetPeak();
        results.put("reports", report(reports));
        results.put("peakHeapBytesReporting", peakHeap());
        results.put("fileBytesReported", Files.size(file));
        stores.close();
    }

    private static void onPostgres(BenchReport report) throws Exception {
        try (PostgresServer off = PostgresServer.startOrSkip(); PostgresServer on = PostgresServer.startOrSkip(Durability.FSYNC)) {
            Map<PostgresServer, TallyBench> benches = new LinkedHashMap<>();
            for (PostgresServer server : List.of(off, on)) {
                benches.put(server, new TallyBench(new DatabaseAddress.PostgreSql(server.url(), "", "")));
                flood(benches.get(server).journal, "busy", BUSY_DOMAINS, WARM_UP);
            }
            inTurns(benches, "busyDomains", round -> "busy", BUSY_DOMAINS, BUSY_OUTCOMES);
            inTurns(benches, "day", round -> "domain" + round + "-", DOMAINS, (long) DOMAINS * SESSIONS_PER_DOMAIN);
            for (TallyBench bench : benches.values()) {
                bench.results.put("addedMillisAt1000PerSecond", evenly(bench.journal));
                bench.results.put("lost", bench.journal.state().dropped());
                bench.journal.close();
                bench.results.put("reports", bench.report(ROUNDS * DOMAINS + BUSY_DOMAINS));
                bench.stores.close();
            }
            report.section("postgresql (fsync off)", benches.get(off).results);
            report.section("postgresql", benches.get(on).results);
        }
    }

    /** The median of the rounds for each server. */
    private static void inTurns(Map<PostgresServer, TallyBench> benches, String what, IntFunction<String> name, int domains, long outcomes)
        throws InterruptedException {
        Map<PostgresServer, List<Map<String, Object>>> measured = new LinkedHashMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            String prefix = name.apply(round);
            for (Map.Entry<PostgresServer, TallyBench> each : benches.entrySet()) {
                Duration before = each.getKey().cpu();
                Map<String, Object> one = timed(outcomes, () -> flood(each.getValue().journal, prefix, domains, outcomes));
                one.put("postgresCpuMicrosEach", each.getKey().cpu().minus(before).toNanos() / outcomes / 1_000.0);
                measured.computeIfAbsent(each.getKey(), server -> new ArrayList<>()).add(one);
            }
        }
        measured.forEach((server, rounds) -> {
            rounds.sort(Comparator.comparing(one -> (Long) one.get("perSecond")));
            rounds.get(ROUNDS / 2).put("rounds", rounds.stream().map(one -> one.get("perSecond")).toList());
            benches.get(server).results.put(what, rounds.get(ROUNDS / 2));
        });
    }

    private Map<String, Object> report(int expected) throws InterruptedException {
        clock.set(DAY.plusDays(1).atTime(5, 0).toInstant(ZoneOffset.UTC));
        AtomicLong sent = new AtomicLong();
        ReportTransport.ByScheme nowhere = new ReportTransport.ByScheme((mail, to) -> new ReportTransport.Accepted(),
            (post, to) -> new ReportTransport.Accepted());
        RecordingMetricFactory metrics = new RecordingMetricFactory();
        ReportRun run = new ReportRun(ReportRun.Settings.plain(REPORTER, metrics, clock), stores.tallies(), stores.reports(),
            FakeDns.everyRua("v=TLSRPTv1;rua=mailto:r@reports.example"), nowhere, new ReportLog(metrics), clock);
        Map<String, Object> measured = timed(expected, () -> run.run(Due.finishedDays(clock.instant()), key -> true,
            result -> sent.addAndGet(result instanceof ReportResult.Sent ? 1 : 0)));
        measured.put("sent", sent.get());
        return measured;
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
