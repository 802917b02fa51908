package jamestls.container;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.LoggerFactory;

/** Reads the log of deliveries in this JVM until it tells of one. */
final class DeliveryWatch extends AppenderBase<ILoggingEvent> implements AutoCloseable {

    private final Logger logger = (Logger) LoggerFactory.getLogger("jamestls.mtasts.delivery");
    private final CountDownLatch delivered = new CountDownLatch(1);

    private DeliveryWatch() {
    }

    static DeliveryWatch attached() {
        DeliveryWatch watch = new DeliveryWatch();
        watch.setContext(watch.logger.getLoggerContext());
        watch.attach();
        return watch;
    }

    void await(Duration patience) throws InterruptedException {
        assertThat(delivered.await(patience.toMillis(), TimeUnit.MILLISECONDS)).as("a delivery in the log").isTrue();
    }

    @Override
    public void close() {
        logger.detachAppender(this);
        stop();
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (event.getFormattedMessage().contains("result=delivered")) {
            delivered.countDown();
        }
    }

    private void attach() {
        start();
        logger.addAppender(this);
    }
}
