package jamestls.mtasts.delivery;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.mtasts.delivery.AttemptReport.SessionCounts;
import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
import jamestls.smtp.Admission;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SessionKey;
import jamestls.smtp.SessionPool;
import jamestls.smtp.SmtpConnector;
import jamestls.smtp.TlsObservation;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * What the deliveries of one mailet share on the way out: permits at each address and in all, so that a slow server keeps only
 * its own mails waiting; and sessions that idle between two mails.
 */
public final class OutboundResources implements AutoCloseable {

    /** Longer, and what was decided before the wait would be stale: the mail goes back to the queue instead. */
    private static final Duration MAX_WAIT = Duration.ofMinutes(1);
    private static final int SHARE_OF_UNPROVEN_SERVERS = 2;
    private static final String EVERYWHERE = "everywhere";

    private final SmtpConnector connector;
    private final SessionPool sessions;
    private final FairKeyedSemaphore<String> atDomain;
    private final FairKeyedSemaphore<String> inAll;
    private final FairKeyedSemaphore<String> unproven;
    /** By identity: one observation belongs to one connection and is forgotten with it. */
    private final Cache<TlsObservation, SessionCounts> counts = Caffeine.newBuilder().weakKeys().build();

    /**
     * @param perDestination most deliveries at once to one domain, and to one address
     * @param deliveries most deliveries at once
     */
    public OutboundResources(SmtpConnector connector, ReuseLimits reuse, int perDestination, int deliveries) {
        this(connector, reuse, perDestination, deliveries, Integer.MAX_VALUE);
    }

    /** @param maxWaiting most mails that wait for one server */
    public OutboundResources(SmtpConnector connector, ReuseLimits reuse, int perDestination, int deliveries, int maxWaiting) {
        this.connector = connector;
        this.sessions = new SessionPool(connector, reuse, perDestination, maxWaiting);
        this.atDomain = new FairKeyedSemaphore<>(perDestination);
        this.inAll = new FairKeyedSemaphore<>(deliveries);
        this.unproven = new FairKeyedSemaphore<>(Math.max(1, deliveries / SHARE_OF_UNPROVEN_SERVERS));
    }

    /** The turns at each recipient domain, by its name in ASCII. */
    FairKeyedSemaphore<String> atDomain() {
        return atDomain;
    }

    /** Waits until a mail may go to that server, over which session, and whether at all. */
    Admission admit(SessionKey key, Predicate<TlsObservation> suits, int backlog) {
        return sessions.admit(key, suits, backlog, MAX_WAIT);
    }

    /** Like {@link #turn}, for a server of which it is not known that it answers: all of those share half of the places. */
    Optional<Permit> turnOfUnproven() {
        Optional<Permit> share = unproven.take(EVERYWHERE, MAX_WAIT);
        Optional<Permit> place = share.isPresent() ? turn() : Optional.empty();
        if (place.isEmpty()) {
            share.ifPresent(Permit::close);
            return Optional.empty();
        }
        return Optional.of(() -> {
            place.get().close();
            share.get().close();
        });
    }

    /** Waits for one of the places that all share, to be held only while a server is talked to. */
    Optional<Permit> turn() {
        return inAll.take(EVERYWHERE, MAX_WAIT);
    }

    public SessionPool sessions() {
        return sessions;
    }

    /** Whose mails the connection with that observation has carried so far. */
    SessionCounts counts(TlsObservation session) {
        return counts.get(session, unknown -> new SessionCounts());
    }

    /** What it showed in an earlier handshake does not satisfy: the next one is a full one. */
    void beginTlsAnew(SessionKey host) {
        connector.beginTlsAnew(host.mxHost(), host.sni(), host.address());
    }

    /** From now on nobody gets a turn; those who have one and a session may use it, and nobody waits for a session any more. */
    void stop() {
        atDomain.close();
        unproven.close();
        inAll.close();
        sessions.stopWaiting();
        connector.stopOpening();
    }

    boolean isStopping() {
        return inAll.isClosed();
    }

    /** Stops, and ends all sessions. */
    @Override
    public void close() {
        stop();
        sessions.close();
    }
}
