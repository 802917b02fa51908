package jamestls.smtp;

import jamestls.dns.DomainName;
import jamestls.net.Watchdog;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Opens SMTP sessions. Safe for use by many threads. */
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
     * Connects, reads the greeting, sends EHLO and starts TLS as {@code use} says. Failures of network and server are in
     * {@link SmtpSession#observation()}, never thrown. The caller closes the session.
     *
     * @param mxHost the host
     * @param sni the name to send in SNI
     * @param address one of its resolved addresses, and the port
     */
    public SmtpSession connect(DomainName mxHost, DomainName sni, InetSocketAddress address, TlsUse use) {
        if (address.isUnresolved()) {
            throw new IllegalArgumentException("the address is not resolved: " + address);
        }
        TlsHandshake.Endpoint endpoint = new TlsHandshake.Endpoint(mxHost, sni, address);
        SessionSetup setup = new SessionSetup(settings, watchdog, tls, extensions, endpoint,
            listeners.to(endpoint.mxHost(), endpoint.address()));
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

    /** Disables TLS resumption with that host for some minutes. */
    public void requireFullHandshake(DomainName mxHost, DomainName sni, InetSocketAddress address) {
        tls.requireFullHandshake(new TlsHandshake.Endpoint(mxHost, sni, address));
    }

    /** Ends all sessions that are being opened, now and later, as if the connection were lost. */
    public void stopOpening() {
        stopping = true;
        setups.forEach(SessionSetup::cut);
    }

    /** Stops the watchdog: running deadlines are kept, and every further phase fails at once. */
    @Override
    public void close() {
        watchdog.close();
    }

    /** How a new session uses TLS. */
    public enum TlsUse {
        /** Implicit TLS, as on port 465 (RFC 8314 §3.3): no STARTTLS and never clear text. */
        IMPLICIT,
        /** STARTTLS if the server offers it. A failed handshake ends the session, which never continues in clear text. */
        IF_OFFERED,
        /** No STARTTLS: for another attempt after a failed handshake, if clear text is allowed. */
        NEVER
    }
}
