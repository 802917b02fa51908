package jamestls.mtasts.delivery;

import jamestls.net.SanitizedLogger;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.james.queue.api.MailQueue;
import org.apache.james.queue.api.MailQueue.MailQueueItem;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;

/**
 * Takes a bounded number of mails from the queue, another one for each that is settled, and runs each in a virtual thread of its own.
 * Reactor's {@code flatMap} does the same, but scans all mails in hand whenever one is settled: with thousands of them that takes
 * more CPU time than TLS.
 */
final class QueueSubscriber extends BaseSubscriber<MailQueueItem> {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(QueueSubscriber.class);
    static final Duration MIN_DELAY = Duration.ofMillis(500);
    private static final Duration MAX_DELAY = Duration.ofMinutes(1);
    /** Reactor's context key for the handler of errors after the end of one subscription. */
    private static final String ON_ERROR_DROPPED = "reactor.onErrorDropped.local";
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

    /** Subscribes to the queue, again after each error. Requests run on {@code dequeuing}, because James's JMS queues block them. */
    static Disposable subscribe(MailQueue queue, ExecutorService dequeuing, QueueSubscriber subscriber) {
        String name = queue.getName().asString();
        return Flux.from(queue.deQueue())
            .subscribeOn(Schedulers.fromExecutorService(dequeuing))
            .doOnError(error -> LOGGER.error("Queue {}: taking a mail failed, trying again", name, error))
            // a failure of the broker must not end the subscription
            .retryWhen(Retry.backoff(Long.MAX_VALUE, MIN_DELAY).maxBackoff(MAX_DELAY).transientErrors(true))
            .onErrorContinue((error, item) -> LOGGER.error("Queue {}: an entry could not be read", name, error))
            // James's queues throw after the subscription is cancelled, which is no error
            .contextWrite(context -> context.put(ON_ERROR_DROPPED,
                (Consumer<Throwable>) error -> LOGGER.debug("Error after the end of the subscription", error)))
            .subscribeWith(subscriber);
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
