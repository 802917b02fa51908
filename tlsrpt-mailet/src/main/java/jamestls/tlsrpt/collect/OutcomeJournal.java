package jamestls.tlsrpt.collect;

import jamestls.net.Backoff;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcomeSink;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.Tally;
import jamestls.tlsrpt.store.TallyLimits;
import jamestls.tlsrpt.store.TallyStore;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.apache.james.metrics.api.Metric;
import org.apache.james.metrics.api.MetricFactory;

/**
 * Writes outcomes to the store in groups. Outcomes that are recorded while no thread is free to write are added up and form the next
 * group. There are as many writing threads as the store can serve at once ({@link TallyStore#concurrentWrites}), so that one group is
 * prepared while another one is being flushed. {@link #record} returns when its outcomes are committed, so the sessions of a delivery
 * that was acknowledged are counted even after a crash.
 *
 * <p>Deliveries do not depend on the store. While it fails, {@code record} does not wait; outcomes are added up in memory, within limits,
 * and the write is retried until it succeeds. If a commit takes longer than the timeout, {@code record} does not wait again until the
 * store is faster. Outcomes beyond the memory limits are dropped and counted as dropped.
 *
 * <p>Each write has the name and the next number of its thread and is retried unchanged, so a write whose outcome is unknown counts once.
 */
public final class OutcomeJournal implements TlsOutcomeSink, AutoCloseable {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(OutcomeJournal.class);
    /** Long enough for a slow disk, short enough for a delivery. */
    private static final Duration COMMIT_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
    private static final Backoff BACKOFF = new Backoff(Duration.ofMillis(500), Duration.ofSeconds(30));
    /** Domains per transaction; takes a second at most. */
    private static final int MAX_DOMAINS_PER_WRITE = 5_000;

    private final TallyStore store;
    private final TallyLimits limits;
    private final Duration commitTimeout;
    private final Clock clock;
    private final Metric recorded;
    private final Metric dropped;
    private final List<Thread> threads;
    private final CountDownLatch stopped = new CountDownLatch(1);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition notEmpty = lock.newCondition();
    private OutcomeGroup open;
    private final Set<OutcomeGroup> inHand = new HashSet<>();
    private long droppedSessions;
    private Optional<Instant> failingSince = Optional.empty();
    private String failure = "";
    /** Whether the store fails or is too slow, so that deliveries do not wait for it. */
    private final AtomicBoolean slow = new AtomicBoolean();

    /** Starts the writing threads. */
    public OutcomeJournal(TallyStore store, MetricFactory metrics, Clock clock) {
        this(store, TallyLimits.DEFAULT, metrics, clock, COMMIT_TIMEOUT);
    }

    /**
     * Starts the writing threads.
     *
     * @param limits limits of the outcomes in memory
     * @param commitTimeout longest wait of a delivery
     */
    public OutcomeJournal(TallyStore store, TallyLimits limits, MetricFactory metrics, Clock clock, Duration commitTimeout) {
        this.store = store;
        this.limits = limits;
        this.commitTimeout = commitTimeout;
        this.clock = clock;
        this.recorded = metrics.generate("tlsOutcomesRecorded");
        this.dropped = metrics.generate("tlsOutcomesDropped");
        this.open = new OutcomeGroup(limits);
        this.threads = Stream.generate(Writer::new).limit(store.concurrentWrites())
            .map(writer -> Thread.ofPlatform().daemon().name("tlsreport-journal").start(writer::writeUntilClosed)).toList();
    }

    @Override
    public void record(List<TlsOutcome> outcomes) {
        if (outcomes.isEmpty()) {
            return;
        }
        CompletableFuture<Void> committed = add(outcomes);
        if (!slow.get()) {
            await(committed);
        }
    }

    /**
     * State of the journal, for health checks.
     *
     * @param waiting number of sessions in memory that are not stored yet
     * @param dropped number of sessions since the start that were not counted because of the limits
     * @param failingSince start of the current outage of the store; empty if there is none
     * @param failure last error message of the outage
     */
    public record State(long waiting, long dropped, Optional<Instant> failingSince, String failure) {
    }

    public State state() {
        lock.lock();
        try {
            long waiting = open.sessions() + inHand.stream().mapToLong(OutcomeGroup::sessions).sum();
            return new State(waiting, droppedSessions, failingSince, failure);
        } finally {
            lock.unlock();
        }
    }

    /** Writes the remaining outcomes, for five seconds at most. Nothing may be recorded afterwards. */
    @Override
    public void close() {
        stopped.countDown();
        signal();
        try {
            boolean isRunning = threads.stream().anyMatch(Thread::isAlive);
            Instant deadline = Instant.now().plus(CLOSE_TIMEOUT);
            for (Thread thread : threads) {
                thread.join(Duration.between(Instant.now(), deadline));
            }
            long lost = state().waiting();
            if (isRunning && lost > 0) {
                LOGGER.error("tlsreport: {} sessions could not be stored before the shutdown and will be missing in the reports", lost);
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
            return open.committed();
        } finally {
            lock.unlock();
            drop(lost);
        }
    }

    private void await(CompletableFuture<Void> committed) {
        try {
            committed.get(commitTimeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            if (slow.compareAndSet(false, true)) {
                LOGGER.warn("tlsreport: the store needed more than {} to commit; deliveries do not wait for it until it is faster",
                    commitTimeout);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the future is never completed exceptionally", e);
        }
    }

    /** What one thread does; its writes have its name and consecutive numbers. */
    private final class Writer {

        private final String name = UUID.randomUUID().toString();
        private long number;

        void writeUntilClosed() {
            boolean storing = true;
            while (storing) {
                OutcomeGroup taken = null;
                try {
                    taken = take();
                    storing = taken != null && write(taken);
                } catch (Throwable e) {
                    abandon(taken, e);
                }
            }
        }

        /** @return false if the journal was closed before the group was stored */
        private boolean write(OutcomeGroup group) throws InterruptedException {
            long begun = System.nanoTime();
            List<Tally> tallies = group.inOrder();
            int withoutCapacity = 0;
            for (int from = 0; from < tallies.size(); from += MAX_DOMAINS_PER_WRITE) {
                Optional<Integer> added = addRetried(group, new WriteId(name, ++number),
                    tallies.subList(from, Math.min(tallies.size(), from + MAX_DOMAINS_PER_WRITE)));
                if (added.isEmpty()) {
                    return false;
                }
                withoutCapacity += added.get();
            }
            stored(group, Duration.ofNanos(System.nanoTime() - begun));
            add(recorded, Math.max(0, group.sessions() - withoutCapacity));
            drop(withoutCapacity);
            group.release();
            return true;
        }

        /** Retries until the tallies are stored. @return number of dropped policies; empty if the journal was closed before */
        private Optional<Integer> addRetried(OutcomeGroup group, WriteId id, List<Tally> tallies) throws InterruptedException {
            for (int retries = 0; ; retries++) {
                try {
                    return Optional.of(store.add(id, tallies));
                } catch (StorageOutage | Error e) {
                    // an Error may be temporary, for example if memory or file descriptors ran out
                    failed(group, e);
                } catch (RuntimeException e) {
                    LOGGER.error("tlsreport: unexpected error, the sessions of {} domains are not counted", tallies.size(), e);
                    return Optional.of(tallies.size());
                }
                if (stopped.await(BACKOFF.pause(retries).toMillis(), TimeUnit.MILLISECONDS)) {
                    return Optional.empty();
                }
            }
        }
    }

    /** Drops a group after an unexpected error, so that the thread continues with the next group. */
    private void abandon(OutcomeGroup taken, Throwable why) {
        try {
            int lost = taken == null ? 0 : taken.sessions();
            LOGGER.error("tlsreport: unexpected error, {} sessions are not counted", lost, why);
            if (taken != null) {
                putDown(taken);
                taken.release();
                drop(lost);
            }
            stopped.await(BACKOFF.first().toMillis(), TimeUnit.MILLISECONDS);
        } catch (Throwable again) {
            // out of memory or interrupted: nothing more can be done about this group
            why.addSuppressed(again);
        }
    }

    /**
     * Takes the open group. Waits until it has outcomes. While the store fails, one group at a time is tried again; the others are added
     * up in the open one, whose size is limited.
     *
     * @return null if the journal is closed and nothing can be written any more
     */
    private OutcomeGroup take() throws InterruptedException {
        lock.lock();
        try {
            while (open.isEmpty() || failingSince.isPresent() && !inHand.isEmpty()) {
                if (stopped.getCount() == 0) {
                    return null;
                }
                notEmpty.await();
            }
            OutcomeGroup taken = open;
            open = new OutcomeGroup(limits);
            inHand.add(taken);
            return taken;
        } finally {
            lock.unlock();
        }
    }

    private void putDown(OutcomeGroup group) {
        lock.lock();
        try {
            inHand.remove(group);
            notEmpty.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void failed(OutcomeGroup group, Throwable why) {
        slow.set(true);
        lock.lock();
        try {
            if (failingSince.isEmpty()) {
                failingSince = Optional.of(clock.instant());
                if (why instanceof StorageOutage) {
                    // of which the database warns
                    LOGGER.info("tlsreport: the store fails; sessions are counted in memory until it works again");
                } else {
                    LOGGER.error("tlsreport: the store fails; sessions are counted in memory until it works again", why);
                }
            }
            failure = message(why);
            open.release();
            group.release();
        } finally {
            lock.unlock();
        }
    }

    private static String message(Throwable why) {
        return why instanceof StorageOutage ? String.valueOf(why.getMessage()) : why.toString();
    }

    private void stored(OutcomeGroup group, Duration taken) {
        slow.set(taken.compareTo(commitTimeout) > 0);
        lock.lock();
        try {
            putDown(group);
            if (failingSince.isPresent()) {
                LOGGER.info("tlsreport: the store works again after an outage since {}", failingSince.get());
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
                LOGGER.warn("tlsreport: the limits of domains or policies are reached, further sessions are dropped; "
                    + "see metric tlsOutcomesDropped");
            }
            droppedSessions += sessions;
        } finally {
            lock.unlock();
        }
    }

    /** Adds to a metric; an exception of the metric is ignored. */
    private static void add(Metric metric, int sessions) {
        try {
            metric.add(sessions);
        } catch (RuntimeException | LinkageError e) {
            LOGGER.debug("tlsreport: a metric failed", e);
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
