package jamestls.storage;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import jamestls.fakeinternet.CapturedLog;
import jamestls.fakeinternet.SettableClock;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(CapturedLog.LOCK)
class OutageLogTest {

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(OutageLog.class, Level.INFO);
    private final SettableClock clock = new SettableClock(Instant.parse("2026-03-01T12:00:00Z"));
    private final OutageLog outages = new OutageLog("jdbc:postgresql://db/james", clock);

    @Test
    void beginAndEndOfAnOutageShouldBeOneLineEach() {
        for (int i = 0; i < 100; i++) {
            outages.failed(new StorageOutage("PostgreSQL jdbc:postgresql://db/james can't be reached: no connection", null));
            clock.advance(Duration.ofSeconds(2));
        }
        outages.worked();
        outages.worked();

        assertThat(log.events()).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN, Level.INFO);
        assertThat(log.events().get(0).getFormattedMessage()).contains("can't be reached: no connection");
        assertThat(log.events().get(1).getFormattedMessage()).contains("100 transactions");
    }

    @Test
    void failuresThatAlternateWithSuccessesShouldBeToldOnceAMinute() {
        for (int i = 0; i < 90; i++) {
            outages.failed(new StorageOutage("failed", null));
            outages.worked();
            clock.advance(Duration.ofSeconds(1));
        }

        assertThat(log.events()).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN, Level.INFO, Level.WARN, Level.INFO);
    }

    @Test
    void outageThatBeganSilentlyAndLastsShouldBeTold() {
        outages.failed(new StorageOutage("failed", null));
        outages.worked();
        outages.failed(new StorageOutage("failed", null));
        clock.advance(OutageLog.MIN_BETWEEN);
        outages.failed(new StorageOutage("failed", null));

        assertThat(log.events()).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN, Level.INFO, Level.WARN);
    }

    @Test
    void successWithoutOutageShouldBeSilent() {
        outages.worked();

        assertThat(log.events()).isEmpty();
    }
}
