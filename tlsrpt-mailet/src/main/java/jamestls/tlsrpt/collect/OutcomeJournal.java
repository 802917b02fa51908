package jamestls.tlsrpt.collect;

import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcomeSink;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.Tally;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import jamestls.tlsrpt.store.TallyLimits.ByteBudget;
import jamestls.tlsrpt.store.TallyStore;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.james.metrics.api.Metric;
import org.apache.james.metrics.api.MetricFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings outcomes into the store, together: what deliveries record while one group is written is added up and makes the next
 * group, which one thread writes in one transaction. {@link #record} returns when the group that holds its outcomes is
 * committed, so a delivery that is acknowledged is counted whatever happens then.
 *
 * <p>No mail waits on reporting. While the store fails {@code record} does not wait at all; the outcomes stay in memory, added
 * up and bounded, and are tried again until they are stored. A store that is merely slow is waited for once, as long as the
 * patience given, and then no more until it is quick again. What finds no room in memory is dropped and counted.
 *
 * <p>A group is the same each time it is tried and has a number, so one of which it is not known whether it was committed
 * counts once.
 */
public final class OutcomeJournal implements TlsOutcomeSink, AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(OutcomeJournal.class);
    /** Long enough for a slow disk, short enough for a delivery. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final Duration FAREWELL = Duration.ofSeconds(5);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(30);
    /** A transaction of this size is a matter of a second at most. */
    private static final int DOMAINS_TOGETHER = 5_000;

    private final TallyStore store;
    private final TallyLimits limits;
    private final Duration patience;
    private final Clock clock;
    private final Metric recorded;
    private final Metric dropped;
    private final String writer = UUID.randomUUID().toString();
    private final Thread thread;
    private final CountDownLatch stopped = new CountDownLatch(1);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition notEmpty = lock.newCondition();
    private Group open;
    private int beingWritten;
    private long droppedSessions;
    private Optional<Instant> failingSince = Optional.empty();
    private String failure = "";
    /** Whether the store is so late that nobody should wait for it. */
    private volatile boolean late;

    // of the thread alone
    private long number;

    /** Starts at once. */
    public OutcomeJournal(TallyStore store, MetricFactory metrics, Clock clock) {
        this(store, TallyLimits.DEFAULT, metrics, clock, PATIENCE);
    }

    /**
     * @param limits of what is kept in memory
     * @param patience the longest wait of a delivery
     */
    public OutcomeJournal(TallyStore store, TallyLimits limits, MetricFactory metrics, Clock clock, Duration patience) {
        this.store = store;
        this.limits = limits;
        this.patience = patience;
        this.clock = clock;
        this.recorded = metrics.generate("tlsOutcomesRecorded");
        this.dropped = metrics.generate("tlsOutcomesDropped");
        this.open = new Group(limits);
        this.thread = Thread.ofPlatform().daemon().name("tlsreport-journal").start(this::untilClosed);
    }

    /** Sessions that are committed together, and who waits for that. */
    private static final class Group {
        private final TallyLimits limits;
        private final ByteBudget budget;
        private final Map<TallyKey, Tally> tallies = new HashMap<>();
        private CompletableFuture<Void> safe = new CompletableFuture<>();
        /** Those that found room for all their policies. */
        private int sessions;

        Group(TallyLimits limits) {
            this.limits = limits;
            this.budget = limits.budget();
        }

        /** @return false if it found, wholly or for one of its policies, no room */
        boolean add(TlsOutcome outcome) {
            TallyKey key = TallyKey.of(outcome);
            Tally tally = tallies.get(key);
            if (tally == null) {
                if (tallies.size() >= limits.domainsPerDay()) {
                    return false;
                }
                Optional<Tally> fresh = Tally.within(limits, budget, key);
                if (fresh.isEmpty()) {
                    return false;
                }
                tally = fresh.get();
                tallies.put(key, tally);
            }
            boolean all = tally.add(outcome) == 0;
            sessions += all ? 1 : 0;
            return all;
        }

        /** In the order of their keys, so that servers that write at once wait for each other and do not lock each other out. */
        List<Tally> inOrder() {
            return tallies.values().stream().filter(tally -> !tally.isEmpty()).sorted(Comparator.comparing(Tally::key)).toList();
        }

        /** Nobody waits for it any more; who comes later may. */
        void release() {
            CompletableFuture<Void> waitedFor = safe;
            safe = new CompletableFuture<>();
            waitedFor.complete(null);
        }
    }

    @Override
    public void record(List<TlsOutcome> outcomes) {
        if (outcomes.isEmpty()) {
            return;
        }
        CompletableFuture<Void> safe = add(outcomes);
        if (!late) {
            await(safe);
        }
    }

    /**
     * How the journal is doing.
     *
     * @param waiting sessions in memory that are not stored yet
     * @param dropped sessions that were not counted since the start, because there was no room
     * @param failingSince when the store began to fail; empty while it works
     * @param failure its last words
     */
    public record State(long waiting, long dropped, Optional<Instant> failingSince, String failure) {
    }

    public State state() {
        lock.lock();
        try {
            return new State(open.sessions + beingWritten, droppedSessions, failingSince, failure);
        } finally {
            lock.unlock();
        }
    }

    /** Writes what there is, as far as the store takes it within five seconds. Nothing may be recorded any more. */
    @Override
    public void close() {
        stopped.countDown();
        signal();
        try {
            boolean first = thread.isAlive();
            thread.join(FAREWELL);
            long lost = state().waiting();
            if (first && lost > 0) {
                LOGGER.error("tlsreport: {} sessions could not be stored before the end; they will be missing in the reports", lost);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private CompletableFuture<Void> add(List<TlsOutcome> outcomes) {
        int lost = 0;
        lock.lock();
        try {
            for (TlsOutcome outcome : outcomes) {
                lost += open.add(outcome) ? 0 : 1;
            }
            notEmpty.signal();
            return open.safe;
        } finally {
            lock.unlock();
            drop(lost);
        }
    }

    private void await(CompletableFuture<Void> safe) {
        try {
            safe.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            late = true;
            LOGGER.warn("tlsreport: the store needs more than {} to count; deliveries go on without waiting for it", patience);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("nobody makes it fail", e);
        }
    }

    private void untilClosed() {
        boolean storing = true;
        while (storing && (stopped.getCount() > 0 || !isEmpty())) {
            Group taken = null;
            try {
                taken = take();
                storing = write(taken);
            } catch (Throwable e) {
                abandon(taken, e);
            }
        }
    }

    /** Goes on with the next group, whatever was thrown: this thread is the only one that counts. */
    private void abandon(Group taken, Throwable why) {
        try {
            int lost = taken == null ? 0 : taken.sessions;
            LOGGER.error("tlsreport: {} sessions can't be counted", lost, why);
            if (taken != null) {
                taken.release();
                drop(lost);
            }
            stopped.await(FIRST_PAUSE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (Throwable again) {
            // no memory for a log line, or interrupted: nothing more can be done about this group
            why.addSuppressed(again);
        }
    }

    private boolean isEmpty() {
        lock.lock();
        try {
            return open.tallies.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there is something, or nothing will come any more. */
    private Group take() throws InterruptedException {
        lock.lock();
        try {
            while (open.tallies.isEmpty() && stopped.getCount() > 0) {
                notEmpty.await();
            }
            Group taken = open;
            open = new Group(limits);
            beingWritten = taken.sessions;
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** @return false if it was not stored, and the end has come */
    private boolean write(Group group) throws InterruptedException {
        long begun = System.nanoTime();
        List<Tally> tallies = group.inOrder();
        int withoutRoom = 0;
        for (int from = 0; from < tallies.size(); from += DOMAINS_TOGETHER) {
            Optional<Integer> added = addAtLast(group, new WriteId(writer, ++number),
                tallies.subList(from, Math.min(tallies.size(), from + DOMAINS_TOGETHER)));
            if (added.isEmpty()) {
                return false;
            }
            withoutRoom += added.get();
        }
        stored(Duration.ofNanos(System.nanoTime() - begun));
        add(recorded, Math.max(0, group.sessions - withoutRoom));
        drop(withoutRoom);
        group.release();
        return true;
    }

    /** Tries until it is stored. @return how many policies found no room; empty if the end came before */
    private Optional<Integer> addAtLast(Group group, WriteId id, List<Tally> tallies) throws InterruptedException {
        Duration pause = FIRST_PAUSE;
        while (true) {
            try {
                return Optional.of(store.add(id, tallies));
            } catch (StorageOutage | Error e) {
                // an Error may be over soon: memory or descriptors that ran out
                failed(group, e);
            } catch (RuntimeException e) {
                LOGGER.error("tlsreport: {} domains can't be counted", tallies.size(), e);
                return Optional.of(tallies.size());
            }
            if (stopped.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                return Optional.empty();
            }
            pause = pause.multipliedBy(2).compareTo(MAX_PAUSE) > 0 ? MAX_PAUSE : pause.multipliedBy(2);
        }
    }

    private void failed(Group group, Throwable why) {
        late = true;
        lock.lock();
        try {
            if (failingSince.isEmpty()) {
                failingSince = Optional.of(clock.instant());
                LOGGER.error("tlsreport: the store fails; sessions are counted in memory until it works again: {}", inWords(why));
            }
            failure = inWords(why);
            open.release();
            group.release();
        } finally {
            lock.unlock();
        }
    }

    private static String inWords(Throwable why) {
        return why instanceof StorageOutage ? String.valueOf(why.getMessage()) : why.toString();
    }

    private void stored(Duration taken) {
        late = taken.compareTo(patience) > 0;
        lock.lock();
        try {
            beingWritten = 0;
            if (failingSince.isPresent()) {
                LOGGER.warn("tlsreport: the store works again; it failed since {}", failingSince.get());
                failingSince = Optional.empty();
                failure = "";
            }
        } finally {
            lock.unlock();
        }
    }

    private void drop(int sessions) {
        if (sessions == 0) {
            return;
        }
        add(dropped, sessions);
        lock.lock();
        try {
            if (droppedSessions == 0) {
                LOGGER.warn("tlsreport: no room for more domains or policies; sessions are not counted, see metric tlsOutcomesDropped");
            }
            droppedSessions += sessions;
        } finally {
            lock.unlock();
        }
    }

    /** A metric that throws costs its own count and nothing else. */
    private static void add(Metric metric, int sessions) {
        try {
            metric.add(sessions);
        } catch (RuntimeException | LinkageError e) {
            LOGGER.debug("tlsreport: a metric throws", e);
        }
    }

    private void signal() {
        lock.lock();
        try {
            notEmpty.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
