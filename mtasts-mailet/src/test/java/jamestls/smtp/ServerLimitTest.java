package jamestls.smtp;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.smtp.SessionFailure.Phase;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ServerLimitTest {

    private static final SessionFailure REFUSED = new SessionFailure(Phase.GREETING, "421 too many", Optional.empty());
    private static final long OPENING = Duration.ofMillis(1_200).toNanos();

    private final ReentrantLock lock = new ReentrantLock();
    private final ServerLimit server = new ServerLimit(20, lock.newCondition());
    private long now = 1;

    @BeforeEach
    void lock() {
        lock.lock();
    }

    @Test
    void unprovenServerShouldGetOneSession() {
        assertThat(server.mayOpen(1_000, OPENING, now)).isTrue();
        server.opens();
        assertThat(server.mayOpen(1_000, OPENING, now)).as("while it is opened").isFalse();
        server.opened(OPENING, now);
        assertThat(server.mayOpen(1_000, OPENING, now)).as("until it has answered").isFalse();
        server.idles(now);
        assertThat(server.mayOpen(1_000, 0, now)).isTrue();
    }

    @Test
    void mailShouldWaitAsLongAsOpeningTakes() {
        open(1);

        pass(Duration.ofNanos(OPENING));

        assertThat(server.mayOpen(10, OPENING - 1, now)).isFalse();
        assertThat(server.mayOpen(10, OPENING, now)).isTrue();
        server.opens();
        server.opened(OPENING, now);
        assertThat(server.mayOpen(10, OPENING, now)).as("right after another was opened").isFalse();
        assertThat(server.mayOpen(60, 0, now)).as("many mails").isTrue();
    }

    @Test
    void mailShouldWaitForASecondWhereOpeningTakesLess() {
        server.opens();
        server.opened(Duration.ofMillis(100).toNanos(), now);
        server.idles(now);

        pass(Duration.ofSeconds(1));
        assertThat(server.mayOpen(10, Duration.ofMillis(999).toNanos(), now)).isFalse();
        assertThat(server.mayOpen(10, Duration.ofSeconds(1).toNanos(), now)).isTrue();
    }

    @Test
    void sessionsThatAServerHasTakenBeforeShouldBeOpenedAtOnceAgain() {
        open(8);
        for (int i = 0; i < 7; i++) {
            server.closes(now);
            server.closed();
        }

        for (int i = 0; i < 7; i++) {
            assertThat(server.mayOpen(1_000, OPENING, now)).isTrue();
            server.opens();
        }
        assertThat(server.mayOpen(1_000, OPENING, now)).as("beyond what it has taken").isFalse();
    }

    @Test
    void aRefusalShouldEndWhatTheServerHasTakenBefore() {
        open(8);
        for (int i = 0; i < 6; i++) {
            server.closes(now);
            server.closed();
        }
        refuse();
        pass(Duration.ofMinutes(2));
        server.idles(now);

        assertThat(server.mayOpen(1_000, OPENING, now)).as("the limit of two has risen to three").isTrue();
        server.opens();
        assertThat(server.mayOpen(1_000, OPENING, now)).isFalse();
    }

    @Test
    void openingsAtOnceShouldBeBounded() {
        open(8);
        for (int i = 0; i < 3; i++) {
            assertThat(server.mayOpen(1_000, OPENING, now)).isTrue();
            server.opens();
        }

        assertThat(server.mayOpen(1_000, OPENING, now)).isFalse();
    }

    @Test
    void refusalBesideWorkingSessionsShouldSetTheLimitToTheirNumber() {
        open(5);

        assertThat(refuse()).isTrue();
        assertThat(server.limit(now)).isEqualTo(5);
        assertThat(server.mayOpen(1_000, OPENING, now)).isFalse();
        assertThat(server.isProven(now)).isTrue();
    }

    @Test
    void learnedLimitShouldRiseByHalfEveryTwoMinutesInWhichMailIsCarried() {
        open(2);
        refuse();

        pass(Duration.ofMinutes(3));
        assertThat(server.limit(now)).as("nothing carried").isEqualTo(2);
        server.idles(now);
        assertThat(server.limit(now)).isEqualTo(3);
        pass(Duration.ofMinutes(1));
        assertThat(server.limit(now)).isEqualTo(3);
        for (int expected : new int[] {5, 8, 12, 18, 20}) {
            pass(Duration.ofMinutes(2));
            assertThat(server.limit(now)).isEqualTo(expected);
        }
    }

    @Test
    void sessionOnItsWayOutShouldCountForAServerThatRefuses() {
        open(1);
        refuse();
        server.closes(now);

        assertThat(server.mayOpen(1, 0, now)).isFalse();
        server.closed();
        assertThat(server.mayOpen(1, 0, now)).isTrue();
    }

    @Test
    void failureWithoutWorkingSessionsShouldBeEverybodys() {
        server.opens();

        assertThat(server.refused(REFUSED, OPENING, now)).isFalse();
        assertThat(server.failures()).isEqualTo(1);
        assertThat(server.failure()).isEqualTo(REFUSED);
        assertThat(server.isLeftAlone(now)).as("a quick answer").isFalse();
    }

    @Test
    void silentServerShouldBeLeftAloneForAsLongAsItTook() {
        server.opens();
        server.refused(REFUSED, Duration.ofMinutes(3).toNanos(), now);

        pass(Duration.ofMinutes(3).minusNanos(1));
        assertThat(server.isLeftAlone(now)).isTrue();
        pass(Duration.ofNanos(1));
        assertThat(server.isLeftAlone(now)).isFalse();
    }

    @Test
    void serverShouldBeForgottenAfterAnHourWithoutMail() {
        open(1);
        server.closes(now);
        server.closed();

        pass(Duration.ofHours(1).minusNanos(1));
        assertThat(server.isProven(now)).isTrue();
        pass(Duration.ofNanos(1));
        assertThat(server.isProven(now)).isFalse();
        assertThat(server.isForgotten(now)).isTrue();
    }

    private void open(int sessions) {
        for (int i = 0; i < sessions; i++) {
            server.opens();
            server.opened(OPENING, now);
        }
        server.idles(now);
    }

    private boolean refuse() {
        server.opens();
        return server.refused(REFUSED, OPENING, now);
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }
}
