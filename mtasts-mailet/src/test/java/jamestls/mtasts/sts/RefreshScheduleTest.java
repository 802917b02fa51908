package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RefreshScheduleTest {

    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

    private final RefreshSchedule schedule = RefreshSchedule.daily(new Random(1));

    @ParameterizedTest
    @CsvSource({"P30D, PT12H, PT24H", "P2D, PT12H, PT24H", "P1D, PT6H, PT12H", "PT4H, PT1H, PT2H", "PT1M, PT1H, PT1H", "PT0S, PT1H, PT1H"})
    void refreshShouldComeWithinADayAndTheFirstHalfOfMaxAge(Duration maxAge, Duration least, Duration most) {
        Set<Duration> delays = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            delays.add(Duration.between(NOW, schedule.afterFetch(NOW, maxAge)));
        }

        assertThat(delays).allMatch(delay -> delay.compareTo(least) >= 0 && delay.compareTo(most) <= 0);
        // not to be foreseen, unless it is the shortest time there is
        assertThat(delays).hasSizeGreaterThan(least.equals(most) ? 0 : 190);
    }

    @Test
    void failureShouldBeRetriedLaterThanTheBackOffAndWithinTheHour() {
        for (int i = 0; i < 200; i++) {
            assertThat(schedule.afterFailure(NOW)).isBetween(NOW.plus(FetchBackOff.PAUSE), NOW.plus(Duration.ofHours(1)));
        }
    }
}
