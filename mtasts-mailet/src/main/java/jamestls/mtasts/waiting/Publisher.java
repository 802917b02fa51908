package jamestls.mtasts.waiting;

import jamestls.net.Backoff;
import jamestls.net.SanitizedLogger;
import java.time.Duration;
import org.apache.james.queue.api.MailQueue;
import org.apache.james.queue.api.MailQueue.MailQueueException;
import org.apache.mailet.Mail;
import reactor.core.publisher.Mono;

/**
 * Puts mails into a queue, and waits a bounded time for the broker's answer. James's RabbitMQ queue waits without end for the confirmation
 * of a mail whose connection is lost, and keeps one of its few channels meanwhile; cancelling returns the channel.
 */
public final class Publisher {

    /** How long the broker's answer is waited for. Afterwards the mail may be in the queue or not. */
    static final Duration TIMEOUT = Duration.ofSeconds(10);
    /** The class of James's queue on RabbitMQ. */
    public static final String RABBITMQ = "org.apache.james.queue.rabbitmq.RabbitMQMailQueue";
    private static final int MAX_TRIES = 6;
    private static final Backoff BACKOFF = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(15));
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Publisher.class);

    private Publisher() {
    }

    /** Whether a queue is James's on RabbitMQ; interfaces don't tell. */
    private static boolean isRabbitMq(Class<?> type) {
        return type != null && (type.getName().equals(RABBITMQ) || isRabbitMq(type.getSuperclass()));
    }

    /** @throws MailQueueException if the queue refuses the mail, or does not answer in time */
    public static void publish(MailQueue queue, Mail mail) throws MailQueueException {
        if (!isRabbitMq(queue.getClass())) {
            queue.enQueue(mail);
            return;
        }
        try {
            Mono.from(queue.enqueueReactive(mail)).block(TIMEOUT);
        } catch (RuntimeException e) {
            throw new MailQueueException("mail " + mail.getName() + " could not be put into queue " + queue.getName().asString(), e);
        }
    }

    /**
     * Publishes, and again after pauses if that fails, for a mail that nobody else would try again. A mail that was in the queue although
     * the broker did not answer is delivered twice.
     *
     * @param delay for queues that honour delays
     * @throws MailQueueException if six tries fail; if one fails, for other queues than RabbitMQ
     */
    public static void publishPersistently(MailQueue queue, Mail mail, Duration delay) throws MailQueueException {
        if (!isRabbitMq(queue.getClass())) {
            if (delay.isZero()) {
                queue.enQueue(mail);
            } else {
                queue.enQueue(mail, delay);
            }
            return;
        }
        for (int tries = 1; ; tries++) {
            try {
                publish(queue, mail);
                return;
            } catch (MailQueueException e) {
                if (tries >= MAX_TRIES || !paused(BACKOFF.pause(tries - 1))) {
                    throw e;
                }
                LOGGER.info("{}, trying again: {}", e.getMessage(), String.valueOf(e.getCause()));
            }
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
