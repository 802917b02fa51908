package jamestls.mtasts.sts;

import jamestls.bench.BenchReport;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsServer;
import jamestls.https.HttpsFault;
import jamestls.https.HttpsRequest;
import jamestls.https.HttpsResult;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** MTA-STS: warm decision and parser (JMH), a thousand cold domains, a hundred thousand policies. */
public final class StsBench {

    private static final Duration RTT = Duration.ofMillis(20);
    /** TCP, TLS 1.3, request and answer. */
    private static final int ROUND_TRIPS_OF_A_FETCH = 3;
    private static final int COLD_DOMAINS = 1_000;
    private static final int MANY = 100_000;
    private static final int STARTS = 5;
    private static final int ROUNDS = 12;
    private static final int OPERATIONS = 100_000;
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

    private StsBench() {
    }

    /** @param args the file for the results */
    public static void main(String... args) throws IOException, RunnerException {
        BenchReport report = new BenchReport(Path.of(args[0]));
        Options options = new OptionsBuilder().include(StsBenchmarks.class.getName()).addProfiler(GCProfiler.class).build();
        for (RunResult run : new Runner(options).run()) {
            report.section(run.getPrimaryResult().getLabel(), Map.of(
                "nanos", round(run.getPrimaryResult().getScore()), "error", round(run.getPrimaryResult().getScoreError()),
                "bytes", round(run.getSecondaryResults().get("gc.alloc.rate.norm").getScore()), "load", load()));
        }
        report.section("processorTime", processorTime());
        report.section("coldDomains", cold());
        report.section("heap", heap());
        report.section("start", start());
        System.out.println(Files.readString(Path.of(args[0])));
    }

    /** The same two in time of the thread alone: on a machine that has other things to do, the clock on the wall says little. */
    private static Map<String, Object> processorTime() {
        StsBenchmarks benchmarks = new StsBenchmarks();
        benchmarks.know();
        try {
            return Map.of("warmDecisionNanos", processorNanos(benchmarks::warmDecision),
                "parseOfThreeMxNanos", processorNanos(() -> benchmarks.parseOfThreeMx() instanceof ParsedPolicy.Valid), "load", load());
        } finally {
            benchmarks.close();
        }
    }

    /** Best of some rounds, the first of which are the compiler's. */
    private static double processorNanos(BooleanSupplier work) {
        double best = Double.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long begun = CPU.getCurrentThreadCpuTime();
            for (int i = 0; i < OPERATIONS; i++) {
                if (!work.getAsBoolean()) {
                    throw new IllegalStateException("no policy");
                }
            }
            best = Math.min(best, (CPU.getCurrentThreadCpuTime() - begun) / (double) OPERATIONS);
        }
        return round(best);
    }

    /**
     * DNS is real, with its answers delayed by the round trip; instead of TLS, which would measure two processors doing both
     * sides of it, a fetch looks up the policy host's address and waits for three round trips.
     */
    private static Map<String, Object> cold() {
        try (DnsServer server = DnsServer.start()) {
            // whatever is said before, the compiler has had its time
            resolveAll(server, "warm", COLD_DOMAINS);
            server.faults().latency(RTT);
            List<Double> single = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                single.addAll(resolveAll(server, "single" + i + "x", 1));
            }
            long begun = System.nanoTime();
            List<Double> each = resolveAll(server, "many", COLD_DOMAINS);
            double total = (System.nanoTime() - begun) / 1e6;
            int parallel = DnsSettings.of(List.of(server.address())).concurrentQueries();
            // one query for TXT, one each for A and AAAA
            double queryRounds = Math.ceil(COLD_DOMAINS * 3.0 / parallel);
            Map<String, Object> results = new LinkedHashMap<>();
            results.put("domains", COLD_DOMAINS);
            results.put("rttMillis", RTT.toMillis());
            results.put("dnsQueriesAtATime", parallel);
            Collections.sort(single);
            results.put("singleDomainMillis", Map.of("median", round(single.get(single.size() / 2)), "slowest", round(single.getLast())));
            results.put("totalMillis", round(total));
            results.put("slowestOfAllMillis", round(Collections.max(each)));
            results.put("leastPossibleMillis", round(queryRounds * RTT.toMillis() + ROUND_TRIPS_OF_A_FETCH * RTT.toMillis()));
            results.put("load", load());
            return results;
        }
    }

    /** Milliseconds of each domain's look-up, in order of size. */
    private static List<Double> resolveAll(DnsServer server, String prefix, int count) {
        for (int i = 0; i < count; i++) {
            server.zone().txt("_mta-sts." + prefix + i + ".example", "v=STSv1; id=1").a("mta-sts." + prefix + i + ".example", "127.0.0.1");
        }
        DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(server.address())));
        AtomicInteger fetches = new AtomicInteger();
        StsPolicies policies = policies(dns, request -> {
            fetches.incrementAndGet();
            return fetched(dns, request);
        });
        List<Double> millis = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            DomainName domain = DomainName.of(prefix + i + ".example");
            threads.add(Thread.ofVirtual().start(() -> {
                long begun = System.nanoTime();
                if (policies.lookup(domain) instanceof StsLookup.Found) {
                    millis.add((System.nanoTime() - begun) / 1e6);
                }
            }));
        }
        threads.forEach(StsBench::join);
        if (millis.size() != count || fetches.get() != count) {
            throw new IllegalStateException(millis.size() + " found with " + fetches + " fetches");
        }
        return millis.stream().sorted().toList();
    }

    private static HttpsResult fetched(DnsjavaDns dns, HttpsRequest request) {
        if (!(dns.addresses(DomainName.of(request.uri().getHost())) instanceof DnsAnswer.Found<?>)) {
            return new HttpsResult.Failure(HttpsFault.ADDRESS_LOOKUP, "none");
        }
        long end = System.nanoTime() + RTT.multipliedBy(ROUND_TRIPS_OF_A_FETCH).toNanos();
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        return PolicyFixture.page(StsBenchmarks.POLICY);
    }

    /** Live heap per policy. */
    public static Map<String, Object> heap() {
        MemoryPolicyStore store = new MemoryPolicyStore();
        long before = used();
        for (int i = 0; i < MANY; i++) {
            store.save(stored(i));
        }
        double bytes = (used() - before) / (double) MANY;
        if (store.find(domain(MANY - 1)).isEmpty()) {
            throw new IllegalStateException("evicted");
        }
        return Map.of("policies", MANY, "bytesPerPolicy", round(bytes), "mxPerPolicy", 3);
    }

    /** What a start waits for: opening the file and the first policy out of it. Median of some. */
    private static Map<String, Object> start() throws IOException {
        Path directory = Files.createTempDirectory("sts-bench");
        Path file = directory.resolve("jamestls.sqlite");
        try {
            try (Database database = open(file)) {
                fill(database);
            }
            List<Double> opens = new ArrayList<>();
            List<Double> finds = new ArrayList<>();
            for (int i = 0; i < STARTS; i++) {
                long begun = System.nanoTime();
                try (Database database = open(file)) {
                    opens.add((System.nanoTime() - begun) / 1e6);
                    if (new SqlPolicyStore(database).find(domain(i * 777)).isEmpty()) {
                        throw new IllegalStateException("not stored");
                    }
                    finds.add((System.nanoTime() - begun) / 1e6);
                }
            }
            Collections.sort(opens);
            Collections.sort(finds);
            return Map.of("policies", MANY, "openMillis", round(opens.get(STARTS / 2)), "openAndFindMillis", round(finds.get(STARTS / 2)),
                "slowestMillis", round(finds.get(STARTS - 1)), "fileBytes", Files.size(file), "load", load());
        } finally {
            for (String part : List.of("", "-wal", "-shm")) {
                Files.deleteIfExists(Path.of(file + part));
            }
            Files.deleteIfExists(directory);
        }
    }

    private static void fill(Database database) {
        database.transaction(connection -> {
            try (PreparedStatement insert = connection.prepareStatement(
                    "INSERT INTO sts_policy (domain, id, policy, fetched, last_checked, "
                    + "last_used, refresh_at, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")) {
                for (int i = 0; i < MANY; i++) {
                    StoredPolicy stored = stored(i);
                    insert.setString(1, stored.domain().ascii());
                    insert.setString(2, stored.id());
                    insert.setString(3, stored.policy().text());
                    insert.setLong(4, stored.fetched().toEpochMilli());
                    insert.setLong(5, stored.lastChecked().toEpochMilli());
                    insert.setLong(6, stored.lastUsed().toEpochMilli());
                    insert.setLong(7, stored.refreshAt().toEpochMilli());
                    insert.setLong(8, stored.expires().toEpochMilli());
                    insert.addBatch();
                }
                return insert.executeBatch();
            }
        });
    }

    private static Database open(Path file) {
        return Database.open(new DatabaseAddress.SqliteFile(file), List.of(SqlPolicyStore.TABLES), Clock.systemUTC());
    }

    private static StoredPolicy stored(int number) {
        String text = StsBenchmarks.POLICY.replace("user.example", domain(number).ascii());
        Instant now = Instant.now();
        return StsPolicy.parse(text.getBytes(StandardCharsets.UTF_8)) instanceof ParsedPolicy.Valid valid
            ? StoredPolicy.fetched(domain(number), "2026010" + number, valid.policy(), now, now, now.plus(Duration.ofDays(1))) : null;
    }

    private static DomainName domain(int number) {
        return DomainName.of("customer" + number + ".example");
    }

    private static StsPolicies policies(DnsjavaDns dns, Function<HttpsRequest, HttpsResult> https) {
        return new StsPolicies(dns, new PolicyFetcher(https, PolicyFetcher.HTTPS_PORT, PolicyFetcher.USUAL_DEADLINE),
            new MemoryPolicyStore(), RefreshSchedule.daily(new Random(1)), new StsWarnings(), Clock.systemUTC());
    }

    private static long used() {
        for (int i = 0; i < 4; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /** Of the machine, over a minute: what else it had to do. */
    private static double load() {
        return round(ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static double round(double value) {
        return Math.round(value * 10) / 10.0;
    }
}
