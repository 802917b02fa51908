package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import jamestls.fakeinternet.CapturedLog;
import jamestls.fakeinternet.SettableClock;
import java.time.Instant;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(CapturedLog.LOCK)
class CircuitBreakerTest {

    private static final Supplier<String> FAILS = () -> {
        throw new IllegalStateException("the disk is full");
    };

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(CircuitBreaker.class, Level.INFO);

    private final SettableClock clock = new SettableClock(Instant.parse("2026-03-01T12:00:00Z"));
    private final CircuitBreaker breaker = new CircuitBreaker(clock);

    @Test
    void startAndEndOfAnOutageShouldBeLoggedOnceEach() {
        for (int call = 0; call < 3; call++) {
            assertThat(breaker.ask(FAILS)).isEmpty();
            clock.advance(CircuitBreaker.REST);
        }
        for (int call = 0; call < 3; call++) {
            assertThat(breaker.ask(() -> "answer")).contains("answer");
        }

        assertThat(log.events()).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN, Level.INFO);
        assertThat(log.events().getFirst().getThrowableProxy().getMessage()).isEqualTo("the disk is full");
        assertThat(log.events().getLast().getFormattedMessage()).endsWith("works again; it failed since 2026-03-01T12:00:00Z");
    }

    @Test
    void outageShouldLastFromItsFirstFailureUntilACallSucceeds() {
        breaker.ask(FAILS);
        clock.advance(CircuitBreaker.REST);
        breaker.ask(FAILS);
        assertThat(breaker.current()).hasValueSatisfying(outage -> {
            assertThat(outage.since()).isEqualTo(clock.instant().minus(CircuitBreaker.REST));
            assertThat(outage.triedAt()).isEqualTo(clock.instant());
            assertThat(outage.why()).isEqualTo("the disk is full");
        });
        assertThat(breaker.ask(() -> "answer")).as("it rests").isEmpty();

        clock.advance(CircuitBreaker.REST);
        assertThat(breaker.ask(() -> "answer")).contains("answer");
        assertThat(breaker.current()).isEmpty();
    }
}
