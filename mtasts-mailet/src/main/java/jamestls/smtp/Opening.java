package jamestls.smtp;

import jamestls.smtp.Lease.Counted;
import jamestls.smtp.Lease.Origin;
import jamestls.smtp.SmtpConnector.TlsUse;

/** Permission to open a session; it counts against the server's limit until it is closed or used. Used by one thread. */
public final class Opening implements AutoCloseable {

    private final SessionPool pool;
    private final SessionKey key;
    private final String domain;
    private final boolean probe;
    private boolean counted = true;
    /** Whether it counts for the domain; otherwise the last session that it has opened does. */
    private boolean countedForDomain = true;
    private boolean refused;

    /** @param domain whose mail it carries; empty if it does not count for a domain */
    Opening(SessionPool pool, SessionKey key, String domain, boolean probe) {
        this.pool = pool;
        this.key = key;
        this.domain = domain;
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
            pool.change(key, ServerLimit::opens);
        }
        counted = true;
        if (!countedForDomain) {
            pool.changeDomains(limit -> limit.uses(domain));
        }
        countedForDomain = true;
        long begun = pool.now();
        SmtpSession session = pool.connect(key, use);
        long now = pool.now();
        boolean usable = session.isUsable();
        pool.change(key, server -> {
            counted = false;
            if (usable) {
                server.opened(now - begun, now);
            } else if (session.observation().failure().filter(SessionFailure::isBeforeEhlo).isPresent()) {
                refused = server.refused(session.observation().failure().get(), now - begun, now);
            } else {
                server.openedInVain();
            }
        });
        countedForDomain = !usable;
        return new Lease(pool, new PooledSession(key, session, begun), Origin.NEW, usable ? Counted.YES : Counted.NO, usable ? domain : "");
    }

    @Override
    public void close() {
        if (countedForDomain) {
            countedForDomain = false;
            pool.changeDomains(limit -> limit.usesNoMore(domain));
        }
        if (counted) {
            counted = false;
            pool.change(key, ServerLimit::opensNot);
        }
    }
}
