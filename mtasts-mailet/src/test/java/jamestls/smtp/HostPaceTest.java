package jamestls.smtp;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.smtp.HostPace.Processor;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HostPaceTest {

    private static final long OPENING = Duration.ofMillis(100).toNanos();
    private static final long MAIL = Duration.ofMillis(40).toNanos();

    private final ReentrantLock lock = new ReentrantLock();
    private final HostPace host = new HostPace(lock.newCondition());

    @BeforeEach
    void oneSessionThatHasCarriedAMailAndCarriesAnother() {
        lock.lock();
        host.opens();
        host.opened(OPENING);
        host.openingEnds();
        host.carried(MAIL);
        host.taken();
    }

    @Test
    void backlogThatTakesLongerThanOpeningShouldHaveAnotherSession() {
        assertThat(host.patience(6, 0, Processor.FREE)).isZero();
    }

    @Test
    void shortBacklogShouldWait() {
        assertThat(host.patience(5, 0, Processor.FREE)).isPositive();
    }

    @Test
    void fewMailsShouldWaitWhileThereIsNoProcessorToOpenAnotherSession() {
        assertThat(host.patience(39, 0, Processor.TAKEN)).isPositive();
    }

    @Test
    void manyMailsShouldHaveAnotherSessionAllTheSame() {
        assertThat(host.patience(40, 0, Processor.TAKEN)).isZero();
    }

    @Test
    void noMailShouldWaitForAProcessorForLong() {
        assertThat(host.patience(39, Duration.ofSeconds(10).toNanos(), Processor.TAKEN)).isNotPositive();
    }

    @Test
    void firstMailsShouldWaitUntilTheServerHasAnswered() {
        HostPace unknown = new HostPace(lock.newCondition());
        unknown.opens();

        assertThat(unknown.patience(1_000, 0, Processor.FREE)).isPositive();
    }
}
