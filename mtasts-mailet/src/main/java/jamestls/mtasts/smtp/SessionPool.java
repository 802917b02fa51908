package jamestls.mtasts.smtp;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * Sessions between two mails. It knows hosts and limits and no policy: whoever wants a session says which by
 * {@link SessionKey} and judges what was observed of it, for each mail anew. So a session stands in for a new one exactly
 * where a new one that shows the same would do; nothing that one mail was content with is ever taken for proof by another.
 *
 * <p>A session is leased to one thread at a time. Given back by {@link Lease#close}, it is kept if it was fit to be kept
 * ({@link Lease#keep}) and within {@link ReuseLimits}; otherwise it ends with QUIT, behind the caller's back.
 */
public final class SessionPool implements AutoCloseable {

    /** After so long without a word the server may be gone, and is asked before it is trusted with a mail. */
    private static final Duration FRESH = Duration.ofSeconds(1);
    private static final Duration SHORTEST_WAIT = Duration.ofMillis(5);
    private static final Duration LONGEST_WAIT = Duration.ofMillis(500);
    private static final Duration LONGEST_WAIT_FOR_OPENING = Duration.ofSeconds(10);
    private static final Duration SWEEP = Duration.ofMillis(500);
    private static final Duration LONGEST_FAREWELL = Duration.ofSeconds(6);

    private final SmtpConnector connector;
    private final ReuseLimits limits;
    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<SessionKey, Host> hosts = new HashMap<>();
    /** Longest idle first. */
    private final Set<Kept> all = new LinkedHashSet<>();
    private boolean closed;
    private final ExecutorService farewells = Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("smtp-quit-", 0).factory());
    private final ScheduledThreadPoolExecutor sweeper;
    private final LongAdder opened = new LongAdder();
    private final LongAdder reused = new LongAdder();

    public SessionPool(SmtpConnector connector, ReuseLimits limits) {
        this(connector, limits, System::nanoTime);
    }

    /** @param nanoTime a clock that only moves on */
    SessionPool(SmtpConnector connector, ReuseLimits limits, LongSupplier nanoTime) {
        this.connector = connector;
        this.limits = limits;
        this.nanoTime = nanoTime;
        this.sweeper = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "smtp-pool");
            thread.setDaemon(true);
            return thread;
        });
        sweeper.scheduleWithFixedDelay(this::sweep, SWEEP.toMillis(), SWEEP.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** An idle session. */
    private record Kept(SessionKey key, SmtpSession session, int mails, long openedAt, long idleSince) {
    }

    /** The sessions of one key; under the lock. Forgotten with the last of them. */
    private final class Host {
        private final Deque<Kept> idle = new ArrayDeque<>();
        private final Condition moved = lock.newCondition();
        private int opening;
        private int carrying;
        private long nanosToOpen;
        private long nanosToCarry;

        /** How long it is wise to wait for one of these. */
        private long patience(int backlog) {
            if (carrying == 0) {
                return LONGEST_WAIT_FOR_OPENING.toNanos();
            }
            long wait = backlog * nanosToCarry / (carrying + opening);
            return wait > Math.max(2 * nanosToOpen, SHORTEST_WAIT.toNanos()) ? 0 : Math.max(2 * nanosToOpen, LONGEST_WAIT.toNanos());
        }

        private void carried(long nanos) {
            carrying--;
            nanosToCarry = nanosToCarry == 0 ? nanos : (7 * nanosToCarry + nanos) / 8;
        }
    }

    /**
     * A session that has idled, if there is one that suits: the one last used. One that has idled for more than a second
     * is asked whether it lives. The caller closes the lease.
     *
     * @param suits judges what was observed of the session; called under no lock, must not block
     */
    public Optional<Lease> idle(SessionKey key, Predicate<TlsObservation> suits) {
        List<Kept> unsuited = new ArrayList<>();
        try {
            for (Optional<Kept> next = last(key); next.isPresent(); next = last(key)) {
                Kept kept = next.get();
                if (!isOver(kept) && !suits.test(kept.session().observation())) {
                    unsuited.add(kept);
                } else if (isOver(kept) || isStale(kept) && !kept.session().isAlive()) {
                    change(key, host -> host.carrying--);
                    bid(kept.session());
                } else {
                    reused.increment();
                    return Optional.of(new Lease(key, kept.session(), kept.mails(), kept.openedAt(), Origin.REUSED));
                }
            }
            return Optional.empty();
        } finally {
            for (Kept kept : unsuited.reversed()) {
                putBack(kept);
                change(key, host -> host.carrying--);
            }
        }
    }

    /**
     * Like {@link #idle}, and if all sessions there are busy, waits for one while they keep up: a connection costs both
     * sides more than a mail does, so one more is opened only where those there are would take longer over the mails that
     * wait. Until a server has shown that it answers at all, one connection at a time is tried.
     *
     * @param backlog how many mails wait for that host, this one included
     */
    public Optional<Lease> idleOrSoon(SessionKey key, Predicate<TlsObservation> suits, int backlog) {
        long since = nanoTime.getAsLong();
        Optional<Lease> lease = idle(key, suits);
        while (lease.isEmpty() && awaitMove(key, since, backlog)) {
            lease = idle(key, suits);
        }
        return lease;
    }

    /** @return false when there is nothing to wait for, or not any longer */
    private boolean awaitMove(SessionKey key, long since, int backlog) {
        lock.lock();
        try {
            Host host = hosts.get(key);
            if (host == null || host.opening + host.carrying == 0 || closed) {
                return false;
            }
            long left = host.patience(backlog) - (nanoTime.getAsLong() - since);
            return left > 0 && (host.moved.awaitNanos(left) > 0 || !host.idle.isEmpty());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }

    /** A new session, usable or not: its observation tells. The caller closes the lease. */
    public Lease open(SessionKey key, TlsUse use) {
        opened.increment();
        change(key, host -> host.opening++);
        long now = nanoTime.getAsLong();
        try {
            SmtpSession session = connector.connect(key.mxHost(), key.sni(), key.address(), use);
            change(key, host -> {
                host.carrying++;
                host.nanosToOpen = nanoTime.getAsLong() - now;
                host.moved.signalAll();
            });
            return new Lease(key, session, 0, now, Origin.NEW);
        } finally {
            change(key, host -> host.opening--);
        }
    }

    /** Under the lock; one who waits looks again, and a host without sessions is forgotten. */
    private void change(SessionKey key, Consumer<Host> change) {
        lock.lock();
        try {
            Host host = hosts.computeIfAbsent(key, k -> new Host());
            change.accept(host);
            host.moved.signal();
            if (host.opening + host.carrying == 0 && host.idle.isEmpty()) {
                host.moved.signalAll();
                hosts.remove(key);
            }
        } finally {
            lock.unlock();
        }
    }

    /** How many sessions idle now. */
    public int size() {
        lock.lock();
        try {
            return all.size();
        } finally {
            lock.unlock();
        }
    }

    /** How many connections were tried so far. */
    public long opened() {
        return opened.sum();
    }

    /** How often a session was used again so far. */
    public long reused() {
        return reused.sum();
    }

    /** Ends all idle sessions with QUIT, waiting a few seconds at most; those under way end when they are given back. */
    @Override
    public void close() {
        List<Kept> idle;
        lock.lock();
        try {
            closed = true;
            idle = List.copyOf(all);
            all.clear();
            hosts.values().forEach(host -> {
                host.idle.clear();
                host.moved.signalAll();
            });
        } finally {
            lock.unlock();
        }
        sweeper.shutdownNow();
        idle.forEach(kept -> bid(kept.session()));
        farewells.shutdown();
        try {
            if (!farewells.awaitTermination(LONGEST_FAREWELL.toSeconds(), TimeUnit.SECONDS)) {
                farewells.shutdownNow();
            }
        } catch (InterruptedException e) {
            farewells.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }

    /** Whether a leased session has carried a mail before. */
    public enum Origin { NEW, REUSED }

    /** The use of one session by one thread. */
    public final class Lease implements AutoCloseable {

        private final SessionKey key;
        private final SmtpSession session;
        private final int mails;
        private final long openedAt;
        private final Origin origin;
        private final long leasedAt = nanoTime.getAsLong();
        private boolean worthKeeping;

        private Lease(SessionKey key, SmtpSession session, int mails, long openedAt, Origin origin) {
            this.key = key;
            this.session = session;
            this.mails = mails;
            this.openedAt = openedAt;
            this.origin = origin;
        }

        public SmtpSession session() {
            return session;
        }

        public Origin origin() {
            return origin;
        }

        /** The session has carried a mail and may carry another; said once. */
        public void keep() {
            worthKeeping = true;
        }

        /** Gives the session back; blocks on nothing. */
        @Override
        public void close() {
            boolean another = worthKeeping && session.isUsable() && mails + 1 < limits.mails();
            if (another) {
                putBack(new Kept(key, session, mails + 1, openedAt, nanoTime.getAsLong()));
            }
            change(key, host -> host.carried(nanoTime.getAsLong() - leasedAt));
            if (!another && session.isUsable()) {
                bid(session);
            }
        }
    }

    private Optional<Kept> last(SessionKey key) {
        lock.lock();
        try {
            Host host = hosts.get(key);
            if (host == null || host.idle.isEmpty()) {
                return Optional.empty();
            }
            Kept last = host.idle.removeLast();
            all.remove(last);
            // the taker's until it says what became of it
            host.carrying++;
            return Optional.of(last);
        } finally {
            lock.unlock();
        }
    }

    private void putBack(Kept kept) {
        List<Kept> over = new ArrayList<>();
        lock.lock();
        try {
            if (closed || isOver(kept)) {
                over.add(kept);
            } else {
                Host host = hosts.computeIfAbsent(kept.key(), key -> new Host());
                host.idle.addLast(kept);
                all.add(kept);
                if (host.idle.size() > limits.perHost()) {
                    over.add(host.idle.getFirst());
                } else if (all.size() > limits.inAll()) {
                    over.add(all.iterator().next());
                }
                over.forEach(this::forget);
            }
        } finally {
            lock.unlock();
        }
        over.forEach(each -> bid(each.session()));
    }

    private void sweep() {
        List<Kept> over = new ArrayList<>();
        lock.lock();
        try {
            for (Iterator<Kept> eldest = all.iterator(); eldest.hasNext(); ) {
                Kept kept = eldest.next();
                if (isOver(kept)) {
                    over.add(kept);
                }
            }
            over.forEach(this::forget);
        } finally {
            lock.unlock();
        }
        over.forEach(kept -> bid(kept.session()));
    }

    /** Under the lock. */
    private void forget(Kept kept) {
        all.remove(kept);
        Host host = hosts.get(kept.key());
        host.idle.remove(kept);
        if (host.opening + host.carrying == 0 && host.idle.isEmpty()) {
            hosts.remove(kept.key());
        }
    }

    private boolean isStale(Kept kept) {
        return nanoTime.getAsLong() - kept.idleSince() > FRESH.toNanos();
    }

    private boolean isOver(Kept kept) {
        long now = nanoTime.getAsLong();
        return now - kept.idleSince() >= limits.idle().toNanos() || now - kept.openedAt() >= limits.age().toNanos();
    }

    /** QUIT takes a round trip or its time limit; nobody waits for it. */
    private void bid(SmtpSession session) {
        try {
            farewells.execute(session::close);
        } catch (RejectedExecutionException closing) {
            session.close();
        }
    }
}
