package jamestls.smtp;

import jamestls.smtp.SmtpConnector.TlsUse;
import java.net.InetSocketAddress;
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
 * Sessions between two mails, and how many of them each server gets ({@link ServerLimit}). It knows no policy: whoever wants a
 * session says which by {@link SessionKey} and judges what was observed of it, for each mail anew. So a session stands in for a
 * new one exactly where a new one that shows the same would do.
 *
 * <p>A session is leased to one thread at a time. Given back by {@link Lease#close}, it is kept if it was fit to be kept
 * ({@link Lease#keep}) and within {@link ReuseLimits}; otherwise it ends with QUIT in another thread.
 */
public final class SessionPool implements AutoCloseable {

    /** A session that has idled for longer is checked with a command before it is used, because the server may have closed it. */
    private static final Duration FRESH = Duration.ofSeconds(1);
    private static final Duration SWEEP = Duration.ofMillis(500);
    private static final Duration MAX_NAP = Duration.ofMillis(500);
    private static final int MAX_SERVERS_REMEMBERED = 10_000;

    private final SmtpConnector connector;
    private final ReuseLimits limits;
    private final int perServer;
    private final int maxWaiting;
    private final LongSupplier nanoTime;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<InetSocketAddress, ServerLimit> servers = new HashMap<>();
    private final IdleSessions idle;
    private boolean closed;
    private final SessionCloser closer = new SessionCloser();
    private final ScheduledThreadPoolExecutor sweeper;
    private final LongAdder opened = new LongAdder();
    private final LongAdder reused = new LongAdder();

    /**
     * @param perServer most sessions with one server at once
     * @param maxWaiting most mails that wait for one server
     */
    public SessionPool(SmtpConnector connector, ReuseLimits limits, int perServer, int maxWaiting) {
        this(connector, limits, perServer, maxWaiting, System::nanoTime);
    }

    /** @param nanoTime a clock that only moves on */
    SessionPool(SmtpConnector connector, ReuseLimits limits, int perServer, int maxWaiting, LongSupplier nanoTime) {
        this.connector = connector;
        this.limits = limits;
        this.perServer = perServer;
        this.maxWaiting = maxWaiting;
        this.nanoTime = nanoTime;
        this.idle = new IdleSessions(limits);
        this.sweeper = new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("smtp-pool").factory());
        sweeper.scheduleWithFixedDelay(SessionCloser.goingOn(this::sweep), SWEEP.toMillis(), SWEEP.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Waits until a mail may go to a server: over a session that idles, or over a new one.
     *
     * @param suits judges what was observed of a session; called under no lock, must not block
     * @param backlog how many mails wait for that server's domain, this one included
     * @param patience the longest wait
     */
    public Admission admit(SessionKey key, Predicate<TlsObservation> suits, int backlog, Duration patience) {
        Optional<Lease> lease = idle(key, suits);
        if (lease.isPresent()) {
            return new Admission.Reuse(lease.get());
        }
        long since = nanoTime.getAsLong();
        long failures = locked(() -> {
            ServerLimit server = server(key);
            server.waits();
            return server.failures();
        });
        try {
            Optional<Admission> given = Optional.empty();
            while (given.isEmpty()) {
                long changes = locked(() -> server(key).changes());
                lease = idle(key, suits);
                given = lease.isPresent() ? Optional.of(new Admission.Reuse(lease.get()))
                    : next(key, backlog, since, patience, failures, changes);
            }
            return given.get();
        } finally {
            change(key, server -> server.waitsNoMore(nanoTime.getAsLong()));
        }
    }

    /** What is to be done where no session suits; empty after a wait, when it is time to look again. */
    private Optional<Admission> next(SessionKey key, int backlog, long since, Duration patience, long failures, long changes) {
        List<PooledSession> inTheWay = new ArrayList<>(0);
        Optional<Admission> given = locked(() -> {
            ServerLimit server = server(key);
            long now = nanoTime.getAsLong();
            long left = patience.toNanos() - (now - since);
            if (closed || server.waiting() > maxWaiting) {
                return Optional.of(new Admission.Busy());
            }
            if (server.failures() != failures || server.isLeftAlone(now)) {
                return Optional.of(new Admission.Failed(server.failure()));
            }
            if (server.mayOpen(backlog, now - since, now)) {
                boolean probe = !server.isProven(now);
                server.opens();
                return Optional.of(new Admission.Open(new Opening(key, probe)));
            }
            if (left <= 0) {
                return Optional.of(new Admission.Busy());
            }
            if (server.changes() == changes) {
                // a session that idles and does not suit takes up what the server allows
                Optional<PooledSession> unsuited = server.isFull(now) ? idle.takeAnyAt(key.address()) : Optional.empty();
                unsuited.ifPresent(out -> {
                    server.closes(now);
                    inTheWay.add(out);
                });
                if (unsuited.isEmpty()) {
                    await(server, Math.min(left, Math.min(server.patience(), MAX_NAP.toNanos())));
                }
            }
            return Optional.empty();
        });
        inTheWay.forEach(this::end);
        return given;
    }

    private static void await(ServerLimit server, long nanos) {
        try {
            server.changed().awaitNanos(nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a session", e);
        }
    }

    /**
     * A session that has idled, if there is one that suits: the one last used. One that has idled for more than a second
     * is asked whether it lives. The caller closes the lease.
     */
    Optional<Lease> idle(SessionKey key, Predicate<TlsObservation> suits) {
        List<PooledSession> unsuited = new ArrayList<>(0);
        try {
            for (Optional<PooledSession> next = locked(() -> idle.takeLast(key)); next.isPresent();
                    next = locked(() -> idle.takeLast(key))) {
                PooledSession kept = next.get();
                boolean given = false;
                try {
                    long now = nanoTime.getAsLong();
                    boolean over = kept.isOver(limits, now);
                    if (!over && !suits.test(kept.session().observation())) {
                        unsuited.add(kept);
                        given = true;
                    } else if (!over && (kept.idleNanos(now) <= FRESH.toNanos() || kept.session().isAlive())) {
                        reused.increment();
                        given = true;
                        return Optional.of(new Lease(kept, Origin.REUSED, true));
                    }
                } finally {
                    if (!given) {
                        leave(kept);
                    }
                }
            }
            return Optional.empty();
        } finally {
            for (PooledSession kept : unsuited.reversed()) {
                giveBack(kept, ServerLimit::idlesAgain);
            }
        }
    }

    /** A new session beyond all limits, usable or not: its observation tells. The caller closes the lease. */
    public Lease open(SessionKey key, TlsUse use) {
        change(key, ServerLimit::opens);
        return new Opening(key, false).open(use);
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

    /** Nobody waits for a session any more; open ones go on. */
    public void stopWaiting() {
        locked(() -> {
            closed = true;
            servers.values().forEach(server -> server.changed().signalAll());
            return null;
        });
    }

    /** Ends all idle sessions with QUIT, waiting a few seconds at most; those under way end when they are given back. */
    @Override
    public void close() {
        stopWaiting();
        List<PooledSession> over = locked(() -> {
            List<PooledSession> all = idle.takeAll();
            all.forEach(out -> server(out.key()).closes(nanoTime.getAsLong()));
            return all;
        });
        sweeper.shutdownNow();
        over.forEach(this::end);
        closer.close();
    }

    /** Whether a leased session has carried a mail before. */
    public enum Origin { NEW, REUSED }

    /** Permission to open a session; it counts against the server's limit until it is closed or used. Used by one thread. */
    public final class Opening implements AutoCloseable {

        private final SessionKey key;
        private final boolean probe;
        private boolean counted = true;
        private boolean refused;

        private Opening(SessionKey key, boolean probe) {
            this.key = key;
            this.probe = probe;
        }

        /** Whether it is not known that the server answers. */
        public boolean isProbe() {
            return probe;
        }

        /** Whether the server refused this session because it has enough of them: the mail waits for one of those. */
        public boolean isRefused() {
            return refused;
        }

        /** Opens it, or after the first call another one; usable or not, its observation tells. The caller closes the lease. */
        public Lease open(TlsUse use) {
            if (!counted) {
                change(key, ServerLimit::opens);
            }
            counted = true;
            opened.increment();
            long begun = nanoTime.getAsLong();
            SmtpSession session = connector.connect(key.mxHost(), key.sni(), key.address(), use);
            long now = nanoTime.getAsLong();
            boolean usable = session.isUsable();
            change(key, server -> {
                counted = false;
                if (usable) {
                    server.opened(now - begun, now);
                } else if (session.observation().failure().filter(SessionFailure::isBeforeEhlo).isPresent()) {
                    refused = server.refused(session.observation().failure().get(), now - begun, now);
                } else {
                    server.openedInVain();
                }
            });
            return new Lease(new PooledSession(key, session, begun), Origin.NEW, usable);
        }

        @Override
        public void close() {
            if (counted) {
                counted = false;
                change(key, ServerLimit::opensNot);
            }
        }
    }

    /** The use of one session by one thread. */
    public final class Lease implements AutoCloseable {

        private final PooledSession pooled;
        private final Origin origin;
        private final boolean counted;
        private boolean worthKeeping;

        private Lease(PooledSession pooled, Origin origin, boolean counted) {
            this.pooled = pooled;
            this.origin = origin;
            this.counted = counted;
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

        /** Gives the session back; does not block. */
        @Override
        public void close() {
            long now = nanoTime.getAsLong();
            pooled.carried(now);
            if (!counted) {
                return;
            }
            if (worthKeeping && pooled.session().isUsable() && !pooled.isUsedUp(limits)) {
                giveBack(pooled, server -> server.idles(now));
            } else if (pooled.session().isUsable()) {
                leave(pooled);
            } else if (worthKeeping) {
                // the server answered the mail and said 421
                change(pooled.key(), server -> {
                    server.closes(now);
                    server.closed();
                });
            } else {
                change(pooled.key(), ServerLimit::lost);
            }
        }
    }

    private void giveBack(PooledSession pooled, Consumer<ServerLimit> change) {
        Optional<PooledSession> over = locked(() -> {
            long now = nanoTime.getAsLong();
            Optional<PooledSession> tooMany = closed || pooled.isOver(limits, now) ? Optional.of(pooled) : idle.add(pooled);
            change.accept(server(pooled.key()));
            tooMany.ifPresent(out -> server(out.key()).closes(now));
            return tooMany;
        });
        over.ifPresent(this::end);
    }

    /** Ends a session that is counted as open. */
    private void leave(PooledSession pooled) {
        change(pooled.key(), server -> server.closes(nanoTime.getAsLong()));
        end(pooled);
    }

    /** Ends a session that is counted as closing. */
    private void end(PooledSession pooled) {
        closer.close(pooled.session(), () -> change(pooled.key(), ServerLimit::closed));
    }

    private void sweep() {
        List<PooledSession> over = locked(() -> {
            long now = nanoTime.getAsLong();
            List<PooledSession> taken = idle.takeOver(now);
            taken.forEach(out -> server(out.key()).closes(now));
            if (servers.size() > MAX_SERVERS_REMEMBERED / 2) {
                servers.values().removeIf(server -> server.isForgotten(now));
            }
            return taken;
        });
        over.forEach(this::end);
    }

    private void change(SessionKey key, Consumer<ServerLimit> change) {
        locked(() -> {
            ServerLimit server = server(key);
            change.accept(server);
            if (servers.size() > MAX_SERVERS_REMEMBERED && server.isQuiet()) {
                servers.remove(key.address());
            }
            return null;
        });
    }

    /** Under the lock. */
    private ServerLimit server(SessionKey key) {
        return servers.computeIfAbsent(key.address(), unknown -> new ServerLimit(perServer, lock.newCondition()));
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
