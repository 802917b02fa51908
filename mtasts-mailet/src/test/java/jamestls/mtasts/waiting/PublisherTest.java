package jamestls.mtasts.waiting;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.net.Backoff;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.james.queue.api.MailQueue.MailQueueException;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Mail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PublisherTest {

    private static final Backoff AT_ONCE = new Backoff(Duration.ofMillis(1), Duration.ofMillis(1));

    private final DirectQueue queue = new DirectQueue();
    private final Mail mail = MailImpl.builder().name("Mail1").build();
    private final AtomicInteger tries = new AtomicInteger();

    @AfterEach
    void forgetInterrupt() {
        Thread.interrupted();
    }

    @Test
    @Timeout(30)
    void brokerThatDoesNotAnswerShouldBeWaitedForOnlySoLongAndThenBeLeftAlone() throws Exception {
        CountDownLatch interrupted = new CountDownLatch(1);
        CountDownLatch over = new CountDownLatch(1);
        queue.before = any -> {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                interrupted.countDown();
                throw new IllegalStateException(e);
            }
        };

        assertThatThrownBy(() -> Publisher.inTime(queue, mail, Duration.ofMillis(50), over::countDown))
            .isInstanceOf(MailQueueException.class).hasMessageContaining("no answer within");

        // else James's queue keeps the channel
        assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(over.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(queue.published.get()).isZero();
    }

    @Test
    void mailShouldBePublishedOnceAndItsQueueReadItNoLonger() throws Exception {
        AtomicInteger over = new AtomicInteger();

        Publisher.inTime(queue, mail, Publisher.TIMEOUT, over::incrementAndGet);

        assertThat(queue.published.get()).isEqualTo(1);
        assertThat(over.get()).isEqualTo(1);
    }

    @Test
    void failureShouldBeToldWithItsCause() {
        queue.before = any -> {
            throw new IllegalStateException("Timeout waiting for idle object");
        };

        assertThatThrownBy(() -> Publisher.inTime(queue, mail, Publisher.TIMEOUT, () -> { })).isInstanceOf(MailQueueException.class)
            .hasMessageContaining("Timeout waiting for idle object");
    }

    @Test
    void failuresShouldBeTriedAgainUntilOneSucceeds() throws Exception {
        Publisher.persistently("Mail", () -> failUntil(3), AT_ONCE);

        assertThat(tries.get()).isEqualTo(3);
    }

    @Test
    void sixFailuresShouldBeTheEnd() {
        assertThatThrownBy(() -> Publisher.persistently("Mail", () -> failUntil(100), AT_ONCE)).isInstanceOf(MailQueueException.class);

        assertThat(tries.get()).isEqualTo(Publisher.MAX_TRIES);
    }

    @Test
    void interruptShouldEndThePauses() {
        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> Publisher.persistently("Mail", () -> failUntil(100), AT_ONCE)).isInstanceOf(MailQueueException.class);

        assertThat(tries.get()).isEqualTo(1);
    }

    private void failUntil(int success) throws MailQueueException {
        if (tries.incrementAndGet() < success) {
            throw new MailQueueException("try " + tries.get());
        }
    }
}
