package jamestls.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WatchdogTest {

    private static final Duration LONG = Duration.ofMinutes(5);

    private final Watchdog watchdog = new Watchdog("watchdog-test");
    private final AtomicInteger closed = new AtomicInteger();

    @AfterEach
    void stop() {
        watchdog.close();
    }

    @Test
    void deadlineThatWasMetShouldCloseNothing() {
        Watchdog.Deadline met = watchdog.start(Duration.ofSeconds(2), closed::incrementAndGet);
        met.meet();
        Watchdog.Deadline missed = watchdog.start(Duration.ofMillis(2_100), closed::incrementAndGet);

        await().until(missed::isExpired);
        assertThat(met.isExpired()).isFalse();
        await().untilAsserted(() -> assertThat(closed).hasValue(1));
    }

    @Test
    void expiryShouldCloseTheLastConnectionWatched() {
        AtomicInteger first = new AtomicInteger();
        Watchdog.Deadline deadline = watchdog.start(LONG, first::incrementAndGet);
        deadline.watch(closed::incrementAndGet);

        deadline.expire();

        assertThat(first).hasValue(0);
        assertThat(closed).hasValue(1);
        assertThat(deadline.left()).isZero();
    }

    @Test
    void connectionWatchedAfterExpiryShouldBeClosedAtOnce() {
        Watchdog.Deadline deadline = watchdog.start(LONG);
        deadline.expire();

        deadline.watch(closed::incrementAndGet);

        assertThat(closed).hasValue(1);
    }

    @Test
    void deadlineOfAClosedWatchdogShouldExpireAtOnce() {
        watchdog.close();

        assertThat(watchdog.start(LONG, closed::incrementAndGet).isExpired()).isTrue();
        assertThat(closed).hasValue(1);
    }
}
