package jamestls.queue;

import jamestls.bench.BenchReport;
import jamestls.bench.Sink;
import jamestls.fakeinternet.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;

/**
 * Servers on one RabbitMQ and one PostgreSQL, all on this machine: deliveries per second with one, two and three of them and where the
 * processor time goes, what a wait outside of the queue costs, and what very many waiting mails cost. Mails are counted at the sink.
 * docs/reference/benchmarks.md has the method.
 *
 * <p>Argument: the directory for {@code scale.json}. {@code -Dscale.mails=} (6,000) are delivered in each round, {@code -Dscale.waiting=}
 * (100,000) wait.
 */
public final class ScaleBench {

    private static final int MAILS = Integer.getInteger("scale.mails", 6_000);
    private static final int WAITING = Integer.getInteger("scale.waiting", 100_000);
    private static final int SERVERS = 3;
    private static final int DOMAINS = 50;
    private static final int SIZE = 2_048;
    private static final String DOMAIN = "scale.example";
    private static final Duration PATIENCE = Duration.ofMinutes(60);

    private final Cluster cluster;
    private final Sink sink;
    private final BenchReport report;
    private int filled;

    private ScaleBench(Cluster cluster, Sink sink, BenchReport report) {
        this.cluster = cluster;
        this.sink = sink;
        this.report = report;
    }

    public static void main(String[] arguments) throws IOException {
        Path directory = Files.createDirectories(Path.of(arguments[0]).toAbsolutePath());
        Path work = Files.createTempDirectory(directory, "scale");
        try (Cluster cluster = Cluster.start(work, 1, 1)) {
            Map<String, Identity> hosts = new LinkedHashMap<>();
            cluster.internet().dns(zone -> {
                for (int i = 0; i < DOMAINS; i++) {
                    String host = "mx" + i + "." + DOMAIN;
                    hosts.put("127.0.9." + (i + 1), cluster.internet().ca().issue(host));
                    zone.mx("d" + i + "." + DOMAIN, 10, host).a(host, "127.0.9." + (i + 1));
                }
            });
            try (Sink sink = Sink.start(work, hosts)) {
                cluster.parameters().put("domain", DOMAIN);
                cluster.parameters().put("smtpPort", "" + sink.port());
                cluster.parameters().put("deliveries", "256");
                new ScaleBench(cluster, sink, new BenchReport(directory.resolve("scale.json"))).run();
            }
        }
        System.out.println(Files.readString(directory.resolve("scale.json")));
    }

    private void run() throws IOException {
        for (int servers = 1; servers <= SERVERS; servers++) {
            deliveries(servers);
        }
        cluster.parameters().put("delayTime", "24h");
        waits("waits", MAILS);
        waits("waiting_" + WAITING, WAITING);
    }

    /** Mails are in the queue or in hand while the sink holds back its answers; the time runs from when it lets go. */
    private void deliveries(int servers) throws IOException {
        List<QueueNodeProcess> nodes = start(servers);
        deliver(nodes, MAILS / 4);
        Usage before = Usage.of(cluster, nodes);
        double perSecond = deliver(nodes, MAILS);
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("mails", MAILS);
        result.put("size", SIZE);
        result.put("per_s", rounded(perSecond));
        Usage.of(cluster, nodes).since(before, MAILS, result);
        report.section("servers_" + servers, result);
        System.out.println(servers + " servers: " + result);
        nodes.forEach(QueueNodeProcess::stop);
    }

    private double deliver(List<QueueNodeProcess> nodes, int mails) {
        long wanted = sink.count().mails() + mails;
        sink.shut();
        fill(nodes.getFirst(), mails);
        long begun = System.nanoTime();
        sink.open();
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> sink.count().mails() >= wanted);
        return mails / seconds(begun);
    }

    /** Mails are refused for now and wait, then all of them are due at once and the sink takes them. */
    private void waits(String section, int mails) throws IOException {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("mails", mails);
        List<QueueNodeProcess> nodes = start(1);
        QueueNodeProcess node = nodes.getFirst();
        long sizeBefore = size("pg_database_size('james')");
        result.put("heap_mb_without", node.ask("heap") >> 20);
        sink.refuse();
        Usage before = Usage.of(cluster, nodes);
        long begun = System.nanoTime();
        fill(node, mails);
        result.put("filled_per_s", rounded(mails / seconds(begun)));
        awaitWaiting(mails);
        result.put("parked_per_s", rounded(mails / seconds(begun)));
        // with the attempt that fails
        Usage.of(cluster, nodes).since(before, mails, result);
        result.put("heap_mb", node.ask("heap") >> 20);
        result.put("index_mb", size("pg_total_relation_size('waiting_mail')") >> 20);
        result.put("database_mb", size("pg_database_size('james')") - sizeBefore >> 20);
        sink.accept();
        long wanted = sink.count().mails() + mails;
        Usage resumed = Usage.of(cluster, nodes);
        cluster.postgres().query("james", "UPDATE waiting_mail SET next = 0");
        long due = System.nanoTime();
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> sink.count().mails() >= wanted);
        result.put("resumed_and_delivered_per_s", rounded(mails / seconds(due)));
        result.put("seconds_until_delivered", rounded(seconds(due)));
        awaitWaiting(0);
        result.put("seconds_until_empty", rounded(seconds(due)));
        Map<String, Object> cost = new LinkedHashMap<>();
        Usage.of(cluster, nodes).since(resumed, mails, cost);
        cost.forEach((name, value) -> result.put("resume_" + name, value));
        result.put("delivered_twice", sink.count().mails() - wanted);
        report.section(section, result);
        System.out.println(section + ": " + result);
        nodes.forEach(QueueNodeProcess::stop);
    }

    private List<QueueNodeProcess> start(int servers) {
        List<QueueNodeProcess> nodes = new ArrayList<>();
        for (int i = 0; i < servers; i++) {
            nodes.add(cluster.node("server" + i));
        }
        return nodes;
    }

    private void fill(QueueNodeProcess node, int mails) {
        // an answer is awaited for two minutes
        for (int left = mails; left > 0; left -= Math.min(left, 1_000)) {
            node.fill(filled, Math.min(left, 1_000), DOMAINS, SIZE);
            filled += Math.min(left, 1_000);
        }
    }

    private void awaitWaiting(int mails) {
        Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofMillis(100)).until(() -> cluster.waiting() == mails);
    }

    private long size(String function) {
        return Long.parseLong(cluster.postgres().query("james", "SELECT " + function));
    }

    private static double seconds(long begun) {
        return (System.nanoTime() - begun) / 1e9;
    }

    private static double rounded(double value) {
        return Math.round(value * 100) / 100.0;
    }

    /** Processor time used so far, in milliseconds. */
    private record Usage(long servers, long rabbit, long postgres) {

        private static Usage of(Cluster cluster, List<QueueNodeProcess> nodes) {
            return new Usage(nodes.stream().mapToLong(node -> node.ask("cpu")).sum(), cluster.rabbit().cpu().toMillis(),
                cluster.postgres().cpu().toMillis());
        }

        private void since(Usage before, int mails, Map<String, Object> result) {
            result.put("cpu_ms_per_mail_servers", rounded((double) (servers - before.servers) / mails));
            result.put("cpu_ms_per_mail_rabbitmq", rounded((double) (rabbit - before.rabbit) / mails));
            result.put("cpu_ms_per_mail_postgresql", rounded((double) (postgres - before.postgres) / mails));
        }
    }
}
