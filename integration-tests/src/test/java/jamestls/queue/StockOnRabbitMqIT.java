package jamestls.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** James's own RemoteDelivery on its RabbitMQ queue, which ignores delays: what ours is compared with. */
class StockOnRabbitMqIT {

    private static final int RETRIES = 20;

    @Test
    void retriesOfAnHourEachShouldBeOverWithinSeconds(@TempDir Path directory) {
        try (Cluster cluster = Cluster.start(directory, 1, 1)) {
            SmtpServer busy = cluster.host(0).reply(SmtpPhase.RCPT, "450 4.2.1 busy");
            Map<String, String> stock = new LinkedHashMap<>();
            for (String shared : new String[] {"domain", "amqp", "management", "blobs", "repositories", "heloName"}) {
                stock.put(shared, cluster.parameters().get(shared));
            }
            stock.put("outgoing", "outgoing");
            stock.put("delayTime", RETRIES + "*1h");
            stock.put("maxRetries", "" + RETRIES);
            stock.put("gateway", busy.ip().getHostAddress() + ":" + busy.port());
            QueueNodeProcess node = cluster.node("stock", QueueNodeProcess.STOCK, stock);
            long begin = System.nanoTime();

            node.fill(0, 1, 1, 100);

            await().atMost(Duration.ofSeconds(120)).until(() -> busy.connections() > RETRIES);
            Duration took = Duration.ofNanos(System.nanoTime() - begin);
            await().atMost(Duration.ofSeconds(120)).until(() -> cluster.queued() == 0);
            System.out.printf("stock RemoteDelivery on RabbitMQ: %d attempts, %d hours of retries, in %d ms%n", busy.connections(), RETRIES,
                took.toMillis());
            assertThat(busy.connections()).isEqualTo(RETRIES + 1);
        }
    }
}
