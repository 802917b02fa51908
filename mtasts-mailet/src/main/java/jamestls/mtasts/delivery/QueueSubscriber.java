package jamestls.mtasts.delivery;

import jamestls.net.SanitizedLogger;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.james.queue.api.MailQueue.MailQueueItem;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;

/**
 * Takes a bounded number of mails from the queue, another one for each that is settled, and runs each in a virtual thread of its own.
 * Reactor's {@code flatMap} does the same, but scans all mails in hand whenever one is settled: with thousands of them that takes
 * more CPU time than TLS.
 */
final class QueueSubscriber extends BaseSubscriber<MailQueueItem> {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(QueueSubscriber.class);
    /** Mails are requested in batches of this fraction, because each request switches threads. */
    private static final int REQUEST_DIVISOR = 64;

    private final Consumer<MailQueueItem> work;
    private final ExecutorService threads;
    private final int inHand;
    private final int batch;
    private final AtomicLong settled = new AtomicLong();

    /** @param inHand the maximum of mails taken and not settled */
    QueueSubscriber(Consumer<MailQueueItem> work, ExecutorService threads, int inHand) {
        this.work = work;
        this.threads = threads;
        this.inHand = inHand;
        this.batch = Math.max(1, inHand / REQUEST_DIVISOR);
    }

    @Override
    protected void hookOnSubscribe(Subscription queue) {
        queue.request(inHand);
    }

    @Override
    protected void hookOnNext(MailQueueItem item) {
        try {
            threads.execute(() -> settle(item));
        } catch (RejectedExecutionException stopping) {
            LOGGER.debug("Mail {} stays in the queue: James is stopping", item.getMail().getName());
        } catch (Throwable e) {
            // the mail is delivered in the thread of the queue, which delays the others
            LOGGER.error("Mail {}: no thread could be started, delivering in the thread of the queue", item.getMail().getName(), e);
            settle(item);
        }
    }

    @Override
    protected void hookOnError(Throwable error) {
        LOGGER.error("The subscription to the queue has ended with an error, no more mails are taken", error);
    }

    private void settle(MailQueueItem item) {
        try {
            work.accept(item);
        } catch (Throwable e) {
            LOGGER.error("Mail {}: its delivery ended unexpectedly", item.getMail().getName(), e);
        } finally {
            if (settled.incrementAndGet() % batch == 0) {
                request(batch);
            }
        }
    }
}
