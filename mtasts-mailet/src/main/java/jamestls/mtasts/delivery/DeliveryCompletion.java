package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.james.queue.api.MailQueue.MailQueueException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has to be stored before a mail may be acknowledged, step by step. A step that fails is tried again after a growing pause;
 * those before it are not done twice. Giving the mail back to the queue instead would have it delivered again to recipients that have
 * it, and a broker gives up a mail that was given back too often (ActiveMQ after six times, into its dead letter queue).
 *
 * <p>While the queue is down a step is tried for ever. A notice that fails for another reason, because it can't be built or is
 * refused, is given up after five tries in ten minutes, and something else is done instead: one bad mail must not keep its place.
 */
final class DeliveryCompletion {

    private static final Logger LOGGER = LoggerFactory.getLogger(DeliveryCompletion.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration MAX_PAUSE = Duration.ofMinutes(5);
    /** Between the five tries of a notice. */
    static final List<Duration> NOTICE_PAUSES =
        List.of(Duration.ofSeconds(5), Duration.ofSeconds(25), Duration.ofMinutes(2), Duration.ofSeconds(450));

    /** Has happened, or has not, if it throws. */
    @FunctionalInterface
    interface Step {
        void run() throws MessagingException;
    }

    /** What is done instead of a notice that failed for good. */
    @FunctionalInterface
    interface Instead {
        void run(Throwable why) throws MessagingException;
    }

    /** How many mails may keep their places during the pauses between the tries of their notices. */
    static final class Patience {

        private final Semaphore places;

        private Patience(int mails) {
            places = new Semaphore(mails);
        }

        static Patience of(int mails) {
            return new Patience(mails);
        }

        /** @return false if too many mails wait for their notices already: then the tries follow at once */
        private boolean begin() {
            return places.tryAcquire();
        }

        private void end() {
            places.release();
        }
    }

    /** @param instead null for a step that is tried for ever */
    private record Task(Step step, Instead instead) {
    }

    private final String mail;
    private final List<Duration> noticePauses;
    private final Patience patience;
    private final Deque<Task> tasks = new ArrayDeque<>();

    /**
     * @param mail its name, for the log
     * @param noticePauses between the tries of a notice
     */
    DeliveryCompletion(String mail, List<Duration> noticePauses, Patience patience) {
        this.mail = mail;
        this.noticePauses = noticePauses;
        this.patience = patience;
    }

    /** Adds a step that must succeed, however long it takes. */
    void then(Step step) {
        tasks.addLast(new Task(step, null));
    }

    /** Adds a step that is replaced by another if it fails again and again; the other must succeed. */
    void thenTry(Step notice, Instead instead) {
        tasks.addLast(new Task(notice, instead));
    }

    /**
     * Does all of it.
     *
     * @param stopping zero when James stops: then nothing is tried again
     * @return false if James stops before everything is done
     */
    boolean complete(CountDownLatch stopping) {
        while (!tasks.isEmpty()) {
            if (!complete(tasks.getFirst(), stopping)) {
                return false;
            }
            tasks.removeFirst();
        }
        return true;
    }

    private boolean complete(Task task, CountDownLatch stopping) {
        Duration pause = FIRST_PAUSE;
        int tries = 0;
        boolean waits = false;
        try {
            while (true) {
                try {
                    task.step().run();
                    return true;
                } catch (Throwable e) {
                    boolean counts = task.instead() != null && !isOutage(e);
                    if (counts && tries == noticePauses.size()) {
                        LOGGER.error("Mail {}: giving up its bounce or notice after {} tries", mail, tries + 1, e);
                        return complete(new Task(() -> task.instead().run(e), null), stopping);
                    }
                    waits = waits || counts && patience.begin();
                    Duration next = !counts ? pause : waits ? noticePauses.get(tries) : Duration.ZERO;
                    LOGGER.error("Mail {}: retry or bounce could not be stored, trying again in {}", mail, next, e);
                    if (stops(stopping, next)) {
                        return false;
                    }
                    tries += counts ? 1 : 0;
                    pause = pause.multipliedBy(2).compareTo(MAX_PAUSE) > 0 ? MAX_PAUSE : pause.multipliedBy(2);
                }
            }
        } finally {
            if (waits) {
                patience.end();
            }
        }
    }

    /** Whether the queue is down: that is nothing the mail could help. */
    private static boolean isOutage(Throwable thrown) {
        Throwable cause = thrown;
        for (int depth = 0; cause != null && depth < 20; depth++, cause = cause.getCause()) {
            if (cause instanceof MailQueueException) {
                return true;
            }
        }
        return false;
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
