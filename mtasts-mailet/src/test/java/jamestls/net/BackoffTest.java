package jamestls.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BackoffTest {

    @Test
    void pausesShouldDoubleUpToTheMaximum() {
        Backoff backoff = new Backoff(Duration.ofMinutes(5), Duration.ofHours(4));

        assertThat(IntStream.range(0, 8).mapToObj(backoff::pause).map(Duration::toMinutes))
            .containsExactly(5L, 10L, 20L, 40L, 80L, 160L, 240L, 240L);
    }

    @Test
    void manyRetriesShouldNotOverflow() {
        assertThat(new Backoff(Duration.ofMillis(1), Duration.ofDays(365)).pause(Integer.MAX_VALUE)).isEqualTo(Duration.ofDays(365));
    }

    @Test
    void pausesThatDoNotGrowShouldBeRefused() {
        assertThatThrownBy(() -> new Backoff(Duration.ZERO, Duration.ofHours(1))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Backoff(Duration.ofHours(2), Duration.ofHours(1))).isInstanceOf(IllegalArgumentException.class);
    }
}
