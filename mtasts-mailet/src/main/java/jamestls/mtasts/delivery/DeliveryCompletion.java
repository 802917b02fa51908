package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has to be safe before a mail may be acknowledged, step by step. A step that fails is tried again, after longer and
 * longer pauses, and those before it are not done twice. Giving the mail back to the queue instead would have it delivered
 * again to whoever has it already; and a queue with a broker gives up a mail that was given back too often (ActiveMQ after six
 * times, into its dead letter queue).
 */
final class DeliveryCompletion {

    private static final Logger LOGGER = LoggerFactory.getLogger(DeliveryCompletion.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration MAX_PAUSE = Duration.ofMinutes(5);

    /** Has happened, or has not, if it throws. */
    @FunctionalInterface
    interface Step {
        void run() throws MessagingException;
    }

    private final String mail;
    private final Deque<Step> steps = new ArrayDeque<>();

    /** @param mail its name, for the log */
    DeliveryCompletion(String mail) {
        this.mail = mail;
    }

    /** That must happen, too, after what was said before. */
    void then(Step step) {
        steps.addLast(step);
    }

    /**
     * Does all of it.
     *
     * @param stopping zero when James stops: then nothing is tried again
     * @return false if James stops before everything is safe
     */
    boolean complete(CountDownLatch stopping) {
        Duration pause = FIRST_PAUSE;
        while (!steps.isEmpty()) {
            try {
                steps.getFirst().run();
                steps.removeFirst();
                pause = FIRST_PAUSE;
            } catch (MessagingException | RuntimeException e) {
                LOGGER.error("mail {} stays in hand, what follows from it can't be made safe now; next try in {}", mail, pause, e);
                if (stops(stopping, pause)) {
                    return false;
                }
                pause = pause.multipliedBy(2).compareTo(MAX_PAUSE) > 0 ? MAX_PAUSE : pause.multipliedBy(2);
            }
        }
        return true;
    }

    private static boolean stops(CountDownLatch stopping, Duration pause) {
        try {
            return stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }
}
