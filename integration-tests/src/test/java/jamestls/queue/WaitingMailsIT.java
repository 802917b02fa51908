package jamestls.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mails that wait for a slow host on James's ActiveMQ queue: what they cost, and that stops and starts lose none of them. */
class WaitingMailsIT {

    /** {@code -Dwaiting=10000} for the full size. */
    private static final int WAITING = Integer.getInteger("waiting", 150);
    private static final int SIZE = Integer.getInteger("waiting.size", 2_000);
    private static final int RESTARTS = Integer.getInteger("restarts", 0);
    private static final int DOMAINS = 10;
    private static final long HALF_A_GIGABYTE = 512L * 1024 * 1024;

    private final Set<Integer> taken = QueueNodeProcess.numbers();

    @Test
    void mailsThatWaitShouldFitIntoHalfAGigabyteAndOutliveRestarts(@TempDir Path directory) {
        QueueNodeBuild build = QueueNodeBuild.into(directory.resolve("build"), QueueNodeBuild.Queue.ACTIVEMQ);
        Path work = Nodes.directory(directory.resolve("node"));
        try (FakeInternet internet = FakeInternet.start()) {
            for (int i = 0; i < DOMAINS; i++) {
                internet.mx("d" + i + ".kill.example", 10, "mx.kill.example");
            }
            SmtpServer slow = internet.mailServer("mx.kill.example").at(SmtpPhase.GREETING, SmtpAct.stall());
            Map<String, String> parameters = Nodes.parameters(internet, work, 20);
            for (int start = 0; start <= RESTARTS; start++) {
                try (QueueNodeProcess node = QueueNodeProcess.start(build, work, parameters, taken)) {
                    if (start == 0) {
                        node.fill(0, WAITING, DOMAINS, SIZE);
                    }
                    await().atMost(Duration.ofSeconds(120)).until(() -> slow.openConnections() > 0);
                    long heap = node.ask("heap");
                    assertThat(heap).isLessThan(HALF_A_GIGABYTE);
                    assertThat(node.ask("waiting")).as("not acknowledged").isEqualTo(WAITING);
                    Duration stop = node.stop();
                    System.out.printf("%d mails of %d bytes waiting: %d MB of heap, stopped in %d ms%n",
                        WAITING, SIZE, heap >> 20, stop.toMillis());
                    assertThat(stop).isLessThan(Duration.ofSeconds(60));
                }
            }
            slow.behave();
            slow.release();
            try (QueueNodeProcess node = QueueNodeProcess.start(build, work, parameters, taken)) {
                slow.awaitMails(WAITING, Duration.ofSeconds(180));
                await().until(() -> node.ask("waiting") == 0);
                assertThat(node.ask("dead")).as("mails in the dead letter queue").isZero();
                assertThat(slow.mails()).hasSize(WAITING);
                node.stop();
            }
        }
    }
}
