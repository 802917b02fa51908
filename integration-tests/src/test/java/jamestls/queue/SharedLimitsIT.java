package jamestls.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.SmtpServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What three servers on one PostgreSQL do as one: limits, rules, policies. */
class SharedLimitsIT {

    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final int SERVERS = 3;
    private static final int MAILS = 300;
    private static final int RULE = 6;
    private static final int OF_HOST = 5;

    @TempDir
    private static Path directory;
    private static Cluster cluster;
    private static List<QueueNodeProcess> nodes;
    private static int filled;

    @BeforeAll
    static void start() {
        // domain d0 has a rule, the host of d1 a limit of its own, d2 a policy
        cluster = Cluster.start(directory, 3, 3);
        cluster.internet().policy("d2.kill.example", "version: STSv1\nmode: enforce\nmx: mx2.kill.example\nmax_age: 604800\n");
        cluster.parameters().put("tlsPolicies", "d0.kill.example concurrency=" + RULE);
        nodes = new ArrayList<>();
        for (int i = 0; i < SERVERS; i++) {
            nodes.add(cluster.node("server" + i));
        }
        await().atMost(PATIENCE).until(() -> cluster.postgres().query("james", "SELECT count(*) FROM server_alive"), "3"::equals);
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void concurrencyOfARuleShouldHoldForAllServersTogether() {
        SmtpServer host = cluster.host(0).latency(Duration.ofMillis(30));
        // each server counts the others every five seconds
        await().pollDelay(Duration.ofSeconds(12)).until(() -> true);
        AtomicInteger most = new AtomicInteger();

        fill(0);

        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> {
            most.accumulateAndGet(host.openConnections(), Math::max);
            return host.mails().size() >= MAILS;
        });
        System.out.printf("concurrency=%d, %d servers: at most %d sessions at once%n", RULE, SERVERS, most.get());
        // a host notices the end of a session later than its client, which may have opened the next; three times the rule would be 18
        assertThat(most.get()).isLessThanOrEqualTo(RULE + SERVERS);
    }

    @Test
    void limitOfAHostShouldBeLearnedByEachServerAndHoldUpNoMail() {
        SmtpServer host = cluster.host(1).latency(Duration.ofMillis(5)).atMost(OF_HOST);

        fill(1);

        assertThat(host.awaitMails(MAILS, PATIENCE)).hasSize(MAILS);
        System.out.printf("host with %d connections, %d servers: %d mails, %d refused connections%n", OF_HOST, SERVERS, MAILS,
            host.refusedConnections());
        assertThat(host.refusedConnections()).isLessThan(MAILS);
    }

    @Test
    void policyShouldBeFetchedOnce() {
        int before = cluster.internet().policyHost().requests().size();
        fill(2);

        assertThat(cluster.host(2).awaitMails(MAILS, PATIENCE)).hasSize(MAILS);
        assertThat(cluster.internet().policyHost().requests()).hasSize(before + 1);
    }

    /** Mails for one domain. */
    private static void fill(int domain) {
        nodes.get(domain).fillDomain(filled, MAILS, domain, 500);
        filled += MAILS;
    }
}
