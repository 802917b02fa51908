package jamestls.mtasts.waiting;

import jakarta.mail.MessagingException;
import jamestls.mtasts.waiting.WaitingIndex.Abandoned;
import jamestls.mtasts.waiting.WaitingIndex.Claimed;
import jamestls.mtasts.waiting.WaitingIndex.Counts;
import jamestls.mtasts.waiting.WaitingIndex.Missing;
import jamestls.mtasts.waiting.WaitingRepository.Capacity;
import jamestls.mtasts.waiting.WaitingRepository.Event;
import jamestls.mtasts.waiting.WaitingRepository.Resumed;
import jamestls.mtasts.waiting.WaitingRepository.Stores;
import jamestls.net.Backoff;
import jamestls.net.SanitizedLogger;
import jamestls.storage.GroupCommit;
import jamestls.storage.StorageOutage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.mailrepository.api.MailKey;
import org.apache.james.queue.api.MailQueue;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;

/**
 * Puts due mails back into the queue, in batches, only as many as this server can take from it. A server that fails leaves its claims to
 * the others after {@link #LEASE}. The repository is never listed, only read by key.
 */
final class Resumer implements AutoCloseable {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Resumer.class);

    /** Longer than all steps of one mail take. */
    static final Duration LEASE = Duration.ofMinutes(2);
    private static final int MAX_BATCH = 200;
    private static final int MAX_AT_ONCE = 32;
    /** After an outage of the database each server first writes what it has published; until then nobody takes over its claims. */
    static final Duration STEADY = Duration.ofSeconds(30);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Duration AT_ONCE = Duration.ofMillis(1);
    private static final Duration COUNT_EVERY = Duration.ofSeconds(10);
    private static final Backoff BACKOFF = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30));
    /** Mails that could not be put into the queue are claimed again after a time between these. */
    private static final Duration MIN_SPREAD = Duration.ofMillis(500);
    private static final Duration MAX_SPREAD = Duration.ofSeconds(4);
    private static final Duration MISSED_AGAIN = Duration.ofMinutes(1);
    private static final int MAX_MISSES = 3;
    private static final int MAX_NAMES = 5;

    private final MailQueue queue;
    private final WaitingIndex index;
    private final Stores stores;
    private final Consumer<Event> metrics;
    private final Outage indexOutage;
    private final Outage queueOutage;
    private final Duration steady;
    private final String owner = UUID.randomUUID().toString();
    private final GroupCommit<String, Boolean> publishing;
    private final GroupCommit<String, Boolean> forgetting;
    private final ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("waiting-resume-", 0).factory());
    private final Semaphore atOnce = new Semaphore(MAX_AT_ONCE);
    private final CountDownLatch stopping = new CountDownLatch(1);
    private volatile boolean queueFails;
    private volatile long steadySince = System.nanoTime();
    private volatile Counts counts = Counts.NONE;
    private volatile List<Missing> missing = List.of();
    private long countedAt = System.nanoTime() - COUNT_EVERY.toNanos();
    private Thread thread;

    /** @param steady how long the index must have worked before claims of other servers are taken over, {@link #STEADY} */
    Resumer(MailQueue queue, WaitingIndex index, Stores stores, Consumer<Event> metrics, Outage indexOutage, Duration steady) {
        this.queue = queue;
        this.index = index;
        this.stores = stores;
        this.metrics = metrics;
        this.indexOutage = indexOutage;
        this.queueOutage = new Outage("Queue " + queue.getName().asString());
        this.steady = steady;
        this.publishing = GroupCommit.writing("waiting-published", index::published);
        this.forgetting = GroupCommit.writing("waiting-forget", index::forget);
    }

    void start(Capacity capacity) {
        thread = Thread.ofVirtual().name("waiting-mails").start(() -> untilStopped(capacity));
    }

    /** At zero once this server stops. */
    CountDownLatch stopping() {
        return stopping;
    }

    Counts counts() {
        return counts;
    }

    List<String> problems() {
        List<String> problems = new ArrayList<>(queueOutage.problem().stream().toList());
        if (!missing.isEmpty()) {
            problems.add(counts.missing() + " waiting mails are missing in their repository: "
                + missing.stream().map(Missing::name).collect(Collectors.joining(", "))
                + "; POST /tls/held?action=repair removes them from the index");
        }
        return problems;
    }

    private void untilStopped(Capacity capacity) {
        int failures = 0;
        Duration pause = LOOK_EVERY;
        while (!stops(pause)) {
            try {
                boolean more = resume(capacity);
                count();
                failures = queueFails ? failures + 1 : 0;
                pause = failures > 0 ? BACKOFF.pause(failures - 1) : more ? AT_ONCE : LOOK_EVERY;
            } catch (Throwable e) {
                // errors, too: the thread must not end
                indexFailed(e);
                pause = BACKOFF.pause(failures++);
            }
        }
    }

    /** Claims and resumes one batch. Returns whether more mails may be due. */
    boolean resume(Capacity capacity) {
        // while the queue fails, one mail tells when it works again: each try may leave a copy
        int limit = Math.min(queueFails ? 1 : MAX_BATCH, capacity.free());
        if (limit <= 0) {
            return false;
        }
        Abandoned abandoned = System.nanoTime() - steadySince >= steady.toNanos() ? Abandoned.TOO : Abandoned.NOT;
        List<Claimed> claimed = index.claim(owner, LEASE, abandoned, capacity.full(), limit);
        indexOutage.over();
        queueFails = false;
        List<Future<?>> running = new ArrayList<>();
        for (Claimed mail : withPlace(claimed, capacity)) {
            atOnce.acquireUninterruptibly();
            running.add(threads.submit(() -> {
                try {
                    resume(mail);
                } finally {
                    atOnce.release();
                }
            }));
        }
        for (Future<?> each : running) {
            try {
                each.get();
            } catch (ExecutionException e) {
                LOGGER.error("A waiting mail was not put back into queue {}", queue.getName().asString(), e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return claimed.size() == limit;
    }

    /** Releases the mails for which this server has no place, for some seconds. */
    private List<Claimed> withPlace(List<Claimed> claimed, Capacity capacity) {
        Map<String, Integer> taken = new HashMap<>();
        List<Claimed> fitting = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (Claimed mail : claimed) {
            if (mail.published() || taken.merge(mail.domain(), 1, Integer::sum) <= capacity.free(mail.domain())) {
                fitting.add(mail);
            } else {
                others.add(mail.name());
            }
        }
        if (!others.isEmpty()) {
            index.release(owner, others, aFewSeconds());
        }
        return fitting;
    }

    private void resume(Claimed mail) {
        try {
            if (mail.published() || publish(mail)) {
                stores.with(mail.repository(), repository -> {
                    repository.remove(new MailKey(mail.name()));
                    return true;
                });
                forgetting.commit(mail.name());
            }
        } catch (StorageOutage e) {
            // the lease ends by itself
            indexFailed(e);
        } catch (MessagingException | RuntimeException | Error e) {
            LOGGER.debug("Waiting mail {} stays in its repository: {}", mail.name(), e.toString());
            release(mail, LEASE);
        }
    }

    /** @return false if the mail stays in the repository */
    private boolean publish(Claimed claimed) throws MessagingException {
        if (stopping.getCount() == 0 || queueFails) {
            release(claimed, Duration.ZERO);
            return false;
        }
        if (claimed.abandoned()) {
            metrics.accept(Event.DOUBTFUL);
            LOGGER.info("Waiting mail {} was claimed before by a server that did not finish; it may be delivered twice", claimed.name());
        }
        Mail mail = stores.with(claimed.repository(), repository -> repository.retrieve(new MailKey(claimed.name())));
        if (mail == null) {
            missed(claimed);
            return false;
        }
        WaitName.restore(mail);
        mail.removeAttribute(WaitingRepository.QUEUE);
        mail.setAttribute(new Attribute(WaitingRepository.RESUMED,
            AttributeValue.of((claimed.requested() ? Resumed.REQUESTED : Resumed.DUE).name())));
        try {
            Publisher.inTime(queue, mail, Publisher.TIMEOUT, () -> LifecycleUtil.dispose(mail));
        } catch (MailQueue.MailQueueException e) {
            queueFails = true;
            queueOutage.began(e);
            metrics.accept(Event.DOUBTFUL);
            release(claimed, aFewSeconds());
            return false;
        }
        queueOutage.over();
        metrics.accept(Event.RESUMED);
        return isMarked(claimed);
    }

    /** Writes that a mail is in the queue, until that succeeds. */
    private boolean isMarked(Claimed mail) {
        for (int failures = 0; ; failures++) {
            try {
                publishing.commit(mail.name());
                return true;
            } catch (RuntimeException | Error e) {
                indexFailed(e);
                if (stops(BACKOFF.pause(failures))) {
                    LOGGER.warn("Mail {} is in the queue, which could not be noted before James stopped; it may be delivered twice",
                        mail.name());
                    return false;
                }
            }
        }
    }

    private void missed(Claimed mail) {
        boolean last = mail.misses() + 1 >= MAX_MISSES;
        index.missed(owner, mail.name(), last ? Optional.empty() : Optional.of(MISSED_AGAIN));
        if (last) {
            metrics.accept(Event.MISSING);
            LOGGER.error("Waiting mail {} for {} is missing in repository {}; it stays in the index until POST /tls/held?action=repair",
                mail.name(), mail.domain(), mail.repository());
        }
    }

    private void release(Claimed mail, Duration delay) {
        try {
            index.release(owner, List.of(mail.name()), delay);
        } catch (StorageOutage e) {
            indexFailed(e);
        }
    }

    private void indexFailed(Throwable e) {
        indexOutage.began(e);
        steadySince = System.nanoTime();
    }

    private static Duration aFewSeconds() {
        return Duration.ofMillis(ThreadLocalRandom.current().nextLong(MIN_SPREAD.toMillis(), MAX_SPREAD.toMillis()));
    }

    private void count() {
        long now = System.nanoTime();
        if (now - countedAt >= COUNT_EVERY.toNanos()) {
            counts = index.counts();
            missing = counts.missing() > 0 ? index.missing(MAX_NAMES) : List.of();
            countedAt = now;
        }
    }

    private boolean stops(Duration pause) {
        try {
            return stopping.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        }
    }

    @Override
    public void close() {
        stopping.countDown();
        if (thread != null) {
            try {
                thread.join(Publisher.TIMEOUT.multipliedBy(2));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        threads.shutdownNow();
    }
}
