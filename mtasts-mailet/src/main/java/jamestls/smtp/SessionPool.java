package jamestls.smtp;

import jamestls.smtp.HostPace.Processor;
import jamestls.smtp.SmtpConnector.TlsUse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

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
    private static final Duration SWEEP = Duration.ofMillis(500);

    private final SmtpConnector connector;
    private final ReuseLimits limits;
    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();
    /** Forgotten with the last session. */
    private final Map<SessionKey, HostPace> hosts = new HashMap<>();
    private final IdleSessions idle;
    private boolean closed;
    private final SessionCloser farewells = new SessionCloser();
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
        this.idle = new IdleSessions(limits);
        this.sweeper = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "smtp-pool");
            thread.setDaemon(true);
            return thread;
        });
        sweeper.scheduleWithFixedDelay(this::sweep, SWEEP.toMillis(), SWEEP.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * A session that has idled, if there is one that suits: the one last used. One that has idled for more than a second
     * is asked whether it lives. The caller closes the lease.
     *
     * @param suits judges what was observed of the session; called under no lock, must not block
     */
    public Optional<Lease> idle(SessionKey key, Predicate<TlsObservation> suits) {
        List<PooledSession> unsuited = new ArrayList<>(0);
        try {
            for (Optional<PooledSession> next = last(key); next.isPresent(); next = last(key)) {
                PooledSession kept = next.get();
                long now = nanoTime.getAsLong();
                if (!kept.isOver(limits, now) && !suits.test(kept.session().observation())) {
                    unsuited.add(kept);
                } else if (kept.isOver(limits, now) || kept.idleNanos(now) > FRESH.toNanos() && !kept.session().isAlive()) {
                    change(key, HostPace::givenBack);
                    farewells.bid(kept);
                } else {
                    reused.increment();
                    return Optional.of(new Lease(kept, Origin.REUSED));
                }
            }
            return Optional.empty();
        } finally {
            for (PooledSession kept : unsuited.reversed()) {
                giveBack(kept, HostPace::givenBack);
            }
        }
    }

    /**
     * Like {@link #idle}, and if all sessions there are busy, waits for one while they keep up. Until a server has shown that
     * it answers at all, one connection at a time is tried.
     *
     * @param backlog how many mails wait for that host, this one included
     */
    public Optional<Lease> idleOrSoon(SessionKey key, Predicate<TlsObservation> suits, int backlog) {
        long since = nanoTime.getAsLong();
        Optional<Lease> lease = idle(key, suits);
        while (lease.isEmpty() && awaitMove(key, since, backlog, Processor.now())) {
            lease = idle(key, suits);
        }
        return lease;
    }

    /** Whether the sessions there are seem enough now: for who has decided otherwise and then had to wait. */
    public boolean keepUp(SessionKey key, int backlog) {
        Processor processor = Processor.now();
        return locked(() -> {
            HostPace host = hosts.get(key);
            return idle.has(key) || host != null && host.keepsUp(backlog, processor);
        });
    }

    /** @return false when there is nothing to wait for, or not any longer */
    private boolean awaitMove(SessionKey key, long since, int backlog, Processor processor) {
        return locked(() -> {
            HostPace host = hosts.get(key);
            if (host == null || !host.isBusy() || closed) {
                return false;
            }
            long left = host.patience(backlog, nanoTime.getAsLong() - since, processor);
            try {
                return left > 0 && (host.moved().awaitNanos(left) > 0 || idle.has(key) || processor == Processor.TAKEN);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        });
    }

    /** A new session, usable or not: its observation tells. The caller closes the lease. */
    public Lease open(SessionKey key, TlsUse use) {
        opened.increment();
        change(key, HostPace::opens);
        long now = nanoTime.getAsLong();
        try {
            SmtpSession session = connector.connect(key.mxHost(), key.sni(), key.address(), use);
            change(key, host -> host.opened(nanoTime.getAsLong() - now));
            return new Lease(new PooledSession(key, session, now), Origin.NEW);
        } finally {
            change(key, HostPace::openingEnds);
        }
    }

    /** How many sessions idle now. */
    public int size() {
        return locked(idle::size);
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
        List<PooledSession> over = locked(() -> {
            closed = true;
            hosts.values().forEach(host -> host.moved().signalAll());
            return idle.takeAll();
        });
        sweeper.shutdownNow();
        over.forEach(farewells::bid);
        farewells.close();
    }

    /** Whether a leased session has carried a mail before. */
    public enum Origin { NEW, REUSED }

    /** The use of one session by one thread. */
    public final class Lease implements AutoCloseable {

        private final PooledSession pooled;
        private final Origin origin;
        private final long leasedAt = nanoTime.getAsLong();
        private boolean worthKeeping;

        private Lease(PooledSession pooled, Origin origin) {
            this.pooled = pooled;
            this.origin = origin;
        }

        public SmtpSession session() {
            return pooled.session();
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
            long now = nanoTime.getAsLong();
            pooled.carried(now);
            Consumer<HostPace> carried = host -> host.carried(now - leasedAt);
            if (worthKeeping && pooled.session().isUsable() && !pooled.isUsedUp(limits)) {
                giveBack(pooled, carried);
            } else {
                change(pooled.key(), carried);
                if (pooled.session().isUsable()) {
                    farewells.bid(pooled);
                }
            }
        }
    }

    private Optional<PooledSession> last(SessionKey key) {
        return locked(() -> {
            Optional<PooledSession> last = idle.takeLast(key);
            // the taker's until it says what became of it
            last.ifPresent(taken -> host(key).taken());
            return last;
        });
    }

    private void giveBack(PooledSession pooled, Consumer<HostPace> change) {
        Optional<PooledSession> over = locked(() -> {
            Optional<PooledSession> tooMany = closed || pooled.isOver(limits, nanoTime.getAsLong())
                ? Optional.of(pooled) : idle.add(pooled);
            update(pooled.key(), change);
            tooMany.ifPresent(out -> forgetIfQuiet(out.key()));
            return tooMany;
        });
        over.ifPresent(farewells::bid);
    }

    private void sweep() {
        List<PooledSession> over = locked(() -> {
            List<PooledSession> taken = idle.takeOver(nanoTime.getAsLong());
            taken.forEach(out -> forgetIfQuiet(out.key()));
            return taken;
        });
        over.forEach(farewells::bid);
    }

    private void change(SessionKey key, Consumer<HostPace> change) {
        locked(() -> {
            update(key, change);
            return null;
        });
    }

    /** Under the lock. */
    private void update(SessionKey key, Consumer<HostPace> change) {
        change.accept(host(key));
        forgetIfQuiet(key);
    }

    /** Under the lock; a host without sessions is forgotten, and who waits there looks again. */
    private void forgetIfQuiet(SessionKey key) {
        HostPace host = hosts.get(key);
        if (host != null && !host.isBusy() && !idle.has(key)) {
            host.moved().signalAll();
            hosts.remove(key);
        }
    }

    /** Under the lock. */
    private HostPace host(SessionKey key) {
        return hosts.computeIfAbsent(key, unknown -> new HostPace(lock.newCondition()));
    }

    private <T> T locked(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }
}
