package jamestls.mtasts.smtp;

import jamestls.mtasts.dns.DomainName;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * TLS over a connection that exists, observed and not judged. Who the peer must be depends on policies (any certificate for
 * opportunistic TLS, a TLSA match for DANE, PKIX and name for MTA-STS), several may apply to one session, and each of them
 * wants the whole chain: so the handshake accepts what it is shown, keeps it, and the policy room decides afterwards
 * whether mail may pass. No mail passes before.
 */
final class TlsHandshake {

    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

    private TlsHandshake() {
    }

    /** The connection under TLS, and what the handshake showed. */
    record Secured(SSLSocket socket, Handshake.Completed handshake) {
    }

    /**
     * Does the handshake; blocks until it is over or the socket is closed.
     *
     * @param host the name for SNI (RFC 8461 §7.1, RFC 7672 §8.1)
     */
    static Secured over(Socket plain, DomainName host) throws IOException {
        ChainRecorder recorder = new ChainRecorder();
        SSLSocket socket = (SSLSocket) contextWith(recorder).getSocketFactory()
            .createSocket(plain, host.ascii(), plain.getPort(), true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setProtocols(PROTOCOLS);
        parameters.setServerNames(sni(host));
        socket.setSSLParameters(parameters);
        try {
            socket.startHandshake();
        } catch (RuntimeException e) {
            // a stranger's bytes must not become a bug report of ours, whatever the TLS library makes of them
            throw new SSLException("the TLS library gave up: " + e, e);
        }
        SSLSession session = socket.getSession();
        return new Secured(socket, new Handshake.Completed(session.getProtocol(), session.getCipherSuite(), recorder.chain));
    }

    /** One context for each handshake: a resumed session would not show its chain again, and contexts are what remembers sessions. */
    private static SSLContext contextWith(ChainRecorder recorder) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {recorder}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM has no TLS", e);
        }
    }

    private static List<SNIServerName> sni(DomainName host) {
        try {
            return List.of(new SNIHostName(host.ascii()));
        } catch (IllegalArgumentException notAHostName) {
            // a DNS name with an underscore is no host name (RFC 952), and SNI takes only those (RFC 6066 §3)
            return List.of();
        }
    }

    /** Keeps the chain and accepts it, for the reason given above; whether it is good is decided before any mail is sent. */
    private static final class ChainRecorder extends X509ExtendedTrustManager {

        private volatile List<X509Certificate> chain = List.of();

        @Override
        public void checkServerTrusted(X509Certificate[] shown, String authType, Socket socket) {
            chain = List.of(shown);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] shown, String authType, SSLEngine engine) {
            chain = List.of(shown);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] shown, String authType) {
            chain = List.of(shown);
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
