package jamestls.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.SmtpServer;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Our mailet on James's RabbitMQ queue. */
class RabbitMqQueueIT {

    private static final Duration PATIENCE = Duration.ofSeconds(120);

    @Test
    void serversShouldShareTheMailsOfOneQueue(@TempDir Path directory) {
        try (Cluster cluster = Cluster.start(directory, 1, 1)) {
            SmtpServer host = cluster.host(0).latency(Duration.ofMillis(5));
            cluster.parameters().put("heloName", "first.sender.example");
            QueueNodeProcess first = cluster.node("first");
            cluster.parameters().put("heloName", "second.sender.example");
            cluster.node("second");

            first.fill(0, 200, 1, 100);

            assertThat(host.awaitMails(200, PATIENCE)).hasSize(200);
            await().atMost(PATIENCE).until(() -> cluster.queued() == 0);
            assertThat(host.transcript()).anyMatch(line -> line.contains("EHLO first")).anyMatch(line -> line.contains("EHLO second"));
        }
    }
}
