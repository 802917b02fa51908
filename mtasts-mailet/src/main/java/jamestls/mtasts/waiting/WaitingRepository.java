package jamestls.mtasts.waiting;

import jakarta.mail.MessagingException;
import jamestls.dns.DomainName;
import jamestls.mtasts.waiting.WaitingIndex.Counts;
import jamestls.mtasts.waiting.WaitingIndex.Parked;
import jamestls.net.SanitizedLogger;
import jamestls.storage.GroupCommit;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.james.mailrepository.api.MailRepository;
import org.apache.james.queue.api.MailQueue;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;

/**
 * Mails that wait for their next attempt outside of James's queue, because the queue ignores delays: the mails in a mail repository that
 * servers share, their due times in {@link WaitingIndex}. Heap does not depend on how many wait. Thread-safe.
 *
 * <p>A mail is parked in this order: stored under its {@link WaitName}, added to the index, acknowledged to the queue. It is resumed by
 * whichever server finds it due ({@link Resumer}): claimed, retrieved by its key, put into the queue, marked in the index as published,
 * removed from the repository, removed from the index. Each step can be repeated. After a kill between any two, the mail is in the queue,
 * or in repository and index, or in both; only in the last case it may be delivered twice.
 */
public final class WaitingRepository implements AutoCloseable {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(WaitingRepository.class);
    /** Why a mail has come back from the repository: the name of a {@link Resumed}, a String. */
    static final AttributeName RESUMED = AttributeName.of("jamestls.resumed");
    /** The queue of a mail in the repository, which may have those of several queues: a String. */
    static final AttributeName QUEUE = AttributeName.of("jamestls.wait-queue");

    private final String queue;
    private final WaitingIndex index;
    private final Optional<String> url;
    private final Stores stores;
    private final Consumer<Event> metrics;
    private final GroupCommit<Parked, Boolean> parking;
    private final Outage indexOutage = new Outage("The index of waiting mails");
    private final Resumer resumer;
    private final AtomicBoolean repairing = new AtomicBoolean();

    /** Opens a repository by its URL. */
    @FunctionalInterface
    public interface Opener {
        MailRepository open(String url) throws MessagingException;
    }

    /** The repositories in use. Each is opened when it is first needed: James may not have prepared them when mailets start. */
    static final class Stores {

        private final Opener opener;
        private final Map<String, MailRepository> opened = new ConcurrentHashMap<>();
        private final Outage outage = new Outage("The repository of waiting mails");

        private Stores(Opener opener) {
            this.opener = opener;
        }

        /** A step with one repository. */
        @FunctionalInterface
        interface Step<T> {
            T run(MailRepository repository) throws MessagingException;
        }

        <T> T with(String url, Step<T> step) throws MessagingException {
            return outage.during(() -> {
                MailRepository repository = opened.get(url);
                if (repository == null) {
                    repository = opener.open(url);
                    opened.put(url, repository);
                }
                return step.run(repository);
            });
        }
    }

    /** What this server can take from the queue, so that due mails do not pile up there. */
    public interface Capacity {

        /** The number of further mails that can be taken. */
        int free();

        /** The number of further mails for a recipient domain. */
        int free(String domain);

        /** The recipient domains for which no further mail can be taken. */
        Set<String> full();
    }

    /** Why a mail is in the queue again. */
    public enum Resumed { DUE, REQUESTED }

    /** What a repair does with mails in the repository that are not in the index. */
    public enum Orphans {
        /** Names them in the log. */
        KEEP,
        /** Puts them into the queue. Those that were delivered already are delivered twice. */
        RESUME,
        /** Deletes them. Those that were not delivered are lost. */
        REMOVE
    }

    /** What is counted. */
    public enum Event {
        /** A mail was parked. */
        PARKED,
        /** A mail was put back into the queue. */
        RESUMED,
        /** It is unknown whether a mail was put into the queue, so it is done again and may be delivered twice. */
        DOUBTFUL,
        /** The repository does not have a mail. */
        MISSING
    }

    /**
     * A repository for the waiting mails of one queue. It resumes no mails until {@link #start}.
     *
     * @param url where mails are parked; empty if only those that wait already are to be resumed
     */
    public WaitingRepository(MailQueue queue, WaitingIndex index, Optional<String> url, Opener opener, Consumer<Event> metrics) {
        this(queue, index, url, opener, metrics, Resumer.STEADY);
    }

    WaitingRepository(MailQueue queue, WaitingIndex index, Optional<String> url, Opener opener, Consumer<Event> metrics,
                      Duration steady) {
        this.queue = queue.getName().asString();
        this.index = index;
        this.url = url;
        this.stores = new Stores(opener);
        this.metrics = metrics;
        this.parking = GroupCommit.writing("waiting-park", index::add);
        this.resumer = new Resumer(queue, index, stores, metrics, indexOutage, steady);
    }

    /** Starts to resume due mails. To be called once. */
    public void start(Capacity capacity) {
        resumer.start(capacity);
    }

    /** Whether mails can be parked. */
    public boolean canPark() {
        return url.isPresent();
    }

    /** Resets a mail that enters the queue as a new one. */
    public static void begin(Mail mail) {
        WaitName.begin(mail);
        mail.removeAttribute(RESUMED);
    }

    /** To be called for each part of a mail that is queued on its own under the same name. */
    public static void split(Mail part) {
        WaitName.distinguish(part);
    }

    /** Why the mail has come back from the repository; empty if it has not, or was tried since. */
    public static Optional<Resumed> resumed(Mail mail) {
        return AttributeUtils.getValueAndCastFromMail(mail, RESUMED, String.class).map(Resumed::valueOf);
    }

    /** To be called after an attempt, because the mail is due at another time now. */
    public static void tried(Mail mail) {
        mail.removeAttribute(RESUMED);
    }

    /**
     * Parks a mail. Afterwards it is to be acknowledged to the queue. Can be repeated after an exception.
     *
     * @param domains its recipient domains, at least one, in A-labels and lower case
     * @throws MessagingException if the repository fails
     * @throws jamestls.storage.StorageOutage if the index fails
     */
    public void park(Mail mail, List<String> domains, Duration delay) throws MessagingException {
        String where = url.orElseThrow();
        Optional<String> before = WaitName.last(mail).map(WaitName::key);
        WaitName wait = WaitName.next(mail);
        Optional<Attribute> resumed = mail.removeAttribute(RESUMED);
        mail.setAttribute(new Attribute(QUEUE, AttributeValue.of(queue)));
        try {
            wait.putOn(mail);
            stores.with(where, repository -> repository.store(mail));
        } finally {
            wait.takeOff(mail);
            mail.removeAttribute(QUEUE);
            resumed.ifPresent(mail::setAttribute);
        }
        indexOutage.during(() -> parking.commit(new Parked(wait.key(), before, where, domains, delay)));
        metrics.accept(Event.PARKED);
    }

    /** Makes the waiting mails of a domain, or all, due now, on whichever server is first. Returns how many. */
    public long dueNow(Optional<DomainName> domain) {
        return index.dueNow(domain);
    }

    /**
     * Compares index and repository, in a thread of its own; the result is in the log.
     *
     * @return false if one is running already
     */
    public boolean repair(Orphans orphans) {
        if (url.isEmpty() || !repairing.compareAndSet(false, true)) {
            return false;
        }
        Thread.ofVirtual().name("waiting-repair").start(() -> {
            try {
                repair(orphans, Repair.SETTLED);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (MessagingException | RuntimeException | Error e) {
                LOGGER.error("Queue {}: the repair of waiting mails failed; it can be repeated", queue, e);
            } finally {
                repairing.set(false);
            }
        });
        return true;
    }

    Repair.Result repair(Orphans orphans, Duration settled) throws MessagingException, InterruptedException {
        return new Repair(queue, index, stores, resumer.stopping()).run(url.orElseThrow(), orphans, settled);
    }

    /** How many mails wait, as of some seconds ago. */
    public Counts counts() {
        return resumer.counts();
    }

    /** Present problems, for the health check. */
    public List<String> problems() {
        List<String> problems = new ArrayList<>(indexOutage.problem().stream().toList());
        stores.outage.problem().ifPresent(problems::add);
        problems.addAll(resumer.problems());
        return problems;
    }

    /** Stops resuming. Mails can still be parked. */
    @Override
    public void close() {
        resumer.close();
    }
}
