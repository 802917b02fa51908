package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.queue.api.MailQueue;
import org.apache.james.queue.api.MailQueue.MailQueueItem;
import org.apache.james.queue.api.MailQueue.MailQueueItem.CompletionStatus;
import org.apache.mailet.Mail;
import org.apache.mailet.MailetContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;

/**
 * Takes mails from James's queue, lets {@link Router} send them on their way, and acknowledges each only after everything that
 * follows from the attempt is safe: outcomes recorded, retry enqueued, bounce handed over. A crash before that leaves the
 * mail in the queue: it may arrive twice, it is not lost.
 *
 * <p>Each mail has a virtual thread of its own, which waits for a turn at the recipient domain before the message is even
 * looked at; {@link OutboundResources} sees to the rest. Of the mails in hand no domain may have more than half: what goes beyond
 * returns to the queue for a moment, so that there is always room for the mails of others.
 */
public final class QueueWorker implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(QueueWorker.class);
    private static final Duration MAX_FAREWELL = Duration.ofSeconds(30);
    /** A mail in hand waits as long as it takes: the queue could do no better. */
    private static final Duration ANY_TIME = Duration.ofDays(1_000);
    private static final Duration MAX_STAY = Duration.ofSeconds(5);
    private static final Duration MIN_STAY = Duration.ofMillis(200);
    private static final int SHARE_OF_ONE_DOMAIN = 2;
    private static final Duration MIN_TROUBLE = Duration.ofMillis(500);
    private static final Duration MAX_TROUBLE = Duration.ofMinutes(1);
    /** Reactor's name for what is done with errors nobody waits for any more, in one subscription. */
    private static final String ON_ERROR_DROPPED = "reactor.onErrorDropped.local";

    private final MailQueue queue;
    private final Router dispatch;
    private final RetrySchedule schedule;
    private final FailureNotice notice;
    private final ReportMails reportMails;
    private final MailetContext context;
    private final Optional<String> onSuccess;
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("delivery-", 0).factory());
    /** James's queues on JMS block whoever asks for the next mail. */
    private final ExecutorService asking = Executors.newSingleThreadExecutor(Thread.ofVirtual().name("delivery-queue").factory());
    private final OutboundResources traffic;
    private final FairKeyedSemaphore<String> atDomain;
    private final int share;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Disposable subscription;

    /**
     * Starts at once.
     *
     * @param traffic the one that {@code delivery} goes through
     * @param inHand most mails taken from the queue and not yet settled, most of them waiting
     * @param reportMails how the mails that carry TLS reports end
     */
    public QueueWorker(MailQueue queue, Router dispatch, RetrySchedule schedule, MailetContext context,
                       Optional<String> bounceProcessor, Optional<String> onSuccess, OutboundResources traffic, int inHand,
                           ReportMails reportMails) {
        this.queue = queue;
        this.dispatch = dispatch;
        this.schedule = schedule;
        this.notice = new FailureNotice(context, bounceProcessor);
        this.reportMails = reportMails;
        this.context = context;
        this.onSuccess = onSuccess;
        this.traffic = traffic;
        this.atDomain = traffic.atDomain();
        this.share = Math.max(1, inHand / SHARE_OF_ONE_DOMAIN);
        this.subscription = Flux.from(queue.deQueue())
            .subscribeOn(Schedulers.fromExecutorService(asking))
            .doOnError(error -> LOGGER.error("queue {} hands out no mail; it is asked again", queue.getName().asString(), error))
            // a broker that fails once must not end delivery for good
            .retryWhen(Retry.backoff(Long.MAX_VALUE, MIN_TROUBLE).maxBackoff(MAX_TROUBLE).transientErrors(true))
            .onErrorContinue((error, item) -> LOGGER.error("queue {} handed out something unusable", queue.getName().asString(), error))
            // James's queues throw at whoever no longer asks: that is the end, and no error
            .contextWrite(about -> about.put(ON_ERROR_DROPPED, (Consumer<Throwable>) error -> LOGGER.debug("after the end", error)))
            .subscribeWith(new QueueSubscriber(this::work, threads, inHand));
    }

    private void work(MailQueueItem item) {
        try {
            boolean settled = settle(item.getMail());
            item.done(settled ? CompletionStatus.SUCCESS : CompletionStatus.RETRY);
        } catch (MailQueue.MailQueueException e) {
            LOGGER.error("queue {} did not take the acknowledgement of {}; the mail may be delivered again",
                queue.getName().asString(), item.getMail().getName(), e);
        } finally {
            LifecycleUtil.dispose(item.getMail());
        }
    }

    /** @return false if the mail must stay in the queue, because James stops before all that follows from the attempt is safe */
    private boolean settle(Mail mail) {
        DeliveryCompletion settlement = new DeliveryCompletion(mail.getName());
        switch (attempt(mail)) {
            case DeliveryResult.Answered answered -> {
                settlement.then(() -> announce(mail, answered.accepted()));
                Map<MailAddress, Failure> failed = answered.accepted().isEmpty() ? answered.failed()
                    : withoutLeftOver(answered.failed(), mail, settlement);
                settleFailed(mail, failed, settlement);
            }
            case DeliveryResult.Deferred deferred -> settleFailed(mail, all(mail, deferred.why()), settlement);
            case DeliveryResult.Refused refused -> settleFailed(mail, all(mail, refused.why()), settlement);
            case DeliveryResult.Postponed postponed -> {
                if (atDomain.isClosed()) {
                    return false;
                }
                Duration stay = stayInQueue(mail);
                settlement.then(() -> queue.enQueue(mail, stay));
            }
        }
        return settlement.complete(stopping);
    }

    private DeliveryResult attempt(Mail mail) {
        try {
            return inTurn(mail, domainOf(mail));
        } catch (MessagingException | IOException | RuntimeException e) {
            // our mistake or an unreadable message: never a reason to bounce what may be deliverable
            LOGGER.error("delivery of {} failed unexpectedly", mail.getName(), e);
            return new DeliveryResult.Deferred(
                Failure.temporary("3.0", "delivery to " + mail.getRecipients() + " failed unexpectedly: " + e));
        }
    }

    private DeliveryResult inTurn(Mail mail, String domain) throws MessagingException, IOException {
        if (atDomain.users(domain) >= share) {
            return new DeliveryResult.Postponed("too many mails for " + domain + " are waiting");
        }
        Optional<Permit> turn = atDomain.take(domain, ANY_TIME);
        if (turn.isEmpty()) {
            return new DeliveryResult.Postponed("James stops");
        }
        try (Permit mine = turn.get()) {
            reportMails.leaving(mail);
            return dispatch.attempt(mail);
        }
    }

    /** Until half of those before it are through, if they go on as they did: who comes back too early is in the way of others. */
    private Duration stayInQueue(Mail mail) {
        Duration half = atDomain.expectedWait(domainOf(mail)).orElse(MAX_STAY).dividedBy(2);
        return half.compareTo(MAX_STAY) > 0 ? MAX_STAY : half.compareTo(MIN_STAY) < 0 ? MIN_STAY : half;
    }

    private static String domainOf(Mail mail) {
        return mail.getRecipients().iterator().next().getDomain().asString();
    }

    /** RFC 5321 §4.5.3.1.10: who is left over because the server takes only so many at once gets the mail right after, as no retry. */
    private Map<MailAddress, Failure> withoutLeftOver(Map<MailAddress, Failure> failed, Mail mail, DeliveryCompletion settlement) {
        Map<MailAddress, Failure> others = new HashMap<>(failed);
        others.values().removeIf(Failure::isTooManyRecipients);
        List<MailAddress> leftOver = failed.keySet().stream().filter(recipient -> !others.containsKey(recipient)).toList();
        if (!leftOver.isEmpty()) {
            settlement.then(() -> {
                Mail rest = mail.duplicate();
                try {
                    rest.setRecipients(leftOver);
                    queue.enQueue(rest, MIN_STAY);
                } finally {
                    LifecycleUtil.dispose(rest);
                }
            });
        }
        return others;
    }

    private void settleFailed(Mail mail, Map<MailAddress, Failure> failed, DeliveryCompletion settlement) {
        Map<MailAddress, Failure> later = new HashMap<>();
        Map<MailAddress, Failure> never = new HashMap<>();
        Optional<Duration> delay = reportMails.scheduleOf(mail).orElse(schedule)
            .delayAfter(FailureNotice.retriesOf(mail)).filter(pause -> reportMails.mayWait(mail, pause));
        failed.forEach((recipient, failure) -> {
            if (!failure.isPermanent() && delay.isPresent()) {
                later.put(recipient, failure);
            } else {
                never.put(recipient, failure.givenUp());
            }
        });
        if (!never.isEmpty() && ReportMails.isReport(mail)) {
            never.keySet().forEach(recipient -> reportMails.lost(mail, recipient, failed.get(recipient)));
        } else {
            notice.bounces(never).forEach((failure, recipients) -> settlement.then(() -> notice.bounce(mail, recipients, failure)));
        }
        if (!later.isEmpty()) {
            settlement.then(() -> {
                mail.setRecipients(later.keySet());
                FailureNotice.mark(mail, later.values().iterator().next());
                schedule.prepareRetry(mail);
            });
            settlement.then(() -> queue.enQueue(mail, delay.orElseThrow()));
        }
    }

    private void announce(Mail mail, List<MailAddress> accepted) throws MessagingException {
        if (onSuccess.isEmpty() || accepted.isEmpty()) {
            return;
        }
        Mail delivered = mail.duplicate();
        try {
            delivered.setRecipients(accepted);
            context.sendMail(delivered, onSuccess.get());
        } finally {
            LifecycleUtil.dispose(delivered);
        }
    }

    private static Map<MailAddress, Failure> all(Mail mail, Failure failure) {
        Map<MailAddress, Failure> failed = new HashMap<>();
        mail.getRecipients().forEach(recipient -> failed.put(recipient, failure));
        return failed;
    }

    /**
     * Takes no further mail and starts no further delivery; waits up to 30 seconds for those under way. The others stay in
     * the queue.
     */
    @Override
    public void close() {
        stopping.countDown();
        subscription.dispose();
        asking.shutdownNow();
        traffic.stop();
        threads.shutdown();
        try {
            if (!threads.awaitTermination(MAX_FAREWELL.toSeconds(), TimeUnit.SECONDS)) {
                LOGGER.warn("deliveries from queue {} that did not end within {} are cut off; their mails stay in the queue",
                    queue.getName().asString(), MAX_FAREWELL);
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
