package jamestls.mtasts.delivery;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.DomainName;
import jamestls.mtasts.delivery.AttemptReport.SessionCounts;
import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
import jamestls.mtasts.policy.Rule;
import jamestls.smtp.Admission;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SessionKey;
import jamestls.smtp.SessionPool;
import jamestls.smtp.SessionRequest;
import jamestls.smtp.SessionRequest.Announcing;
import jamestls.smtp.SmtpConnector;
import jamestls.smtp.TlsObservation;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.IntSupplier;
import java.util.function.Predicate;

/**
 * The resources that all deliveries of one mailet share: permits per recipient domain and in total, and the pool of sessions. The
 * permits per domain keep a slow server from delaying mails to other servers.
 */
public final class OutboundResources implements AutoCloseable {

    /** The longest wait for a permit or session. After it the mail returns to the queue, because its look-ups may be outdated. */
    private static final Duration MAX_WAIT = Duration.ofMinutes(1);
    private static final int UNPROVEN_SERVERS_DIVISOR = 2;
    /** One that awaits its final reply, one whose envelope follows, and one whose result is being recorded. */
    private static final int MAILS_PER_SESSION = 3;
    /** The only key of semaphores that limit a total. */
    private static final String ALL = "all";

    private final SmtpConnector connector;
    private final SessionPool sessions;
    private final FairKeyedSemaphore<String> atDomain;
    private final FairKeyedSemaphore<String> total;
    private final FairKeyedSemaphore<String> unproven;
    private final RuleLimits ruleLimits = new RuleLimits();
    /** Keyed by identity: one observation belongs to one connection, and its entry goes when it is collected. */
    private final Cache<TlsObservation, SessionCounts> counts = Caffeine.newBuilder().weakKeys().build();

    /**
     * @param perDestination the maximum of sessions with one domain, and with one address; twice as many mails more are under way
     * @param deliveries the maximum of concurrent deliveries in total
     */
    public OutboundResources(SmtpConnector connector, ReuseLimits reuse, int perDestination, int deliveries) {
        this(connector, reuse, perDestination, deliveries, Integer.MAX_VALUE);
    }

    /** @param maxWaiting the maximum of mails that wait for one server */
    public OutboundResources(SmtpConnector connector, ReuseLimits reuse, int perDestination, int deliveries, int maxWaiting) {
        this.connector = connector;
        this.sessions = new SessionPool(connector, reuse, perDestination, maxWaiting);
        this.atDomain = new FairKeyedSemaphore<>(MAILS_PER_SESSION * perDestination);
        this.total = new FairKeyedSemaphore<>(deliveries);
        this.unproven = new FairKeyedSemaphore<>(Math.max(1, deliveries / UNPROVEN_SERVERS_DIVISOR));
    }

    /** The permits per recipient domain, by its name in ASCII. */
    FairKeyedSemaphore<String> atDomain() {
        return atDomain;
    }

    /** Waits until the operator's rules allow one more delivery; at most a minute for each of their limits. */
    RuleLimits.Waited acquire(List<Rule> rules) {
        return ruleLimits.acquire(rules, MAX_WAIT);
    }

    /** Divides the limits of the operator's rules by the number of running servers. */
    public void shareRuleLimitsWith(IntSupplier servers) {
        ruleLimits.shareWith(servers);
    }

    /** Waits for a session with that server, or for the permission to open one; at most a minute. */
    Admission admit(SessionKey key, DomainName domain, Predicate<TlsObservation> suits, Announcing announcing) {
        return sessions.admit(new SessionRequest(key, domain.ascii(), suits, () -> atDomain.users(domain.ascii()), announcing), MAX_WAIT);
    }

    /** Whether mails wait for one of the permits in total. */
    boolean isTotalAwaited() {
        return total.isAwaited(ALL);
    }

    /** Like {@link #acquire}, for a server not known to answer. Such servers share half of the permits. */
    Optional<Permit> acquireUnproven() {
        Optional<Permit> share = unproven.acquire(ALL, MAX_WAIT);
        Optional<Permit> permit = share.isPresent() ? acquire() : Optional.empty();
        if (permit.isEmpty()) {
            share.ifPresent(Permit::close);
            return Optional.empty();
        }
        return Optional.of(() -> {
            permit.get().close();
            share.get().close();
        });
    }

    /** Waits for one of the permits in total, to be held only during SMTP. */
    Optional<Permit> acquire() {
        return total.acquire(ALL, MAX_WAIT);
    }

    public SessionPool sessions() {
        return sessions;
    }

    /** What was counted for the connection with that observation. */
    SessionCounts counts(TlsObservation session) {
        return counts.get(session, unknown -> new SessionCounts());
    }

    /** Disables TLS resumption with that host for some minutes, because a resumed session fell short. */
    void requireFullHandshake(SessionKey host) {
        connector.requireFullHandshake(host.mxHost(), host.sni(), host.address());
    }

    /** Ends all waits for permits and sessions. Deliveries that hold both may finish. */
    void stop() {
        atDomain.close();
        unproven.close();
        total.close();
        ruleLimits.close();
        sessions.stopWaiting();
        connector.stopOpening();
    }

    boolean isStopping() {
        return total.isClosed();
    }

    /** Stops, and ends all sessions. */
    @Override
    public void close() {
        stop();
        sessions.close();
    }
}
