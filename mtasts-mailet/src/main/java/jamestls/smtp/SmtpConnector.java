package jamestls.smtp;

import jamestls.dns.DomainName;
import jamestls.net.Watchdog;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Opens sessions; one for the whole delivery, used by all its workers. */
public final class SmtpConnector implements AutoCloseable {

    private final SmtpSettings settings;
    private final SessionListener.Factory listeners;
    private final Watchdog watchdog = new Watchdog("smtp-deadlines");
    private final TlsHandshake tls = new TlsHandshake();
    private final ExtensionMemory extensions = new ExtensionMemory();
    private final Set<SessionSetup> setups = ConcurrentHashMap.newKeySet();
    private volatile boolean stopping;

    public SmtpConnector(SmtpSettings settings) {
        this(settings, (host, address) -> SessionListener.none());
    }

    /** @param listeners listen to all that is said */
    public SmtpConnector(SmtpSettings settings, SessionListener.Factory listeners) {
        this.settings = settings;
        this.listeners = listeners;
    }

    /**
     * Connects, reads the greeting, says EHLO and, if wanted and offered, goes over to TLS. Whatever the network or the
     * server does comes back as {@link SmtpSession#observation()}, never as an exception. The caller closes the session.
     *
     * @param mxHost the host meant
     * @param sni the name it is asked for in SNI
     * @param address one of its addresses, resolved, and the port
     */
    public SmtpSession connect(DomainName mxHost, DomainName sni, InetSocketAddress address, TlsUse use) {
        if (address.isUnresolved()) {
            throw new IllegalArgumentException("an address is needed, not a name: " + address);
        }
        TlsHandshake.Endpoint endpoint = new TlsHandshake.Endpoint(mxHost, sni, address);
        SessionSetup setup = setup(endpoint);
        SmtpSession session = open(setup, use);
        if (setup.failedInResuming()) {
            tls.requireFullHandshake(endpoint);
            session = open(setup(endpoint), use);
        }
        return session;
    }

    private SessionSetup setup(TlsHandshake.Endpoint endpoint) {
        return new SessionSetup(settings, watchdog, tls, extensions, endpoint, listeners.to(endpoint.mxHost(), endpoint.address()));
    }

    private SmtpSession open(SessionSetup setup, TlsUse use) {
        setups.add(setup);
        try {
            if (stopping) {
                setup.cut();
            }
            return setup.open(use);
        } finally {
            setups.remove(setup);
        }
    }

    /** The same, with the host's own name in SNI. */
    public SmtpSession connect(DomainName mxHost, InetSocketAddress address, TlsUse use) {
        return connect(mxHost, mxHost, address, use);
    }

    /** What that host showed some minutes ago no longer does: for a while each handshake with it is a full one. */
    public void requireFullHandshake(DomainName mxHost, DomainName sni, InetSocketAddress address) {
        tls.requireFullHandshake(new TlsHandshake.Endpoint(mxHost, sni, address));
    }

    /** Sessions that can't take a mail yet end at once, as if the connection were lost, and so do all to come. */
    public void stopOpening() {
        stopping = true;
        setups.forEach(SessionSetup::cut);
    }

    /** Open sessions keep the deadline they have and get no further step done. */
    @Override
    public void close() {
        watchdog.close();
    }

    /** Whether a new session is to use STARTTLS. */
    public enum TlsUse {
        /** From the first byte, as on port 465 (RFC 8314 §3.3): no STARTTLS, and no clear text ever. */
        IMPLICIT,
        /** If the server offers it. A handshake that fails ends the session; it never goes on in clear. */
        IF_OFFERED,
        /** Not even then: for a second attempt after a failed handshake, where clear text is allowed. */
        NEVER
    }
}
