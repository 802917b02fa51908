package jamestls.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three servers on James's RabbitMQ queue and one PostgreSQL, of which one after the other is killed without warning under load, while
 * mails wait for their next attempt in the repository ({@code -Dkills=100} for many). Every mail that was taken must arrive. Those
 * that arrive twice are counted: a kill may double a mail that a delivery of that server had in hand, and one that it was putting back into
 * the queue.
 */
class KilledClusterIT {

    private static final int KILLS = Integer.getInteger("kills", 10);
    private static final int SERVERS = 3;
    private static final int BACKLOG = 150;
    private static final int DOMAINS = 4;
    private static final int HOSTS = 2;
    private static final int DELIVERIES = 40;
    private static final int REFUSED_FOR_NOW = 25;
    private static final Duration PATIENCE = Duration.ofSeconds(180);

    private final Random random = new Random(KILLS);

    @Test
    void everyMailShouldArriveThoughServersAreKilledWhileRetriesAreUnderWay(@TempDir Path directory) {
        try (Cluster cluster = Cluster.start(directory, DOMAINS, HOSTS)) {
            List<SmtpServer> hosts = List.of(cluster.host(0), cluster.host(1));
            cluster.parameters().put("deliveries", "" + DELIVERIES);
            List<QueueNodeProcess> servers = new ArrayList<>();
            for (int i = 0; i < SERVERS; i++) {
                servers.add(cluster.node("server" + i));
            }
            int filled = 0;
            int doubled = 0;
            int mostDoubled = 0;
            int mostWaiting = 0;
            for (int kill = 0; kill < KILLS; kill++) {
                int before = Arrivals.count(hosts);
                int fill = Math.max(0, BACKLOG - (cluster.taken().size() - Arrivals.at(hosts).numbers().size()));
                for (SmtpServer host : hosts) {
                    host.latency(Duration.ofMillis(random.nextInt(20)));
                    for (int i = 0; i < REFUSED_FOR_NOW; i++) {
                        host.once(SmtpPhase.RCPT, SmtpAct.say("450 4.2.1 busy"));
                    }
                }
                int victim = random.nextInt(SERVERS);
                // the victim takes mails itself every other time
                servers.get((victim + kill % 2) % SERVERS).beginFill(filled, fill, DOMAINS, 2_000);
                filled += fill;
                int killAfter = before + 20 + random.nextInt(BACKLOG / 2);
                await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5)).until(() -> Arrivals.count(hosts) >= killAfter);
                mostWaiting = Math.max(mostWaiting, cluster.waiting());
                servers.get(victim).kill();
                servers.set(victim, cluster.node("server" + victim));
                int now = Arrivals.at(hosts).surplus();
                mostDoubled = Math.max(mostDoubled, now - doubled);
                doubled = now;
            }
            hosts.forEach(SmtpServer::behave);
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(500)).untilAsserted(() -> {
                cluster.endOldClaims();
                Set<Integer> missing = new TreeSet<>(cluster.taken());
                missing.removeAll(Arrivals.at(hosts).numbers());
                assertThat(missing).as("missing, with %d mails in the queue and these waiting:%n%s", cluster.queued(), cluster.waits())
                    .isEmpty();
                assertThat(cluster.waiting()).as("mails that wait").isZero();
                assertThat(cluster.queued()).as("mails in the queue").isZero();
            });
            int all = Arrivals.at(hosts).surplus();
            System.out.printf("%d kills of one of %d servers on RabbitMQ: %d mails taken, none lost, up to %d waiting at a kill, "
                + "%d arrivals too many, at most %d after one kill%n", KILLS, SERVERS, cluster.taken().size(), mostWaiting, all,
                mostDoubled);
            assertThat(mostWaiting).as("retries under way").isPositive();
            assertThat(all).as("arrivals too many").isLessThanOrEqualTo(KILLS * DELIVERIES);
        }
    }
}
