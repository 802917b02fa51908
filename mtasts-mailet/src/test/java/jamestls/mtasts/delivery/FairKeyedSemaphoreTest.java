package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
import jamestls.mtasts.delivery.FairKeyedSemaphore.Repeat;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FairKeyedSemaphoreTest {

    private static final String KEY = "example.org";
    private static final Duration EARLIEST = Duration.ofMillis(200);
    private static final Duration LATEST = Duration.ofSeconds(5);

    private final AtomicLong nanos = new AtomicLong();
    private final FairKeyedSemaphore<String> permits = new FairKeyedSemaphore<>(100, nanos::get);

    @Test
    void requestsShouldBeRepeatedAtThePaceOfReleasesWhenInTurn() {
        use(8);
        release(10, Duration.ofMillis(100));

        assertThat(repeated(Repeat.IN_TURN, 4)).containsExactly(400, 500, 600, 700);
        nanos.addAndGet(Duration.ofMillis(250).toNanos());
        // 10 releases in 1,250 ms: one in 125 ms
        assertThat(repeated(Repeat.IN_TURN, 2)).containsExactly(575, 700);
    }

    @Test
    void requestsShouldBeRepeatedAfterHalfOfTheirWaitWhenTogether() {
        use(8);
        release(10, Duration.ofMillis(100));

        assertThat(repeated(Repeat.TOGETHER, 3)).containsExactly(400, 400, 400);
    }

    @Test
    void repetitionShouldKeepToBothLimits() {
        use(1);
        assertThat(repeated(Repeat.IN_TURN, 1)).containsExactly(2_500);
        release(10, Duration.ofMillis(1));
        assertThat(repeated(Repeat.TOGETHER, 1)).containsExactly(200);
        assertThat(repeated(Repeat.IN_TURN, 5_000)).startsWith(201, 202).endsWith(5_000, 5_000);
    }

    @Test
    void keyWithoutUsersShouldBeForgotten() {
        release(10, Duration.ofMillis(1));

        assertThat(repeated(Repeat.IN_TURN, 2)).containsExactly(2_500, 2_500);
    }

    private void use(int permitsOfKey) {
        IntStream.range(0, permitsOfKey).forEach(i -> permits.acquire(KEY, Duration.ZERO).orElseThrow());
    }

    private void release(int times, Duration each) {
        for (int i = 0; i < times; i++) {
            try (Permit permit = permits.acquire(KEY, Duration.ZERO).orElseThrow()) {
                nanos.addAndGet(each.toNanos());
            }
        }
    }

    private int[] repeated(Repeat repeat, int times) {
        return IntStream.range(0, times).map(i -> (int) permits.repeatAfter(KEY, repeat, EARLIEST, LATEST).toMillis()).toArray();
    }
}
