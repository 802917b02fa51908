package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RetryScheduleTest {

    @Test
    void delaysShouldFollowTheListAndThenRepeatTheLast() {
        RetrySchedule schedule = RetrySchedule.parse("5000, 2*10m, 1h", 5, QueuePriority.UNCHANGED);

        assertThat(List.of(0, 1, 2, 3, 4).stream().map(schedule::delayAfter).map(delay -> delay.orElseThrow()))
            .containsExactly(Duration.ofSeconds(5), Duration.ofMinutes(10), Duration.ofMinutes(10), Duration.ofHours(1),
                Duration.ofHours(1));
        assertThat(schedule.delayAfter(5)).isEmpty();
    }

    @Test
    void longerListShouldWinOverMaxRetries() {
        assertThat(RetrySchedule.parse("4*1s", 2, QueuePriority.UNCHANGED).delayAfter(3)).contains(Duration.ofSeconds(1));
    }

    @Test
    void noRetriesShouldMeanNone() {
        assertThat(new RetrySchedule(List.of(Duration.ofSeconds(1)), 0).delayAfter(0)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "soon", "3*", "*5s", "0*5s", "5s,,6s", "-1s", "5 fortnights", "9999*1s, 9999*1s", "99999999999999999999s"})
    void otherTextShouldBeRefusedWithTheStepThatIsWrong(String text) {
        assertThatThrownBy(() -> RetrySchedule.parse(text, 3, QueuePriority.UNCHANGED))
            .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("'");
    }
}
