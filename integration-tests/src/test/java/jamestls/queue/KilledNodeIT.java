package jamestls.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills a delivering process again and again, without warning and under load, on James's ActiveMQ queue with its embedded
 * broker ({@code -Dkills=100} for many). Every mail that was taken must arrive. Those that arrive twice are counted: a mail
 * may be doubled by a kill only if a delivery had it in hand, so there are at most as many for each kill as deliveries.
 */
class KilledNodeIT {

    private static final int KILLS = Integer.getInteger("kills", 2);
    /** Mails that wait at the beginning of each life: more would only take longer in the end. */
    private static final int BACKLOG = 200;
    private static final int DOMAINS = 4;
    private static final int IMPLICIT = 40;
    private static final int REFUSED_FOR_NOW = 10;

    private final Random random = new Random(KILLS);
    private int nudges;
    private final Set<Integer> taken = QueueNodeProcess.numbers();

    @Test
    void everyMailShouldArriveThoughTheProcessIsKilledUnderLoad(@TempDir Path directory) {
        QueueNodeBuild build = QueueNodeBuild.into(directory.resolve("build"), QueueNodeBuild.Queue.ACTIVEMQ);
        Path work = Nodes.directory(directory.resolve("node"));
        int doubled = 0;
        int mostDoubled = 0;
        try (FakeInternet internet = FakeInternet.start()) {
            for (int i = 0; i < DOMAINS; i++) {
                // two hosts for four domains: turns at domains and at addresses both matter
                internet.mx("d" + i + ".kill.example", 10, "mx" + i % 2 + ".kill.example");
            }
            List<SmtpServer> hosts = List.of(internet.mailServer("mx0.kill.example"), internet.mailServer("mx1.kill.example"));
            Map<String, String> parameters = Nodes.parameters(internet, work, IMPLICIT / hosts.size());
            parameters.put("deliveries", "" + IMPLICIT);
            int filled = 0;
            for (int kill = 0; kill < KILLS; kill++) {
                int before = Arrivals.count(hosts);
                int fill = Math.max(0, BACKLOG - (taken.size() - Arrivals.at(hosts).numbers().size()));
                for (SmtpServer host : hosts) {
                    host.latency(Duration.ofMillis(random.nextInt(20)));
                    for (int i = 0; i < REFUSED_FOR_NOW; i++) {
                        host.once(SmtpPhase.RCPT, SmtpAct.say("450 4.2.1 busy"));
                    }
                }
                try (QueueNodeProcess node = QueueNodeProcess.start(build, work, parameters, taken)) {
                    node.beginFill(filled, fill, DOMAINS, 2_000);
                    filled += fill;
                    int killAfter = before + 20 + random.nextInt(BACKLOG / 2);
                    await().atMost(Duration.ofSeconds(120)).pollInterval(Duration.ofMillis(5))
                        .until(() -> Arrivals.count(hosts) >= killAfter);
                    node.kill();
                }
                int now = Arrivals.at(hosts).surplus();
                mostDoubled = Math.max(mostDoubled, now - doubled);
                doubled = now;
            }
            for (SmtpServer host : hosts) {
                host.behave();
            }
            try (QueueNodeProcess node = QueueNodeProcess.start(build, work, parameters, taken)) {
                int nudge = filled;
                await().atMost(Duration.ofSeconds(240)).pollInterval(Duration.ofMillis(500)).untilAsserted(() -> {
                    try {
                        assertThat(Arrivals.at(hosts).numbers()).containsAll(taken);
                        assertThat(node.ask("waiting")).as("mails in the queue").isZero();
                    } catch (AssertionError notYet) {
                        // James's consumer looks for mails that have fallen due only when it has had one, or after ten seconds. This one
                        // has until the next look to arrive, too
                        node.fill(nudge + nudges++, 1, DOMAINS, 100);
                        throw notYet;
                    }
                });
                assertThat(node.ask("dead")).as("mails in the dead letter queue").isZero();
                node.stop();
            }
            int all = Arrivals.at(hosts).surplus();
            mostDoubled = Math.max(mostDoubled, all - doubled);
            System.out.printf("%d kills: %d mails taken, %d arrived, none lost, %d arrivals too many, at most %d after one kill%n", KILLS,
                taken.size(), Arrivals.at(hosts).numbers().size(), all, mostDoubled);
            assertThat(all).as("arrivals too many").isLessThanOrEqualTo(KILLS * IMPLICIT);
        }
    }
}
