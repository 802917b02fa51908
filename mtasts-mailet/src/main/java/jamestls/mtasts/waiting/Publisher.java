package jamestls.mtasts.waiting;

import jamestls.net.Backoff;
import jamestls.net.SanitizedLogger;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.james.queue.api.MailQueue;
import org.apache.james.queue.api.MailQueue.MailQueueException;
import org.apache.mailet.Mail;

/**
 * Puts mails into a queue, and waits a bounded time for the broker's answer. James's RabbitMQ queue waits without end for the confirmation
 * of a mail whose connection is lost, and keeps one of its few channels meanwhile; an interrupt returns the channel.
 */
public final class Publisher {

    /** The class of James's queue on RabbitMQ. */
    public static final String RABBITMQ = "org.apache.james.queue.rabbitmq.RabbitMQMailQueue";
    /** How long the broker's answer is waited for. Afterwards the mail may be in the queue or not. */
    static final Duration TIMEOUT = Duration.ofSeconds(10);
    static final int MAX_TRIES = 6;
    private static final Backoff BACKOFF = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(15));
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Publisher.class);

    private Publisher() {
    }

    /** One try. */
    @FunctionalInterface
    interface Try {
        void run() throws MailQueueException;
    }

    /** Whether a queue is James's on RabbitMQ; interfaces don't tell. */
    private static boolean isRabbitMq(Class<?> type) {
        return type != null && (type.getName().equals(RABBITMQ) || isRabbitMq(type.getSuperclass()));
    }

    /** Puts a mail into a queue to be delivered at once; see {@link #publish(MailQueue, Mail, Duration)}. */
    public static void publish(MailQueue queue, Mail mail) throws MailQueueException {
        publish(queue, mail, Duration.ZERO);
    }

    /**
     * Puts a mail into a queue.
     *
     * @param delay for queues that honour delays
     * @throws MailQueueException if the queue refuses the mail, or if RabbitMQ does not answer in time
     */
    public static void publish(MailQueue queue, Mail mail, Duration delay) throws MailQueueException {
        if (isRabbitMq(queue.getClass())) {
            inTime(queue, mail, TIMEOUT, () -> { });
        } else if (delay.isZero()) {
            queue.enQueue(mail);
        } else {
            queue.enQueue(mail, delay);
        }
    }

    /**
     * Puts a mail into a queue, and tries again after pauses if RabbitMQ fails, for a mail that nobody else would try again. A mail that
     * was in the queue although the broker did not answer is delivered twice.
     *
     * @throws MailQueueException if six tries fail; if one fails, for other queues than RabbitMQ
     */
    public static void publishPersistently(MailQueue queue, Mail mail) throws MailQueueException {
        if (isRabbitMq(queue.getClass())) {
            persistently("Mail " + mail.getName(), () -> publish(queue, mail), BACKOFF);
        } else {
            publish(queue, mail);
        }
    }

    static void persistently(String what, Try publishing, Backoff pauses) throws MailQueueException {
        for (int tries = 1; ; tries++) {
            try {
                publishing.run();
                return;
            } catch (MailQueueException e) {
                if (tries >= MAX_TRIES || !paused(pauses.pause(tries - 1))) {
                    throw e;
                }
                LOGGER.info("{} could not be put into the queue, trying again: {}", what, e.getMessage());
            }
        }
    }

    /**
     * Publishes to any queue in a thread of its own, which is interrupted after the time.
     *
     * @param afterwards runs when the queue reads the mail no longer, which may be later
     */
    static void inTime(MailQueue queue, Mail mail, Duration timeout, Runnable afterwards) throws MailQueueException {
        FutureTask<Void> sent = new FutureTask<>(() -> {
            try {
                queue.enQueue(mail);
                return null;
            } finally {
                afterwards.run();
            }
        });
        Thread.ofVirtual().name("waiting-publish").start(sent);
        try {
            sent.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new MailQueueException(e.getCause().toString(), e);
        } catch (TimeoutException e) {
            throw new MailQueueException("no answer within " + timeout.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MailQueueException("interrupted", e);
        } finally {
            // no effect if it has ended
            sent.cancel(true);
        }
    }

    private static boolean paused(Duration pause) {
        try {
            Thread.sleep(pause);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
