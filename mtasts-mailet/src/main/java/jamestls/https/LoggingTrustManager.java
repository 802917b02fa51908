package jamestls.https;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checks a chain as strictly as any, and writes the objection into the log instead of ending the connection. */
final class LoggingTrustManager extends X509ExtendedTrustManager {

    private static final Logger LOGGER = LoggerFactory.getLogger(LoggingTrustManager.class);

    private final X509ExtendedTrustManager judge;

    LoggingTrustManager(X509ExtendedTrustManager judge) {
        this.judge = judge;
    }

    static void log(String where, String objection) {
        LOGGER.warn("HTTPS: {}: certificate error ignored for TLS reports (RFC 8460 §3): {}", where, objection);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
        try {
            judge.checkServerTrusted(chain, type, socket);
        } catch (CertificateException e) {
            log(String.valueOf(socket.getRemoteSocketAddress()), TlsConnector.root(e));
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        judge.checkServerTrusted(chain, type, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        judge.checkServerTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        judge.checkClientTrusted(chain, type, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        judge.checkClientTrusted(chain, type, engine);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        judge.checkClientTrusted(chain, type);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return judge.getAcceptedIssuers();
    }
}
