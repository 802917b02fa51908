package jamestls.mtasts.delivery;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import jamestls.mtasts.delivery.FairKeyedSemaphore.Permit;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SessionKey;
import jamestls.smtp.SessionPool;
import jamestls.smtp.SmtpConnector;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What the deliveries of one mailet share on the way out: turns at each address and in all, so that a slow server keeps only
 * its own mails waiting; sessions that idle between two mails; and at which hosts TLS has failed lately.
 */
public final class OutboundResources implements AutoCloseable {

    /** Longer, and what was decided before the wait would be stale: the mail goes back to the queue instead. */
    private static final Duration MAX_WAIT = Duration.ofMinutes(1);
    private static final Duration MEMORY_OF_FAILED_TLS = Duration.ofMinutes(10);
    private static final int MAX_HOSTS_REMEMBERED = 10_000;
    private static final String EVERYWHERE = "everywhere";

    private final SmtpConnector connector;
    private final SessionPool sessions;
    private final FairKeyedSemaphore<String> atDomain;
    private final FairKeyedSemaphore<InetSocketAddress> atAddress;
    private final FairKeyedSemaphore<String> inAll;
    private final Cache<SessionKey, String> failedInTls;

    /**
     * @param perDestination most deliveries at once to one domain, and to one address
     * @param deliveries most deliveries at once
     */
    public OutboundResources(SmtpConnector connector, ReuseLimits reuse, int perDestination, int deliveries) {
        this(connector, reuse, perDestination, deliveries, System::nanoTime);
    }

    OutboundResources(SmtpConnector connector, ReuseLimits reuse, int perDestination, int deliveries, LongSupplier nanoTime) {
        this.connector = connector;
        this.sessions = new SessionPool(connector, reuse);
        this.atDomain = new FairKeyedSemaphore<>(perDestination);
        this.atAddress = new FairKeyedSemaphore<>(perDestination);
        this.inAll = new FairKeyedSemaphore<>(deliveries);
        this.failedInTls = Caffeine.newBuilder()
            .maximumSize(MAX_HOSTS_REMEMBERED)
            .expireAfterWrite(MEMORY_OF_FAILED_TLS)
            .ticker((Ticker) nanoTime::getAsLong)
            .executor(Thread::startVirtualThread)
            .build();
    }

    /** The turns at each recipient domain, by its name in ASCII. */
    FairKeyedSemaphore<String> atDomain() {
        return atDomain;
    }

    /** Waits until a mail may go to that address; empty when it is too long a wait, or the end. It takes nothing from others. */
    Optional<Permit> turnAt(InetSocketAddress address) {
        return atAddress.take(address, MAX_WAIT);
    }

    /** Waits for one of the places that all share, to be held only while a server is talked to. */
    Optional<Permit> turn() {
        return inAll.take(EVERYWHERE, MAX_WAIT);
    }

    public SessionPool sessions() {
        return sessions;
    }

    /** TLS failed there. */
    void tlsFailed(SessionKey host, String cause) {
        failedInTls.put(host, cause);
    }

    /** Why TLS is not worth trying there, for those who would go on in clear anyway; forgotten after ten minutes. */
    Optional<String> failedTls(SessionKey host) {
        return Optional.ofNullable(failedInTls.getIfPresent(host));
    }

    /** Without TLS it went no better, so TLS was not to blame. */
    void forgetTls(SessionKey host) {
        failedInTls.invalidate(host);
    }

    /** What it showed in an earlier handshake does not satisfy: the next one is a full one. */
    void beginTlsAnew(SessionKey host) {
        connector.beginTlsAnew(host.mxHost(), host.sni(), host.address());
    }

    /** From now on nobody gets a turn; those who have one and a session may use it, and nobody waits for a session any more. */
    void stop() {
        atDomain.close();
        atAddress.close();
        inAll.close();
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
