package jamestls.queue;

import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.PostgresServer;
import jamestls.fakeinternet.RabbitMqServer;
import jamestls.fakeinternet.SmtpServer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Servers, each a process of its own, on one RabbitMQ and one PostgreSQL: the queue, the blobs and the mail repositories are James's, as
 * far as Maven Central has them. Without RabbitMQ or PostgreSQL on this machine the test is skipped, or fails if the environment says
 * {@code CI=true}.
 */
final class Cluster implements AutoCloseable {

    private static final String QUEUE = "JamesMailQueue-workqueue-outgoing";

    private final Path directory;
    private final FakeInternet internet;
    private final RabbitMqServer rabbit;
    private final PostgresServer postgres;
    private final QueueNodeBuild build;
    private final Map<String, String> parameters;
    private final Set<Integer> taken = QueueNodeProcess.numbers();
    private final List<QueueNodeProcess> nodes = new ArrayList<>();

    private Cluster(Path directory, FakeInternet internet, RabbitMqServer rabbit, PostgresServer postgres) {
        this.directory = directory;
        this.internet = internet;
        this.rabbit = rabbit;
        this.postgres = postgres;
        this.build = QueueNodeBuild.into(directory.resolve("build"), QueueNodeBuild.Queue.RABBITMQ);
        Path shared = directory.resolve("shared");
        this.parameters = Nodes.parameters(internet, shared, 20);
        parameters.put("trustStore", "file://" + shared.resolve("conf/anchors.p12").toAbsolutePath());
        parameters.put("amqp", rabbit.amqp().toString());
        parameters.put("management", rabbit.management().toString());
        parameters.put("blobs", directory.resolve("blobs").toString());
        String database = postgres.newDatabase("james");
        parameters.put("repositories", database);
        parameters.put("database", database);
    }

    /**
     * Starts RabbitMQ, PostgreSQL and the mail hosts, and no server yet.
     *
     * @param domains number of recipients' domains, {@code d0.kill.example} and so on
     * @param hosts number of mail hosts, {@code mx0.kill.example} and so on, which share the domains
     */
    static Cluster start(Path directory, int domains, int hosts) {
        List<AutoCloseable> started = new ArrayList<>();
        try {
            FakeInternet internet = FakeInternet.start();
            started.add(internet);
            for (int i = 0; i < domains; i++) {
                internet.mx("d" + i + ".kill.example", 10, "mx" + i % hosts + ".kill.example");
            }
            RabbitMqServer rabbit = RabbitMqServer.startOrSkip();
            started.add(rabbit);
            PostgresServer postgres = PostgresServer.startOrSkip();
            started.add(postgres);
            return new Cluster(directory, internet, rabbit, postgres);
        } catch (RuntimeException | Error e) {
            close(started);
            throw e;
        }
    }

    FakeInternet internet() {
        return internet;
    }

    SmtpServer host(int number) {
        return internet.mailServer("mx" + number + ".kill.example");
    }

    RabbitMqServer rabbit() {
        return rabbit;
    }

    PostgresServer postgres() {
        return postgres;
    }

    /** Parameters of all servers that are started from now on. */
    Map<String, String> parameters() {
        return parameters;
    }

    /** The numbers of all mails that the servers have taken. */
    Set<Integer> taken() {
        return taken;
    }

    /** Starts a server with our mailet. */
    QueueNodeProcess node(String name) {
        return node(name, QueueNodeProcess.SECURE, parameters);
    }

    /** Starts a server. */
    QueueNodeProcess node(String name, String mailet, Map<String, String> with) {
        QueueNodeProcess node = QueueNodeProcess.start(build, mailet, Nodes.directory(directory.resolve(name)), with, taken);
        nodes.add(node);
        return node;
    }

    /** Messages in the queue, those included that a server has and did not acknowledge. */
    int queued() {
        return rabbit.messages(QUEUE);
    }

    /** Mails that wait for another attempt outside of the queue. */
    int waiting() {
        return Integer.parseInt(postgres.query("james", "SELECT count(*) FROM waiting_mail"));
    }

    /** The rows of mails that wait, for messages. */
    String waits() {
        return postgres.query("james", "SELECT * FROM waiting_mail ORDER BY next LIMIT 20");
    }

    /** Ends the leases of mails that were claimed twenty seconds ago, as two minutes would: a server that was killed had them. */
    void endOldClaims() {
        postgres.query("james", "UPDATE waiting_mail SET next = 0 WHERE owner IS NOT NULL "
            + "AND next < (extract(epoch FROM now()) * 1000)::BIGINT + 100000");
    }

    /** The log of a server. */
    Path log(String name) {
        return directory.resolve(name).resolve("node.log");
    }

    @Override
    public void close() {
        List<AutoCloseable> all = new ArrayList<>(List.of(internet, postgres, rabbit));
        all.addAll(nodes);
        close(all);
    }

    /** The last first, and all of them. */
    private static void close(List<AutoCloseable> all) {
        AssertionError failure = null;
        for (AutoCloseable one : all.reversed()) {
            try {
                one.close();
            } catch (Exception | Error e) {
                failure = failure == null ? new AssertionError(e) : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
