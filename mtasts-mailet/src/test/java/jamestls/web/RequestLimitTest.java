package jamestls.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.SettableClock;
import jamestls.web.RequestLimit.Exceeded;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class RequestLimitTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final SettableClock clock = new SettableClock(Instant.parse("2026-11-26T12:00:00Z"));

    @Test
    void moreThanAllowedInAMinuteShouldBeRefusedUntilTheMinuteIsOver() throws Exception {
        RequestLimit limit = new RequestLimit(5, 2, LONG, clock);
        assertThat(limit.run(() -> 1)).isEqualTo(1);
        clock.advance(Duration.ofSeconds(30));
        assertThat(limit.run(() -> 2)).isEqualTo(2);

        assertThatThrownBy(() -> limit.run(() -> 3)).isInstanceOfSatisfying(Exceeded.class, e -> assertThat(e.status()).isEqualTo(429))
            .hasMessageContaining("2 of these requests are answered in a minute");
        clock.advance(Duration.ofSeconds(30));
        assertThat(limit.run(() -> 4)).isEqualTo(4);
    }

    @Test
    void workThatTakesTooLongShouldBeInterruptedAndHoldItsPlaceUntilItEnds() throws Exception {
        RequestLimit limit = new RequestLimit(1, 10, Duration.ofMillis(50), clock);
        CountDownLatch end = new CountDownLatch(1);
        AtomicBoolean interrupted = new AtomicBoolean();

        assertThatThrownBy(() -> limit.run(() -> {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.set(true);
            }
            end.await();
            return "late";
        })).isInstanceOfSatisfying(Exceeded.class, e -> assertThat(e.status()).isEqualTo(504));
        await().untilTrue(interrupted);
        assertThatThrownBy(() -> limit.run(() -> "next")).isInstanceOf(Exceeded.class).hasMessageContaining("at once");

        end.countDown();
        await().ignoreExceptions().until(() -> limit.run(() -> "next").equals("next"));
    }

    @Test
    void whatTheWorkThrowsShouldBeThrownAndItsPlaceBeFree() throws Exception {
        RequestLimit limit = new RequestLimit(1, 10, LONG, clock);

        assertThatThrownBy(() -> limit.run(() -> {
            throw new IOException("broken");
        })).isInstanceOf(IOException.class).hasMessage("broken");

        await().ignoreExceptions().until(() -> limit.run(() -> "next").equals("next"));
    }
}
