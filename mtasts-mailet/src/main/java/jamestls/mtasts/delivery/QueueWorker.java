package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jamestls.dns.DomainName;
import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
import jamestls.mtasts.delivery.FairKeyedSemaphore.Repeat;
import jamestls.mtasts.delivery.OutboundMail.Retry;
import jamestls.mtasts.delivery.WaitingMails.NextHop;
import jamestls.mtasts.delivery.WaitingMails.Turn;
import jamestls.mtasts.held.HeldMails;
import jamestls.mtasts.waiting.WaitingRepository;
import jamestls.net.SanitizedLogger;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.james.core.Domain;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.queue.api.MailQueue;
import org.apache.james.queue.api.MailQueue.MailQueueItem;
import org.apache.james.queue.api.MailQueue.MailQueueItem.CompletionStatus;
import org.apache.mailet.Mail;
import org.apache.mailet.MailetContext;
import reactor.core.Disposable;
import reactor.core.Disposables;

/**
 * Takes mails from James's queue, delivers them through {@link Router}, and acknowledges each only after everything that follows from
 * the attempt is stored: outcomes recorded, retry enqueued, bounce handed over. After a crash before that the mail is still in the
 * queue: it may arrive twice, but is not lost. Whatever a delivery throws, its place is released and the other mails go on.
 *
 * <p>Each mail has a virtual thread of its own, which waits for a permit of the recipient domain before it reads the message. One
 * domain may have at most half of the mails in hand; further mails return to the queue for some seconds, so that mails to other
 * domains are taken.
 */
public final class QueueWorker implements AutoCloseable {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(QueueWorker.class);
    private static final Duration MAX_SHUTDOWN = Duration.ofSeconds(30);
    private static final Duration MAX_REQUEUE_DELAY = Duration.ofSeconds(5);
    private static final Duration MIN_REQUEUE_DELAY = Duration.ofMillis(200);
    private static final int ONE_DOMAIN_DIVISOR = 2;
    /** At most this fraction of the mails in hand waits to repeat a failed bounce or notice. */
    private static final int FAILING_NOTICES_DIVISOR = 4;

    private final MailQueue queue;
    private final Router router;
    private final RetrySchedule schedule;
    private final Notices notices;
    private final FailureNotice notice;
    private final ReportMails reportMails;
    private final WaitingPlace place;
    private final WaitingMails waiting;
    /** The number of mails taken from the queue and not settled. */
    private final AtomicInteger taken = new AtomicInteger();
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("delivery-", 0).factory());
    /** A thread for requests to the queue: James's JMS queues block the thread that requests a mail. */
    private final ExecutorService dequeuing = Executors.newSingleThreadExecutor(Thread.ofVirtual().name("delivery-queue")
        .uncaughtExceptionHandler((thread, error) -> resubscribe(error)).factory());
    private final OutboundResources resources;
    private final FairKeyedSemaphore<String> atDomain;
    private final int inHand;
    private final int maxPerDomain;
    private final List<Duration> noticePauses;
    private final DeliveryCompletion.PauseSlots noticeSlots;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private final Disposable.Swap subscription = Disposables.swap();

    /**
     * Where bounces and success notices go.
     *
     * @param context James's context, which sends bounces and passes mails to processors
     * @param bounceProcessor the processor for failed mails; empty for James's own text bounce
     * @param onSuccess the processor for a copy of each delivered mail; empty for none
     * @param reportMails is told how mails with TLS reports end
     * @param delay when and how senders are told of delays
     * @param held the list of waiting mails
     */
    public record Notices(MailetContext context, Optional<String> bounceProcessor, Optional<String> onSuccess, ReportMails reportMails,
                          DeliverySettings.Delay delay, HeldMails held, Clock clock) {

        /** Without notices of delay, and with a list of held mails that nobody reads. */
        Notices(MailetContext context, Optional<String> bounceProcessor, Optional<String> onSuccess, ReportMails reportMails) {
            this(context, bounceProcessor, onSuccess, reportMails, DeliverySettings.Delay.off(),
                new HeldMails("outgoing", "here", Optional.empty(), Clock.systemUTC()), Clock.systemUTC());
        }
    }

    /**
     * Creates the worker and starts it.
     *
     * @param place where mails wait, and from where they come; closed with this worker
     * @param resources the resources that {@code router} uses
     * @param inHand the maximum of mails taken from the queue and not settled; most of them wait
     */
    public QueueWorker(WaitingPlace place, Router router, RetrySchedule schedule, Notices notices, OutboundResources resources,
                       int inHand) {
        this(place, router, schedule, notices, resources, inHand, DeliveryCompletion.NOTICE_PAUSES);
    }

    QueueWorker(MailQueue queue, Router router, RetrySchedule schedule, Notices notices, OutboundResources resources, int inHand) {
        this(WaitingPlace.in(queue, inHand), router, schedule, notices, resources, inHand);
    }

    QueueWorker(WaitingPlace place, Router router, RetrySchedule schedule, Notices notices, OutboundResources resources, int inHand,
                List<Duration> noticePauses) {
        this.place = place;
        this.queue = place.queue();
        this.router = router;
        this.schedule = schedule;
        this.notices = notices;
        this.notice = new FailureNotice(notices.context(), notices.bounceProcessor());
        this.reportMails = notices.reportMails();
        this.waiting = new WaitingMails(notices.held(), new DelayNotice(notices.context(), notices.delay()), this::scheduleOf,
            notices.clock(), place);
        this.resources = resources;
        this.atDomain = resources.atDomain();
        this.inHand = inHand;
        this.maxPerDomain = Math.max(1, inHand / ONE_DOMAIN_DIVISOR);
        this.noticePauses = noticePauses;
        this.noticeSlots = DeliveryCompletion.PauseSlots.of(inHand / FAILING_NOTICES_DIVISOR);
        subscription.update(subscribe());
        place.start(atDomain, taken::get, inHand, maxPerDomain);
    }

    private Disposable subscribe() {
        return QueueSubscriber.subscribe(queue, dequeuing, new QueueSubscriber(this::work, threads, inHand));
    }

    /** Reactor throws Errors that it takes for fatal past its operators: the subscription is dead, and its subscriber is not told. */
    private void resubscribe(Throwable error) {
        LOGGER.error("Queue {}: taking a mail failed, trying again in {}", name(), QueueSubscriber.MIN_DELAY, error);
        threads.execute(() -> {
            if (!DeliveryCompletion.stops(stopping, QueueSubscriber.MIN_DELAY)) {
                subscription.update(subscribe());
            }
        });
    }

    private void work(MailQueueItem item) {
        Mail mail = item.getMail();
        CompletionStatus status = CompletionStatus.RETRY;
        long now = System.nanoTime();
        taken.incrementAndGet();
        try {
            if (settle(mail, now)) {
                status = CompletionStatus.SUCCESS;
            }
        } catch (Throwable e) {
            LOGGER.error("Mail {} returns to queue {}: its delivery failed unexpectedly", mail.getName(), name(), e);
        } finally {
            taken.decrementAndGet();
            acknowledge(item, status);
            LifecycleUtil.dispose(mail);
        }
    }

    private void acknowledge(MailQueueItem item, CompletionStatus status) {
        try {
            item.done(status);
        } catch (MailQueue.MailQueueException | RuntimeException | Error e) {
            // RabbitMQ's queue throws unspecified exceptions once its channel is closed, as when James stops
            LOGGER.error("Mail {}: the acknowledgement to queue {} failed, the mail may be delivered twice: {}",
                item.getMail().getName(), name(), e.toString());
        }
    }

    /** @return false if the mail must stay in the queue, because James stopped before everything was stored */
    private boolean settle(Mail mail, long takenNanos) {
        DeliveryCompletion completion = new DeliveryCompletion(mail.getName(), noticePauses, noticeSlots);
        Map<Domain, List<MailAddress>> domains = MailParts.byDomain(mail);
        if (router.isByDomain() && domains.size() > 1) {
            domains.forEach((domain, recipients) -> completion.then(() -> MailParts.enqueue(queue, mail, domain, recipients)));
            return completion.complete(stopping);
        }
        Turn turn = waiting.turn(mail);
        if (turn == Turn.NOT_DUE) {
            completion.then(() -> waiting.putBack(mail, takenNanos));
            return completion.complete(stopping);
        }
        Set<String> listed = waiting.listed(mail);
        Optional<Duration> delay = turn == Turn.REQUESTED ? Optional.of(waiting.untilDue(mail))
            : scheduleOf(mail).delayAfter(FailureNotice.retriesOf(mail))
                .filter(pause -> reportMails.mayWait(mail, pause));
        Next next = new Next(turn, delay, listed, takenNanos);
        switch (attempt(mail, delay.isPresent() ? Retry.YES : Retry.NO)) {
            case DeliveryResult.Answered answered -> {
                answered.would().filter(why -> !answered.accepted().isEmpty()).ifPresent(why -> waiting.wouldWait(mail, why));
                if (notices.onSuccess().isPresent() && !answered.accepted().isEmpty()) {
                    completion.thenTry(() -> notifySuccess(mail, answered.accepted()),
                        why -> notice.setAside(mail, answered.accepted(), "the success notice (onSuccess)", why));
                }
                Map<MailAddress, Failure> failed = answered.accepted().isEmpty() ? answered.failed()
                    : withoutExcess(answered.failed(), mail, completion);
                settleFailed(mail, failed, next, completion);
            }
            case DeliveryResult.Deferred deferred -> settleFailed(mail, all(mail, deferred.why()), next, completion);
            case DeliveryResult.Refused refused -> settleFailed(mail, all(mail, refused.why()), next, completion);
            case DeliveryResult.Postponed postponed -> {
                if (atDomain.isClosed()) {
                    return false;
                }
                Duration stay = postponed.later().orElseGet(() -> requeueDelay(mail));
                waiting.postponed(mail, postponed.why(), stay);
                completion.then(() -> waiting.postpone(mail, stay, takenNanos));
            }
        }
        return completion.complete(stopping);
    }

    private RetrySchedule scheduleOf(Mail mail) {
        return reportMails.scheduleOf(mail).orElse(schedule);
    }

    /** Problems for the health check: mails whose bounce or notice failed in the last day, and those of waiting mails. */
    public List<String> problems() {
        return Stream.concat(notice.problems().stream(), place.problems().stream()).toList();
    }

    private DeliveryResult attempt(Mail mail, Retry temporary) {
        try {
            return attemptWithPermit(mail, domainOf(mail), temporary);
        } catch (Throwable e) {
            // a bug, an unreadable message or an exhausted machine is no reason to bounce a mail
            LOGGER.error("Delivery of mail {} failed unexpectedly", mail.getName(), e);
            return new DeliveryResult.Deferred(
                Failure.temporary("3.0", "delivery of " + mail.getName() + " failed unexpectedly: " + e));
        }
    }

    private DeliveryResult attemptWithPermit(Mail mail, String domain, Retry temporary) throws MessagingException, IOException {
        if (atDomain.users(domain) >= maxPerDomain) {
            return new DeliveryResult.Postponed("too many mails for " + domain + " are waiting");
        }
        Optional<Permit> permit = atDomain.acquire(domain, place.maxWaitInHand());
        if (permit.isEmpty()) {
            return new DeliveryResult.Postponed("too many mails for " + domain + " are waiting, or James is stopping");
        }
        try (Permit held = permit.get()) {
            reportMails.leaving(mail);
            return router.attempt(mail, temporary);
        }
    }

    /** A mail that waits in the queue may return late: until then it takes no place in hand and costs nothing. */
    private Duration requeueDelay(Mail mail) {
        return atDomain.repeatAfter(domainOf(mail), place.isQueue() ? Repeat.IN_TURN : Repeat.TOGETHER, MIN_REQUEUE_DELAY,
            MAX_REQUEUE_DELAY);
    }

    private static String domainOf(Mail mail) {
        return WaitingMails.domainOf(mail.getRecipients().iterator().next());
    }

    /** Enqueues the recipients beyond the server's limit without counting a retry (RFC 5321 §4.5.3.1.10); returns the others. */
    private Map<MailAddress, Failure> withoutExcess(Map<MailAddress, Failure> failed, Mail mail, DeliveryCompletion completion) {
        Map<MailAddress, Failure> others = new HashMap<>(failed);
        others.values().removeIf(Failure::isTooManyRecipients);
        List<MailAddress> excess = failed.keySet().stream().filter(recipient -> !others.containsKey(recipient)).toList();
        if (!excess.isEmpty()) {
            completion.then(() -> MailParts.enqueueRest(queue, mail, excess, MIN_REQUEUE_DELAY));
        }
        return others;
    }

    /**
     * What a temporary failure leads to.
     *
     * @param turn why the mail was tried
     * @param delay the time until the next attempt; empty if there is none
     * @param listed the domains under which the mail may be in the list of held mails
     * @param takenNanos when the mail was taken from the queue
     */
    private record Next(Turn turn, Optional<Duration> delay, Set<String> listed, long takenNanos) {
    }

    private void settleFailed(Mail mail, Map<MailAddress, Failure> failed, Next next, DeliveryCompletion completion) {
        Map<MailAddress, Failure> retried = new HashMap<>();
        Map<MailAddress, Failure> bounced = new HashMap<>();
        failed.forEach((recipient, failure) -> {
            if (!failure.isPermanent() && next.delay().isPresent()) {
                retried.put(recipient, failure);
            } else {
                bounced.put(recipient, failure.givenUp());
            }
        });
        if (!bounced.isEmpty() && ReportMails.isReport(mail)) {
            bounced.keySet().forEach(recipient -> reportMails.lost(mail, recipient, failed.get(recipient)));
        } else {
            notice.bounces(bounced).forEach(bounce -> completion.thenTry(() -> notice.bounce(mail, bounce),
                why -> notice.setAside(mail, bounce.failed().keySet(), "the bounce", why)));
        }
        if (!retried.isEmpty()) {
            completion.then(() -> {
                mail.setRecipients(retried.keySet());
                FailureNotice.mark(mail, retried.values().iterator().next());
                WaitingRepository.tried(mail);
                if (next.turn() == Turn.DUE) {
                    schedule.prepareRetry(mail);
                    waiting.isDueIn(mail, next.delay().orElseThrow());
                }
                waiting.tell(mail, retried);
            });
            // a requested attempt that fails changes neither due time nor retry count
            completion.then(() -> waiting.putAway(mail,
                next.turn() == Turn.DUE ? next.delay().orElseThrow() : waiting.untilDue(mail), next.takenNanos()));
        }
        completion.then(() -> waiting.attempted(mail, next.listed(), retried, router.isByDomain() ? NextHop.MX_HOST : NextHop.GATEWAY));
    }

    private void notifySuccess(Mail mail, List<MailAddress> accepted) throws MessagingException {
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

    /** The number of mails taken from the queue that wait for a permit, by recipient domain. */
    public Map<String, Integer> waitingForPlace() {
        return atDomain.waiting();
    }

    /** Makes the waiting mails of a domain due now; empty for all. */
    public void dueNow(Optional<DomainName> domain) {
        place.dueNow(domain);
    }

    /**
     * Stops taking mails and starting deliveries, and waits up to 30 seconds for running ones. All other mails stay in the queue.
     */
    @Override
    public void close() {
        stopping.countDown();
        subscription.dispose();
        place.close();
        dequeuing.shutdownNow();
        resources.stop();
        threads.shutdown();
        try {
            if (!threads.awaitTermination(MAX_SHUTDOWN.toSeconds(), TimeUnit.SECONDS)) {
                LOGGER.warn("Queue {}: deliveries still running after {} are interrupted; their mails stay in the queue",
                    name(), MAX_SHUTDOWN);
                threads.shutdownNow();
            }
        } catch (InterruptedException e) {
            threads.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
