package jamestls.smtp;

import jamestls.smtp.Lease.Counted;
import jamestls.smtp.Lease.Origin;
import jamestls.smtp.SessionRequest.Announcing;
import jamestls.smtp.SessionRequest.Waiting;
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
    private final AwaitedReplies awaitingReply = new AwaitedReplies();
    private final DomainLimit domains;
    private boolean closed;
    private final SessionCloser closer = new SessionCloser();
    private final ScheduledThreadPoolExecutor sweeper;
    private final LongAdder opened = new LongAdder();
    private final LongAdder reused = new LongAdder();

    /**
     * @param perServer most sessions with one server at once, and of one domain
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
        this.domains = new DomainLimit(perServer);
        this.sweeper = new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("smtp-pool").factory());
        sweeper.scheduleWithFixedDelay(SessionCloser.goingOn(this::sweep), SWEEP.toMillis(), SWEEP.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Waits until a mail may go to a server: over a session that idles, over a new one, or right behind another mail; at most for
     * {@code patience}.
     */
    public Admission admit(SessionRequest request, Duration patience) {
        Optional<Lease> lease = idle(request);
        if (lease.isPresent()) {
            return new Admission.Reuse(lease.get());
        }
        SessionKey key = request.key();
        long since = nanoTime.getAsLong();
        Waiting waiting = new Waiting(request, since, patience, locked(() -> {
            ServerLimit server = server(key);
            server.waits(key);
            return server.failures();
        }));
        try {
            Optional<Admission> given = Optional.empty();
            while (given.isEmpty()) {
                long changes = locked(() -> server(key).changes());
                lease = idle(request);
                given = lease.isPresent() ? Optional.of(new Admission.Reuse(lease.get())) : next(waiting, changes);
            }
            return given.get();
        } finally {
            change(key, server -> {
                server.waitsNoMore(key, nanoTime.getAsLong());
                if (waiting.unsuited) {
                    server.waitsForAnotherSessionNoMore();
                }
            });
        }
    }

    /** What is to be done where no session suits; empty after a wait, when it is time to look again. */
    private Optional<Admission> next(Waiting mail, long changes) {
        SessionRequest request = mail.request;
        SessionKey key = request.key();
        List<PooledSession> inTheWay = new ArrayList<>(0);
        Optional<Admission> given = locked(() -> {
            ServerLimit server = server(key);
            long now = nanoTime.getAsLong();
            long left = mail.patience.toNanos() - (now - mail.since);
            if (closed || server.waiting() > maxWaiting) {
                return Optional.of(new Admission.Busy());
            }
            if (server.failures() != mail.failures || server.isLeftAlone(now)) {
                return Optional.of(new Admission.Failed(server.failure()));
            }
            boolean isDomainFull = domains.isFull(request.domain());
            if (!isDomainFull && server.mayOpen(request.backlog().getAsInt(), now - mail.since, now)) {
                boolean probe = !server.isProven(now);
                server.opens();
                domains.uses(request.domain());
                return Optional.of(new Admission.Open(new Opening(this, key, request.domain(), probe)));
            }
            if (left <= 0) {
                return Optional.of(new Admission.Busy());
            }
            Optional<NextMail> place = !mail.unsuited && request.announcing() == Announcing.YES && server.maySkipIdling(key)
                ? awaitingReply.takeFirst(key, request.domain(), isDomainFull, lock) : Optional.empty();
            if (place.isPresent()) {
                return place.map(Admission.Next::new);
            }
            if (server.changes() == changes) {
                // a session that idles and does not suit takes up what the server allows
                Optional<PooledSession> unsuited = server.isFull(now) && !isDomainFull ? idle.takeAnyAt(key.address()) : Optional.empty();
                unsuited.ifPresent(out -> {
                    server.closes(now);
                    inTheWay.add(out);
                });
                if (unsuited.isEmpty()) {
                    server.awaitChange(Math.min(left, Math.min(server.patience(), MAX_NAP.toNanos())));
                }
            }
            return Optional.empty();
        });
        inTheWay.forEach(this::end);
        return given.flatMap(admission -> suited(admission, mail));
    }

    /** Empty if the mail was to follow on a session that does not suit it. */
    private Optional<Admission> suited(Admission admission, Waiting mail) {
        if (!(admission instanceof Admission.Next next)) {
            return Optional.of(admission);
        }
        boolean suits = false;
        try {
            suits = mail.request.suits().test(next.mail().observation());
        } finally {
            if (!suits) {
                next.mail().close();
                mail.unsuited = true;
                change(mail.request.key(), ServerLimit::waitsForAnotherSession);
            }
        }
        return suits ? Optional.of(admission) : Optional.empty();
    }

    /** The session last used of those that idle and suit, asked whether it lives after a second; the caller closes the lease. */
    Optional<Lease> idle(SessionRequest request) {
        List<PooledSession> unsuited = new ArrayList<>(0);
        try {
            for (Optional<PooledSession> next = takeIdle(request); next.isPresent(); next = takeIdle(request)) {
                PooledSession kept = next.get();
                boolean given = false;
                try {
                    long now = nanoTime.getAsLong();
                    boolean over = kept.isOver(limits, now);
                    if (!over && !request.suits().test(kept.session().observation())) {
                        unsuited.add(kept);
                    } else if (!over && (kept.idleNanos(now) <= FRESH.toNanos() || kept.session().isAlive())) {
                        reused.increment();
                        given = true;
                        return Optional.of(new Lease(this, kept, Origin.REUSED, Counted.YES, request.domain()));
                    }
                } finally {
                    if (!given) {
                        underLock(() -> domains.usesNoMore(request.domain()));
                    }
                    if (!given && !unsuited.contains(kept)) {
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

    private Optional<PooledSession> takeIdle(SessionRequest request) {
        return locked(() -> {
            Optional<PooledSession> taken = domains.isFull(request.domain()) ? Optional.empty() : idle.takeLast(request.key());
            taken.ifPresent(session -> domains.uses(request.domain()));
            return taken;
        });
    }

    /** A new session beyond all limits, usable or not: its observation tells. The caller closes the lease. */
    public Lease open(SessionKey key, TlsUse use) {
        change(key, ServerLimit::opens);
        return new Opening(this, key, "", false).open(use);
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
        underLock(() -> {
            closed = true;
            servers.values().forEach(server -> server.changed().signalAll());
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

    SmtpSession connect(SessionKey key, TlsUse use) {
        opened.increment();
        return connector.connect(key.mxHost(), key.sni(), key.address(), use);
    }

    /** The time of the pool's clock. */
    long now() {
        return nanoTime.getAsLong();
    }

    /** Changes what counts for the domains, beside what {@link Lease#close} changes. */
    void changeDomains(Consumer<DomainLimit> change) {
        underLock(() -> change.accept(domains));
    }

    /** The final dot of the mail on that session is on its way: the next mail may announce itself. */
    void awaitsFinalReply(Lease lease) {
        PooledSession pooled = lease.pooled();
        Optional<Duration> lastReply = pooled.session().lastReply();
        underLock(() -> {
            boolean lasts = !closed && !pooled.isOver(limits, nanoTime.getAsLong()) && pooled.mailsLeft(limits) > 1;
            if (lasts && server(pooled.key()).repliesPromptly(lastReply)) {
                awaitingReply.add(lease);
                server(pooled.key()).awaitsFinalReply();
            }
        });
    }

    /** The mail on that session is done with it. */
    void takeBack(Lease lease) {
        PooledSession pooled = lease.pooled();
        long now = nanoTime.getAsLong();
        pooled.carried(now);
        boolean handedOver = locked(() -> {
            domains.usesNoMore(lease.domain());
            server(pooled.key()).replied(pooled.session().lastReply());
            Optional<NextMail> next = awaitingReply.remove(lease).filter(NextMail::isWaiting);
            boolean fit = next.isPresent() && !closed && lease.isCounted() && lease.isWorthKeeping() && pooled.session().isUsable();
            if (fit) {
                server(pooled.key()).goesOn(now);
                domains.uses(next.get().domain());
            }
            next.ifPresent(mail -> mail.ends(fit ? Optional.of(new Lease(this, pooled, Origin.REUSED, Counted.YES, mail.domain()))
                : Optional.empty()));
            return fit;
        });
        if (handedOver) {
            reused.increment();
        } else if (lease.isCounted()) {
            keepOrEnd(lease, now);
        }
    }

    private void keepOrEnd(Lease lease, long now) {
        PooledSession pooled = lease.pooled();
        if (pooled.session().hasAnnounced()) {
            pooled.session().abort();
        }
        if (lease.isWorthKeeping() && pooled.session().isUsable() && pooled.mailsLeft(limits) > 0) {
            giveBack(pooled, server -> server.idles(now));
        } else if (pooled.session().isUsable()) {
            leave(pooled);
        } else if (lease.isWorthKeeping()) {
            // the server answered the mail and said 421, or the mail that was announced does not follow
            change(pooled.key(), server -> {
                server.closes(now);
                server.closed();
            });
        } else {
            change(pooled.key(), ServerLimit::lost);
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

    void change(SessionKey key, Consumer<ServerLimit> change) {
        underLock(() -> {
            ServerLimit server = server(key);
            change.accept(server);
            if (servers.size() > MAX_SERVERS_REMEMBERED && server.isQuiet()) {
                servers.remove(key.address());
            }
        });
    }

    /** Under the lock. */
    private ServerLimit server(SessionKey key) {
        return servers.computeIfAbsent(key.address(), unknown -> new ServerLimit(perServer, lock.newCondition()));
    }

    private void underLock(Runnable action) {
        lock.lock();
        try {
            action.run();
        } finally {
            lock.unlock();
        }
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
