package jamestls.mtasts.delivery;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.james.queue.api.MailQueue.MailQueueItem;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.BaseSubscriber;

/**
 * Takes so many mails from the queue and another for each that is settled, and gives each a thread of its own. Reactor's
 * {@code flatMap} does the same, and looks through all mails in hand whenever one is settled: with thousands in hand that
 * cost more than TLS.
 */
final class QueueSubscriber extends BaseSubscriber<MailQueueItem> {

    private static final Logger LOGGER = LoggerFactory.getLogger(QueueSubscriber.class);
    /** The queue is asked once for some of them: asking costs the hand-over to another thread. */
    private static final int SHARE_ASKED_FOR_AT_ONCE = 64;

    private final Consumer<MailQueueItem> work;
    private final ExecutorService threads;
    private final int inHand;
    private final int atOnce;
    private final AtomicLong settled = new AtomicLong();

    /** @param inHand most mails taken and not settled */
    QueueSubscriber(Consumer<MailQueueItem> work, ExecutorService threads, int inHand) {
        this.work = work;
        this.threads = threads;
        this.inHand = inHand;
        this.atOnce = Math.max(1, inHand / SHARE_ASKED_FOR_AT_ONCE);
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
            LOGGER.debug("Mail {} stays in the queue: James stops", item.getMail().getName());
        } catch (Throwable e) {
            // no thread could be started: the mail goes on in this one, whatever it costs the others
            LOGGER.error("Mail {} has no thread of its own", item.getMail().getName(), e);
            settle(item);
        }
    }

    @Override
    protected void hookOnError(Throwable error) {
        LOGGER.error("The queue hands out no more mails", error);
    }

    private void settle(MailQueueItem item) {
        try {
            work.accept(item);
        } catch (Throwable e) {
            LOGGER.error("Mail {}: its delivery ended unexpectedly", item.getMail().getName(), e);
        } finally {
            if (settled.incrementAndGet() % atOnce == 0) {
                request(atOnce);
            }
        }
    }
}
