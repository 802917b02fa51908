package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jamestls.net.Backoff;
import jamestls.net.SanitizedLogger;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.james.queue.api.MailQueue.MailQueueException;

/**
 * Stores everything that follows from an attempt, step by step, before the mail is acknowledged to its queue. A step that fails is
 * retried after a growing pause; finished steps are not repeated. The mail is not returned to the queue instead, for two reasons: it
 * would be delivered again to recipients that have it, and a broker drops mails that were returned too often (ActiveMQ moves them to
 * its dead letter queue after six times).
 *
 * <p>A step is retried without limit while the queue is down. A notice that fails for another reason (it can't be built, or James
 * refuses it) is given up after five tries in ten minutes and replaced by its fallback, so that one bad mail does not occupy a place.
 */
final class DeliveryCompletion {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(DeliveryCompletion.class);
    private static final Backoff BACKOFF = new Backoff(Duration.ofMillis(500), Duration.ofMinutes(5));
    /** The pauses between the five tries of a notice. */
    static final List<Duration> NOTICE_PAUSES =
        List.of(Duration.ofSeconds(5), Duration.ofSeconds(25), Duration.ofMinutes(2), Duration.ofSeconds(450));

    /** One step. If it throws, it has had no effect and can be repeated. */
    @FunctionalInterface
    interface Step {
        void run() throws MessagingException;
    }

    /** Replaces a notice that failed permanently. */
    @FunctionalInterface
    interface Fallback {
        void run(Throwable why) throws MessagingException;
    }

    /** Limits how many mails wait at a time between the tries of their notices. */
    static final class PauseSlots {

        private final Semaphore permits;

        private PauseSlots(int mails) {
            permits = new Semaphore(mails);
        }

        static PauseSlots of(int mails) {
            return new PauseSlots(mails);
        }

        /** @return false if too many mails already wait; the tries then follow without pauses */
        private boolean begin() {
            return permits.tryAcquire();
        }

        private void end() {
            permits.release();
        }
    }

    /** @param fallback null for a step that is retried without limit */
    private record Task(Step step, Fallback fallback) {
    }

    private final String mail;
    private final List<Duration> noticePauses;
    private final PauseSlots slots;
    private final Deque<Task> tasks = new ArrayDeque<>();

    /**
     * @param mail the name of the mail, for the log
     * @param noticePauses the pauses between the tries of a notice
     * @param slots shared by all mails of the queue
     */
    DeliveryCompletion(String mail, List<Duration> noticePauses, PauseSlots slots) {
        this.mail = mail;
        this.noticePauses = noticePauses;
        this.slots = slots;
    }

    /** Adds a step that is retried until it succeeds. */
    void then(Step step) {
        tasks.addLast(new Task(step, null));
    }

    /** Adds a notice, and the step that replaces it after its last failed try. The fallback is retried until it succeeds. */
    void thenTry(Step notice, Fallback fallback) {
        tasks.addLast(new Task(notice, fallback));
    }

    /**
     * Runs all steps.
     *
     * @param stopping at zero once James is stopping; no step is retried after that
     * @return false if James stopped before all steps were done
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
        int failures = 0;
        int tries = 0;
        boolean waits = false;
        try {
            while (true) {
                try {
                    task.step().run();
                    return true;
                } catch (Throwable e) {
                    boolean counts = task.fallback() != null && !isOutage(e);
                    if (counts && tries == noticePauses.size()) {
                        LOGGER.error("Mail {}: giving up its bounce or success notice after {} tries", mail, tries + 1, e);
                        return complete(new Task(() -> task.fallback().run(e), null), stopping);
                    }
                    waits = waits || counts && slots.begin();
                    Duration next = !counts ? BACKOFF.pause(failures) : waits ? noticePauses.get(tries) : Duration.ZERO;
                    LOGGER.error("Mail {}: retry or bounce could not be stored, trying again in {}", mail, next, e);
                    if (stops(stopping, next)) {
                        return false;
                    }
                    tries += counts ? 1 : 0;
                    failures++;
                }
            }
        } finally {
            if (waits) {
                slots.end();
            }
        }
    }

    /** Whether the queue is down, which is not the fault of this mail. */
    private static boolean isOutage(Throwable thrown) {
        Throwable cause = thrown;
        for (int depth = 0; cause != null && depth < 20; depth++, cause = cause.getCause()) {
            if (cause instanceof MailQueueException) {
                return true;
            }
        }
        return false;
    }

    /** Waits; true when James stops meanwhile. */
    static boolean stops(CountDownLatch stopping, Duration pause) {
        try {
            return stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }
}
