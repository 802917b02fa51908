package jamestls.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * What two servers do while the PostgreSQL or the RabbitMQ that they share goes away and comes back, with deliveries and retries under
 * way: no mail is lost, mail to a domain whose policy rejects its host is not let through, and PostgreSQL's outage costs few lines in the
 * log. Arrivals too many are counted: at most what the servers had in hand when RabbitMQ forgot that they had it.
 */
@TestMethodOrder(MethodOrderer.MethodName.class)
class OutagesIT {

    /** {@code -Dfreeze=60} for the full time. */
    private static final Duration FREEZE = Duration.ofSeconds(Integer.getInteger("freeze", 12));
    /** A mail whose server could not note what it had done is taken over after a lease of two minutes. */
    private static final Duration PATIENCE = Duration.ofMinutes(8);
    private static final int MAX_LINES = 5;
    private static final int MAILS = 200;
    private static final int DELIVERIES = 20;
    private static final int IN_HAND = 60;
    private static final List<String> SERVERS = List.of("first", "second");
    /** Of the two domains {@code d0} and {@code d1} the second has this policy, which its host does not satisfy. */
    private static final String POLICY = "version: STSv1\nmode: enforce\nmx: elsewhere.kill.example\nmax_age: 604800\n";

    @TempDir
    private static Path directory;
    private static Cluster cluster;
    private static List<SmtpServer> hosts;
    private static List<QueueNodeProcess> nodes;
    private static int filled;

    private int doubledBefore;
    private long linesBefore;

    @BeforeAll
    static void start() {
        cluster = Cluster.start(directory, 3, 3);
        hosts = List.of(cluster.host(0), cluster.host(2));
        cluster.internet().policy("d1.kill.example", POLICY);
        cluster.parameters().put("deliveries", "" + DELIVERIES);
        cluster.parameters().put("mailsInHand", "" + IN_HAND);
        cluster.parameters().put("delayTime", "20*1s, 500*30s");
        nodes = SERVERS.stream().map(cluster::node).toList();
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void postgresThatIsKilledAndStartedAgain() throws IOException {
        begin();
        cluster.postgres().stop();
        more();
        cluster.postgres().start();
        end("PostgreSQL killed and restarted", MAX_LINES);
    }

    @Test
    void postgresThatCutsConnectionsInEveryState() {
        begin();
        for (int i = 0; i < 20; i++) {
            more();
            cluster.postgres().cutConnections();
        }
        end("PostgreSQL cut its connections 20 times", MAX_LINES);
    }

    @Test
    void postgresThatIsFrozen() {
        begin();
        cluster.postgres().freeze();
        more();
        await().pollDelay(FREEZE).atMost(FREEZE.multipliedBy(2)).until(() -> true);
        cluster.postgres().thaw();
        end("PostgreSQL frozen for " + FREEZE, MAX_LINES);
    }

    @Test
    void rabbitThatIsKilledAndStartedAgain() throws IOException {
        begin();
        cluster.rabbit().kill();
        cluster.rabbit().start();
        more();
        end("RabbitMQ killed and restarted", Long.MAX_VALUE);
    }

    @Test
    void rabbitThatCutsConnections() {
        begin();
        cluster.rabbit().closeConnections();
        more();
        end("RabbitMQ cut its connections", Long.MAX_VALUE);
    }

    @Test
    void rabbitThatIsFrozen() {
        begin();
        cluster.rabbit().freeze();
        await().pollDelay(FREEZE).atMost(FREEZE.multipliedBy(2)).until(() -> true);
        cluster.rabbit().thaw();
        more();
        end("RabbitMQ frozen for " + FREEZE, Long.MAX_VALUE);
    }

    /** Deliveries and retries are under way on return. */
    private void begin() {
        doubledBefore = Arrivals.at(hosts).surplus();
        linesBefore = lines();
        int before = Arrivals.count(hosts);
        for (SmtpServer host : hosts) {
            host.latency(Duration.ofMillis(20));
            for (int i = 0; i < MAILS / 4; i++) {
                host.once(SmtpPhase.RCPT, SmtpAct.say("450 4.2.1 busy"));
            }
        }
        nodes.get(0).fill(filled, MAILS, 3, 2_000);
        filled += MAILS;
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> Arrivals.count(hosts) >= before + 5);
    }

    /** Mails that are taken during the outage. */
    private void more() {
        nodes.get(1).fill(filled, 30, 3, 2_000);
        filled += 30;
    }

    private void end(String what, long maxLines) {
        hosts.forEach(SmtpServer::behave);
        await(what).atMost(PATIENCE).pollInterval(Duration.ofMillis(500)).untilAsserted(() -> {
            Set<Integer> missing = cluster.taken().stream().filter(number -> number % 3 != 1)
                .collect(Collectors.toCollection(TreeSet::new));
            missing.removeAll(Arrivals.at(hosts).numbers());
            assertThat(missing).as("missing, with %d mails in the queue and these waiting:%n%s", cluster.queued(), cluster.waits())
                .isEmpty();
        });
        int doubled = Arrivals.at(hosts).surplus() - doubledBefore;
        long lines = lines() - linesBefore;
        System.out.printf("%s: %d mails, none lost, %d arrivals too many, %d lines WARN or ERROR of two servers%n", what, filled, doubled,
            lines);
        assertThat(cluster.host(1).mails()).as("mail that the policy of its domain holds").isEmpty();
        // what was in hand, and as much again whose publishing was not confirmed in time and was done again
        assertThat(doubled).as("arrivals too many").isLessThanOrEqualTo(2 * SERVERS.size() * IN_HAND);
        assertThat(lines / SERVERS.size()).as("lines of one server").isLessThanOrEqualTo(maxLines);
    }

    private static long lines() {
        return SERVERS.stream().mapToLong(server -> {
            try (Stream<String> lines = Files.lines(cluster.log(server))) {
                // ours: the parts of James that fail, too, have lines of their own
                return lines.filter(line -> line.matches("\\S+ \\S+ (WARN |ERROR) j(amestls)?\\..*")).count();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }).sum();
    }
}
