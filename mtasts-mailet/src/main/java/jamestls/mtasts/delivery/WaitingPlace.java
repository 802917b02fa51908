package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jamestls.dns.DomainName;
import jamestls.mtasts.waiting.Publisher;
import jamestls.mtasts.waiting.WaitingRepository;
import jamestls.mtasts.waiting.WaitingSettings;
import jamestls.net.Backoff;
import jamestls.net.SanitizedLogger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import org.apache.james.queue.api.MailQueue;
import org.apache.james.queue.api.ManageableMailQueue;
import org.apache.mailet.Mail;

/**
 * Where the mails of one queue wait for their next attempt: in the queue itself, or, if it ignores delays, in a repository. Without a
 * repository, mails that are not due are kept in hand, unacknowledged, so that a queue that delivers them at once does not use up their
 * retries in seconds.
 */
public final class WaitingPlace implements AutoCloseable {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(WaitingPlace.class);

    /** RabbitMQ takes back everything from a server that has not acknowledged a mail for 30 minutes. */
    static final Duration MAX_IN_HAND = Duration.ofMinutes(20);
    /** The pause before a mail for which there is no room in hand returns to the queue. */
    static final Duration MIN_IN_HAND = Duration.ofSeconds(5);
    /** Longer waits are worth storing a mail in the repository. */
    private static final Duration MIN_PARKED = Duration.ofMinutes(1);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Backoff BACKOFF = new Backoff(Duration.ofSeconds(1), Duration.ofMinutes(1));
    /** At most this fraction of the mails in hand is kept there because they are not due. */
    private static final int KEPT_DIVISOR = 2;
    /** This fraction of the mails in hand, and of those of a domain, is left to new mails when due ones are put back. */
    private static final int RESERVED_DIVISOR = 4;

    private static final Set<String> HONOURING =
        Set.of("org.apache.james.queue.activemq.", "org.apache.james.queue.jms.", "org.apache.james.queue.memory.",
            "org.apache.james.queue.pulsar.");

    private final MailQueue queue;
    private final Optional<WaitingRepository> repository;
    private final Semaphore room;
    private final Times times;
    private final QueueDelays delays;
    private final boolean canPark;
    private final String objection;
    private final CountDownLatch stopping = new CountDownLatch(1);
    private volatile Kind kind;
    /** Why mails are kept in hand. */
    private volatile Optional<String> problem;

    /** The kinds of places. */
    enum Kind { QUEUE, REPOSITORY, IN_HAND }

    /** Whether a queue delays mails. James has no interface that tells. */
    enum QueueDelays {
        HONOURED,
        /** Every mail is delivered at once. */
        IGNORED,
        /** The queue is not one of James's: what it does is seen when mails come back. */
        UNKNOWN;

        static QueueDelays of(MailQueue queue) {
            List<String> names = new ArrayList<>();
            for (Class<?> type = queue.getClass(); type != null; type = type.getSuperclass()) {
                names.add(type.getName());
            }
            return of(names);
        }

        /** @param names the names of the queue's class and its superclasses */
        static QueueDelays of(List<String> names) {
            return names.contains(Publisher.RABBITMQ) ? IGNORED
                : names.stream().anyMatch(name -> HONOURING.stream().anyMatch(name::startsWith)) ? HONOURED : UNKNOWN;
        }
    }

    /**
     * How long mails may stay in hand.
     *
     * @param max a mail goes back to the queue this long after it was taken
     * @param noRoom the pause of a mail for which there is no room
     */
    record Times(Duration max, Duration noRoom) {

        static final Times USUAL = new Times(MAX_IN_HAND, MIN_IN_HAND);
    }

    /**
     * Chooses the place, and logs it.
     *
     * @param settings what the operator wants
     * @param repository parks mails, or only resumes those that wait already; empty without PostgreSQL
     * @param objection why mails can't be parked, if that is so
     * @param inHand the maximum of mails in hand
     */
    public static WaitingPlace choose(MailQueue queue, WaitingSettings settings, Optional<WaitingRepository> repository, String objection,
                                      int inHand) {
        return new WaitingPlace(queue, settings.place(), repository, objection, inHand, Times.USUAL);
    }

    /** The queue itself. */
    static WaitingPlace in(MailQueue queue, int inHand) {
        return new WaitingPlace(queue, Optional.empty(), Optional.empty(), "", inHand, Times.USUAL);
    }

    WaitingPlace(MailQueue queue, Optional<WaitingSettings.Place> wanted, Optional<WaitingRepository> repository, String objection,
                 int inHand, Times times) {
        this.queue = queue;
        this.repository = repository;
        this.room = new Semaphore(Math.max(1, inHand / KEPT_DIVISOR));
        this.times = times;
        this.objection = wanted.equals(Optional.of(WaitingSettings.Place.QUEUE)) ? "the parameter 'waiting' is 'queue'" : objection;
        this.canPark = repository.filter(WaitingRepository::canPark).isPresent()
            && !wanted.equals(Optional.of(WaitingSettings.Place.QUEUE));
        this.delays = QueueDelays.of(queue);
        this.kind = Kind.QUEUE;
        this.problem = Optional.empty();
        boolean wantsRepository = wanted.equals(Optional.of(WaitingSettings.Place.REPOSITORY));
        if (delays == QueueDelays.IGNORED || wantsRepository && canPark) {
            leaveQueue(delays == QueueDelays.IGNORED ? "it ignores delays" : "the parameter 'waiting' is 'repository'");
        } else if (wantsRepository) {
            LOGGER.warn("Queue {}: mails wait in the queue although the parameter 'waiting' is 'repository': {}", name(), objection);
        }
    }

    private void leaveQueue(String why) {
        if (canPark) {
            kind = Kind.REPOSITORY;
            LOGGER.info("Queue {}: mails wait for their next attempt in a repository, because {}", name(), why);
        } else {
            kind = Kind.IN_HAND;
            problem = Optional.of("queue " + name() + " ignores delays, and mails can't wait in a repository: " + objection
                + ". Mails that are not due are kept in hand, which leaves less room for others");
            LOGGER.warn("Queue {}: {}, {}", name(), why, problem.get());
        }
    }

    /** Whether a mail that comes from the queue before it is due has to wait on. */
    boolean keepsEarly() {
        return kind != Kind.QUEUE;
    }

    /** Whether a postponed mail waits in the queue and not in hand. */
    boolean isQueue() {
        return kind == Kind.QUEUE;
    }

    /** To be called for a mail that came from the queue early twice in succession: the queue ignores delays. */
    void cameEarlyTwice(Mail mail) {
        if (kind == Kind.QUEUE && delays == QueueDelays.UNKNOWN) {
            leaveQueue("mail " + mail.getName() + " came back before it was due, twice");
        }
    }

    /** The longest wait of a mail in hand for a permit. */
    Duration maxWaitInHand() {
        return kind == Kind.QUEUE ? Duration.ofDays(1_000) : times.max().dividedBy(2);
    }

    /**
     * Puts a mail away until its next attempt.
     *
     * @param domains its recipient domains
     * @param delay the time until it is due
     * @param takenNanos when it was taken from the queue
     */
    void put(Mail mail, List<String> domains, Duration delay, long takenNanos) throws MessagingException {
        switch (kind) {
            case QUEUE -> queue.enQueue(mail, delay);
            case REPOSITORY -> park(mail, domains, delay, takenNanos);
            // back to the queue first: there it is stored with what this attempt came to
            case IN_HAND -> Publisher.publish(queue, mail);
        }
    }

    /**
     * Puts away a mail that came early and was not tried.
     *
     * @param wanted whether it is to be tried nevertheless, because somebody has requested it meanwhile
     */
    void putBack(Mail mail, List<String> domains, Duration delay, long takenNanos, BooleanSupplier wanted) throws MessagingException {
        if (kind == Kind.IN_HAND) {
            keep(delay, takenNanos, wanted);
            Publisher.publish(queue, mail);
        } else {
            put(mail, domains, delay, takenNanos);
        }
    }

    /** Puts away, for a short time, a mail that this server's own limits do not allow to be tried now. */
    void postpone(Mail mail, List<String> domains, Duration stay, long takenNanos) throws MessagingException {
        if (kind == Kind.QUEUE || kind == Kind.REPOSITORY && stay.compareTo(MIN_PARKED) > 0) {
            put(mail, domains, stay, takenNanos);
        } else if (stay.compareTo(MIN_PARKED) > 0) {
            keep(stay, takenNanos, () -> false);
            Publisher.publish(queue, mail);
        } else {
            stops(shorter(stay, left(takenNanos)));
            Publisher.publish(queue, mail);
        }
    }

    /** Keeps a mail in hand until it is due or wanted; for some seconds only if too many are kept already. */
    private void keep(Duration delay, long takenNanos, BooleanSupplier wanted) {
        boolean hasRoom = room.tryAcquire();
        try {
            long until = System.nanoTime() + shorter(delay, hasRoom ? left(takenNanos) : times.noRoom()).toNanos();
            for (long left = until - System.nanoTime(); left > 0 && !wanted.getAsBoolean(); left = until - System.nanoTime()) {
                if (stops(shorter(Duration.ofNanos(left), LOOK_EVERY))) {
                    return;
                }
            }
        } finally {
            if (hasRoom) {
                room.release();
            }
        }
    }

    /** Parks a mail. If that fails it is kept in hand and tried again, and at last returns to the queue, with its due time. */
    private void park(Mail mail, List<String> domains, Duration delay, long takenNanos) throws MessagingException {
        long begun = System.nanoTime();
        boolean hasRoom = false;
        try {
            for (int failures = 0; ; failures++) {
                try {
                    repository.orElseThrow().park(mail, domains, delay.minusNanos(System.nanoTime() - begun));
                    return;
                } catch (MessagingException | RuntimeException e) {
                    LOGGER.debug("Mail {} could not be parked: {}", mail.getName(), e.toString());
                    hasRoom = hasRoom || room.tryAcquire();
                    Duration left = left(takenNanos);
                    Duration pause = hasRoom ? BACKOFF.pause(failures) : times.noRoom();
                    if (stops(shorter(pause, left)) || !hasRoom || pause.compareTo(left) >= 0) {
                        Publisher.publish(queue, mail);
                        return;
                    }
                }
            }
        } finally {
            if (hasRoom) {
                room.release();
            }
        }
    }

    private Duration left(long takenNanos) {
        Duration left = times.max().minusNanos(System.nanoTime() - takenNanos);
        return left.isNegative() ? Duration.ZERO : left;
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }

    /** Makes the waiting mails of a domain due now; where the queue knows no domains, all in it, which {@link WaitingMails} sorts out. */
    public void dueNow(Optional<DomainName> domain) {
        if (kind == Kind.QUEUE && queue instanceof ManageableMailQueue flushable) {
            try {
                LOGGER.info("Queue {}: flushed, {} mails", name(), flushable.flush());
            } catch (MailQueue.MailQueueException e) {
                LOGGER.error("Queue {}: it could not be flushed", name(), e);
            }
        }
        repository.ifPresent(outside ->
            LOGGER.info("Queue {}: {} mails that wait outside of it are due now", name(), outside.dueNow(domain)));
    }

    /** Whether mails wait where all servers find them. */
    public boolean isShared() {
        return kind == Kind.REPOSITORY;
    }

    /**
     * Starts to compare the index of waiting mails with the repository.
     *
     * @return false if mails do not wait in a repository, or a comparison is running
     */
    public boolean repair(WaitingRepository.Orphans orphans) {
        return repository.filter(outside -> outside.repair(orphans)).isPresent();
    }

    MailQueue queue() {
        return queue;
    }

    private String name() {
        return queue.getName().asString();
    }

    /**
     * Starts to put due mails back into the queue.
     *
     * @param taken the number of mails in hand
     * @param inHand its maximum
     * @param perDomain its maximum for each recipient domain
     */
    void start(FairKeyedSemaphore<String> atDomain, IntSupplier taken, int inHand, int perDomain) {
        repository.ifPresent(outside -> outside.start(new Spare(atDomain, taken, share(inHand), share(perDomain))));
    }

    private static int share(int max) {
        return Math.max(1, max - max / RESERVED_DIVISOR);
    }

    /** What the worker can take besides new mails. */
    private record Spare(FairKeyedSemaphore<String> atDomain, IntSupplier taken, int inHand, int perDomain)
        implements WaitingRepository.Capacity {

        @Override
        public int free() {
            return inHand - taken.getAsInt();
        }

        @Override
        public int free(String domain) {
            return perDomain - atDomain.users(domain);
        }

        @Override
        public Set<String> full() {
            return atDomain.withUsers(perDomain);
        }
    }

    /** Problems for the health check. */
    List<String> problems() {
        List<String> problems = new ArrayList<>(problem.stream().toList());
        repository.ifPresent(outside -> problems.addAll(outside.problems()));
        return problems;
    }

    private boolean stops(Duration pause) {
        return DeliveryCompletion.stops(stopping, pause);
    }

    /** Mails that are kept in hand return to the queue; no further ones are put back into it. Mails can still be parked. */
    @Override
    public void close() {
        stopping.countDown();
        repository.ifPresent(WaitingRepository::close);
    }
}
