package jamestls.smtp;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.DomainName;
import jamestls.net.TlsParameters;
import jamestls.smtp.TlsObservation.Handshake;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * TLS over a connection that exists, observed and not judged. Who the peer must be depends on policies (any certificate for
 * opportunistic TLS, a TLSA match for DANE, PKIX and name for MTA-STS), several may apply to one session, and each of them
 * wants the whole chain: so the handshake accepts what it is shown, keeps it, and the policy package decides afterwards
 * whether mail may be sent. No mail is sent before.
 */
final class TlsHandshake {

    private static final Duration MEMORY = Duration.ofMinutes(10);
    private static final int MAX_SESSIONS = 1_000;

    private final SSLContext context;
    /** JSSE looks for a session to resume by the peer's name: with a name never used there is none. */
    private final Cache<Endpoint, Boolean> fullOnly = Caffeine.newBuilder().maximumSize(MAX_SESSIONS).expireAfterWrite(MEMORY)
        .executor(Thread::startVirtualThread).build();
    private final AtomicLong names = new AtomicLong();

    TlsHandshake() {
        try {
            context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Accepting()}, null);
            context.getClientSessionContext().setSessionTimeout((int) MEMORY.toSeconds());
            context.getClientSessionContext().setSessionCacheSize(MAX_SESSIONS);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM has no TLS", e);
        }
    }

    /**
     * With whom a session may be resumed: nobody but the same host at the same address under the same name, as with idle
     * connections ({@link SessionKey}).
     */
    record Endpoint(DomainName mxHost, DomainName sni, InetSocketAddress address) {

        private String name() {
            return sni.ascii() + "/" + mxHost.ascii() + "/" + address.getAddress().getHostAddress();
        }
    }

    /** The connection under TLS, and what the handshake showed. */
    record Secured(SSLSocket socket, Handshake.Completed handshake) {
    }

    /**
     * Does the handshake; blocks until it is over or the socket is closed. In SNI is the peer's name for it (RFC 8461 §7.1,
     * RFC 7672 §8.1).
     */
    Secured over(Socket plain, Endpoint endpoint) throws IOException {
        String name = fullOnly.getIfPresent(endpoint) == null ? endpoint.name() : endpoint.name() + "/" + names.incrementAndGet();
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, name, endpoint.address().getPort(), true);
        SSLParameters parameters = TlsParameters.of(socket);
        parameters.setServerNames(sni(endpoint.sni()));
        socket.setSSLParameters(parameters);
        long begun = System.currentTimeMillis();
        try {
            socket.startHandshake();
        } catch (RuntimeException e) {
            // a stranger's bytes must not become a bug report of ours, whatever the TLS library makes of them
            throw new SSLException("the TLS library gave up: " + e, e);
        }
        SSLSession session = socket.getSession();
        // a resumed session has the age of the one it goes on from, by the clock that both were timed with
        Handshake.Keys keys = session.getCreationTime() < begun ? Handshake.Keys.RESUMED : Handshake.Keys.AGREED_ANEW;
        return new Secured(socket, new Handshake.Completed(session.getProtocol(), session.getCipherSuite(), chainOf(session), keys));
    }

    /** Whether the next handshake with that peer may try to resume a session. */
    boolean mayResume(Endpoint endpoint) {
        if (fullOnly.getIfPresent(endpoint) != null) {
            return false;
        }
        String name = endpoint.name();
        SSLSessionContext sessions = context.getClientSessionContext();
        return Collections.list(sessions.getIds()).stream().map(sessions::getSession)
            .anyMatch(session -> session != null && name.equals(session.getPeerHost()));
    }

    /** Disables resumption with that peer for some minutes. */
    void requireFullHandshake(Endpoint endpoint) {
        fullOnly.put(endpoint, true);
    }

    private static List<X509Certificate> chainOf(SSLSession session) throws SSLPeerUnverifiedException {
        List<X509Certificate> chain = new ArrayList<>();
        for (Certificate certificate : session.getPeerCertificates()) {
            chain.add((X509Certificate) certificate);
        }
        return chain;
    }

    private static List<SNIServerName> sni(DomainName host) {
        try {
            return List.of(new SNIHostName(host.ascii()));
        } catch (IllegalArgumentException notAHostName) {
            // a DNS name with an underscore is no host name (RFC 952), and SNI takes only those (RFC 6066 §3)
            return List.of();
        }
    }

    /** Accepts what it is shown, for the reason given above; whether it is good is decided before any mail is sent. */
    private static final class Accepting extends X509ExtendedTrustManager {

        @Override
        public void checkServerTrusted(X509Certificate[] shown, String authType, Socket socket) {
            // the session keeps the chain
        }

        @Override
        public void checkServerTrusted(X509Certificate[] shown, String authType, SSLEngine engine) {
            // likewise
        }

        @Override
        public void checkServerTrusted(X509Certificate[] shown, String authType) {
            // likewise
        }

        @Override
        public void checkClientTrusted(X509Certificate[] shown, String authType, Socket socket) throws CertificateException {
            throw new CertificateException("we are no server");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] shown, String authType, SSLEngine engine) throws CertificateException {
            throw new CertificateException("we are no server");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] shown, String authType) throws CertificateException {
            throw new CertificateException("we are no server");
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
