package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
import jamestls.mtasts.delivery.OutboundMail.Retry;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.james.core.Domain;
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

/**
 * Takes mails from James's queue, lets {@link Router} send them on their way, and acknowledges each only after everything that
 * follows from the attempt is stored: outcomes recorded, retry enqueued, bounce handed over. A crash before that leaves the
 * mail in the queue: it may arrive twice, it is not lost. Whatever a mail's delivery throws, its place is free again and the others go on.
 *
 * <p>Each mail has a virtual thread of its own, which waits for a permit at the recipient domain before the message is even
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
    /** Of the mails in hand, at most this share waits for a bounce or notice that failed. */
    private static final int SHARE_OF_FAILING_NOTICES = 4;
    private static final Duration MIN_TROUBLE = Duration.ofMillis(500);
    private static final Duration MAX_TROUBLE = Duration.ofMinutes(1);
    /** Reactor's name for what is done with errors nobody waits for any more, in one subscription. */
    private static final String ON_ERROR_DROPPED = "reactor.onErrorDropped.local";

    private final MailQueue queue;
    private final Router router;
    private final RetrySchedule schedule;
    private final Notices notices;
    private final FailureNotice notice;
    private final ReportMails reportMails;
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("delivery-", 0).factory());
    /** James's queues on JMS block whoever asks for the next mail. */
    private final ExecutorService asking = Executors.newSingleThreadExecutor(Thread.ofVirtual().name("delivery-queue").factory());
    private final OutboundResources resources;
    private final FairKeyedSemaphore<String> atDomain;
    private final int share;
    private final List<Duration> noticePauses;
    private final DeliveryCompletion.Patience patience;
    private final MailsSetAside mailsSetAside = new MailsSetAside();
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Disposable subscription;

    /**
     * Who hears how mails end.
     *
     * @param context James's, which takes bounces and mails for processors
     * @param bounceProcessor gets mails that failed; empty for James's own text bounce
     * @param onSuccess the processor that gets mails that were delivered, if one does
     * @param reportMails how the mails that carry TLS reports end
     */
    public record Notices(MailetContext context, Optional<String> bounceProcessor, Optional<String> onSuccess, ReportMails reportMails) {
    }

    /**
     * Starts at once.
     *
     * @param resources the same that {@code router} delivers with
     * @param inHand most mails taken from the queue and not yet settled, most of them waiting
     */
    public QueueWorker(MailQueue queue, Router router, RetrySchedule schedule, Notices notices, OutboundResources resources, int inHand) {
        this(queue, router, schedule, notices, resources, inHand, DeliveryCompletion.NOTICE_PAUSES);
    }

    QueueWorker(MailQueue queue, Router router, RetrySchedule schedule, Notices notices, OutboundResources resources, int inHand,
                List<Duration> noticePauses) {
        this.queue = queue;
        this.router = router;
        this.schedule = schedule;
        this.notices = notices;
        this.notice = new FailureNotice(notices.context(), notices.bounceProcessor());
        this.reportMails = notices.reportMails();
        this.resources = resources;
        this.atDomain = resources.atDomain();
        this.share = Math.max(1, inHand / SHARE_OF_ONE_DOMAIN);
        this.noticePauses = noticePauses;
        this.patience = DeliveryCompletion.Patience.of(inHand / SHARE_OF_FAILING_NOTICES);
        this.subscription = Flux.from(queue.deQueue())
            .subscribeOn(Schedulers.fromExecutorService(asking))
            .doOnError(error -> LOGGER.error("queue {} hands out no mail; it is asked again", name(), error))
            // a broker that fails once must not end delivery for good
            .retryWhen(reactor.util.retry.Retry.backoff(Long.MAX_VALUE, MIN_TROUBLE).maxBackoff(MAX_TROUBLE).transientErrors(true))
            .onErrorContinue((error, item) -> LOGGER.error("queue {} handed out something unusable", name(), error))
            // James's queues throw at whoever no longer asks: that is the end, and no error
            .contextWrite(about -> about.put(ON_ERROR_DROPPED, (Consumer<Throwable>) error -> LOGGER.debug("after the end", error)))
            .subscribeWith(new QueueSubscriber(this::work, threads, inHand));
    }

    private void work(MailQueueItem item) {
        Mail mail = item.getMail();
        CompletionStatus status = CompletionStatus.RETRY;
        try {
            if (settle(mail)) {
                status = CompletionStatus.SUCCESS;
            }
        } catch (Throwable e) {
            LOGGER.error("Mail {} goes back to queue {}, because its delivery failed unexpectedly", mail.getName(), name(), e);
        } finally {
            acknowledge(item, status);
            LifecycleUtil.dispose(mail);
        }
    }

    private void acknowledge(MailQueueItem item, CompletionStatus status) {
        try {
            item.done(status);
        } catch (MailQueue.MailQueueException | RuntimeException e) {
            // RabbitMQ's queue throws what it likes once its channel is closed, as it is when James stops
            LOGGER.error("Mail {}: queue {} did not take the acknowledgement, the mail may be delivered again: {}",
                item.getMail().getName(), name(), e.toString());
        }
    }

    /** @return false if the mail must stay in the queue, because James stops before all that follows from the attempt is stored */
    private boolean settle(Mail mail) {
        DeliveryCompletion completion = new DeliveryCompletion(mail.getName(), noticePauses, patience);
        Map<Domain, List<MailAddress>> domains = byDomain(mail);
        if (router.isByDomain() && domains.size() > 1) {
            domains.forEach((domain, recipients) -> completion.then(() -> enqueuePart(mail, domain, recipients)));
            return completion.complete(stopping);
        }
        Optional<Duration> delay = reportMails.scheduleOf(mail).orElse(schedule).delayAfter(FailureNotice.retriesOf(mail))
            .filter(pause -> reportMails.mayWait(mail, pause));
        switch (attempt(mail, delay.isPresent() ? Retry.YES : Retry.NO)) {
            case DeliveryResult.Answered answered -> {
                if (notices.onSuccess().isPresent() && !answered.accepted().isEmpty()) {
                    completion.thenTry(() -> announce(mail, answered.accepted()),
                        why -> setAside(mail, answered.accepted(), "the notice of success (onSuccess)", why));
                }
                Map<MailAddress, Failure> failed = answered.accepted().isEmpty() ? answered.failed()
                    : withoutLeftOver(answered.failed(), mail, completion);
                settleFailed(mail, failed, delay, completion);
            }
            case DeliveryResult.Deferred deferred -> settleFailed(mail, all(mail, deferred.why()), delay, completion);
            case DeliveryResult.Refused refused -> settleFailed(mail, all(mail, refused.why()), delay, completion);
            case DeliveryResult.Postponed postponed -> {
                if (atDomain.isClosed()) {
                    return false;
                }
                Duration stay = stayInQueue(mail);
                completion.then(() -> queue.enQueue(mail, stay));
            }
        }
        return completion.complete(stopping);
    }

    /** Mails queued for a gateway that is no longer configured, or put into the queue by others, may have recipients in several domains. */
    private static Map<Domain, List<MailAddress>> byDomain(Mail mail) {
        Map<Domain, List<MailAddress>> byDomain = new LinkedHashMap<>();
        mail.getRecipients().forEach(recipient ->
            byDomain.computeIfAbsent(recipient.getDomain(), domain -> new ArrayList<>()).add(recipient));
        return byDomain;
    }

    private void enqueuePart(Mail mail, Domain domain, List<MailAddress> recipients) throws MessagingException {
        Mail part = mail.duplicate();
        try {
            part.setName(mail.getName() + "-to-" + domain.asString());
            part.setRecipients(recipients);
            queue.enQueue(part);
        } finally {
            LifecycleUtil.dispose(part);
        }
    }

    private void setAside(Mail mail, Collection<MailAddress> recipients, String what, Throwable why) throws MessagingException {
        notice.setAside(mail, recipients, what, why);
        mailsSetAside.record(mail.getName());
    }

    /** What an operator should look at: mails whose bounce or notice failed in the last day. */
    public List<String> problems() {
        return mailsSetAside.problems();
    }

    private DeliveryResult attempt(Mail mail, Retry temporary) {
        try {
            return inTurn(mail, domainOf(mail), temporary);
        } catch (Throwable e) {
            // our mistake, an unreadable message or an exhausted machine: never a reason to bounce what may be deliverable
            LOGGER.error("Delivery of mail {} failed unexpectedly", mail.getName(), e);
            return new DeliveryResult.Deferred(
                Failure.temporary("3.0", "delivery of " + mail.getName() + " failed unexpectedly: " + e));
        }
    }

    private DeliveryResult inTurn(Mail mail, String domain, Retry temporary) throws MessagingException, IOException {
        if (atDomain.users(domain) >= share) {
            return new DeliveryResult.Postponed("too many mails for " + domain + " are waiting");
        }
        Optional<Permit> turn = atDomain.take(domain, ANY_TIME);
        if (turn.isEmpty()) {
            return new DeliveryResult.Postponed("James stops");
        }
        try (Permit mine = turn.get()) {
            reportMails.leaving(mail);
            return router.attempt(mail, temporary);
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
    private Map<MailAddress, Failure> withoutLeftOver(Map<MailAddress, Failure> failed, Mail mail, DeliveryCompletion completion) {
        Map<MailAddress, Failure> others = new HashMap<>(failed);
        others.values().removeIf(Failure::isTooManyRecipients);
        List<MailAddress> leftOver = failed.keySet().stream().filter(recipient -> !others.containsKey(recipient)).toList();
        if (!leftOver.isEmpty()) {
            completion.then(() -> {
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

    private void settleFailed(Mail mail, Map<MailAddress, Failure> failed, Optional<Duration> delay, DeliveryCompletion completion) {
        Map<MailAddress, Failure> later = new HashMap<>();
        Map<MailAddress, Failure> never = new HashMap<>();
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
            notice.bounces(never).forEach(bounce -> completion.thenTry(() -> notice.bounce(mail, bounce),
                why -> setAside(mail, bounce.failed().keySet(), "the bounce", why)));
        }
        if (!later.isEmpty()) {
            completion.then(() -> {
                mail.setRecipients(later.keySet());
                FailureNotice.mark(mail, later.values().iterator().next());
                schedule.prepareRetry(mail);
            });
            completion.then(() -> queue.enQueue(mail, delay.orElseThrow()));
        }
    }

    private void announce(Mail mail, List<MailAddress> accepted) throws MessagingException {
        Mail delivered = mail.duplicate();
        try {
            delivered.setRecipients(accepted);
            notices.context().sendMail(delivered, notices.onSuccess().get());
        } finally {
            LifecycleUtil.dispose(delivered);
        }
    }

    private static Map<MailAddress, Failure> all(Mail mail, Failure failure) {
        Map<MailAddress, Failure> failed = new HashMap<>();
        mail.getRecipients().forEach(recipient -> failed.put(recipient, failure));
        return failed;
    }

    private String name() {
        return queue.getName().asString();
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
        resources.stop();
        threads.shutdown();
        try {
            if (!threads.awaitTermination(MAX_FAREWELL.toSeconds(), TimeUnit.SECONDS)) {
                LOGGER.warn("deliveries from queue {} that did not end within {} are cut off; their mails stay in the queue",
                    name(), MAX_FAREWELL);
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
