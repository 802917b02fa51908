package jamestls.https;

import jamestls.dns.DnsId;
import jamestls.dns.DomainName;
import jamestls.net.Watchdog.Deadline;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Gets from addresses to an authenticated TLS connection: TLS 1.2 or later, a chain to a trusted root, and a DNS-ID for
 * the host (RFC 8461 §3.3). Addresses are tried in order; one that does not take the connection within two seconds gives
 * way to the next, and the last one has all the time there is. Once an address is connected its certificate decides;
 * only where {@link CertificateErrors#LOG} is asked for does it not.
 */
final class TlsConnector {

    private static final Duration HEAD_START = Duration.ofSeconds(2);
    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};
    private static final int MAX_NAMES_SHOWN = 5;

    private final TrustManager[] trust;
    private final CertificateErrors errors;

    TlsConnector(Optional<KeyStore> trustStore, CertificateErrors errors) {
        X509ExtendedTrustManager judge = judge(trustStore);
        this.trust = new TrustManager[] {errors == CertificateErrors.LOG ? new LoggingTrustManager(judge) : judge};
        this.errors = errors;
    }

    private static X509ExtendedTrustManager judge(Optional<KeyStore> trustStore) {
        X509ExtendedTrustManager judge;
        try {
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(trustStore.orElse(null));
            judge = (X509ExtendedTrustManager) factory.getTrustManagers()[0];
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("the trust store is of no use: " + e.getMessage(), e);
        }
        if (judge.getAcceptedIssuers().length == 0) {
            throw new IllegalArgumentException("the trust store is of no use: there is no root in it");
        }
        return judge;
    }

    /** A connection, or why there is none. */
    sealed interface Connection {

        /** @param plain below {@code tls} */
        record Open(SSLSocket tls, Socket plain, InetAddress address) implements Connection {
        }

        record Refused(HttpsFault fault, String detail) implements Connection {
        }
    }

    /** @param addresses at least one, vetted: nothing else is connected to */
    Connection connect(DomainName host, int port, List<InetAddress> addresses, Deadline deadline) {
        StringBuilder tried = new StringBuilder();
        for (int i = 0; i < addresses.size() && !deadline.isExpired(); i++) {
            InetAddress address = addresses.get(i);
            boolean isLast = i == addresses.size() - 1;
            Socket plain = new Socket();
            deadline.watch(plain);
            try {
                plain.setTcpNoDelay(true);
                plain.connect(new InetSocketAddress(address, port), millis(isLast ? deadline.left() : shorter(deadline.left())));
            } catch (IOException e) {
                close(plain);
                tried.append(tried.isEmpty() ? "" : "; ").append(address.getHostAddress()).append(" port ").append(port)
                    .append(": ").append(e.getMessage());
                continue;
            }
            Connection connection = secured(plain, host, address, deadline);
            if (connection instanceof Connection.Refused) {
                close(plain);
            }
            return connection;
        }
        return deadline.isExpired()
            ? new Connection.Refused(HttpsFault.TIMEOUT, "no time left to connect to " + host + " (" + tried + ")")
            : new Connection.Refused(HttpsFault.CONNECT, host + ": " + tried);
    }

    private Connection secured(Socket plain, DomainName host, InetAddress address, Deadline deadline) {
        String where = host + " at " + address.getHostAddress();
        try {
            // a context of its own has no session to resume, and a resumed session would skip the look at the certificate
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust, null);
            SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(plain, host.ascii(), plain.getPort(), true);
            SSLParameters parameters = tls.getSSLParameters();
            parameters.setProtocols(PROTOCOLS);
            parameters.setServerNames(List.of(new SNIHostName(host.ascii().getBytes(StandardCharsets.US_ASCII))));
            tls.setSSLParameters(parameters);
            tls.startHandshake();
            X509Certificate certificate = (X509Certificate) tls.getSession().getPeerCertificates()[0];
            // not JSSE's own check of the name: that one falls back on the common name
            boolean named = DnsId.matches(certificate, host);
            if (!named && errors == CertificateErrors.REFUSE) {
                return new Connection.Refused(HttpsFault.CERTIFICATE, where + ": the certificate is for " + names(certificate));
            }
            if (!named) {
                LoggingTrustManager.log(where, "the certificate is for " + names(certificate));
            }
            return new Connection.Open(tls, plain, address);
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            if (deadline.isExpired()) {
                return new Connection.Refused(HttpsFault.TIMEOUT, where + ": no time left for the TLS handshake");
            }
            return new Connection.Refused(isAboutCertificate(e) ? HttpsFault.CERTIFICATE : HttpsFault.TLS, where + ": " + root(e));
        }
    }

    private static String names(X509Certificate certificate) {
        List<String> names = DnsId.presented(certificate);
        return names.isEmpty() ? "no DNS name" : String.join(", ", names.subList(0, Math.min(names.size(), MAX_NAMES_SHOWN)));
    }

    private static boolean isAboutCertificate(Throwable e) {
        return e instanceof CertificateException || e instanceof CertPathValidatorException
            || e != null && isAboutCertificate(e.getCause());
    }

    /** The innermost cause says most: "NotAfter: …", "unable to find valid certification path to requested target". */
    static String root(Throwable e) {
        Throwable innermost = e;
        while (innermost.getCause() != null) {
            innermost = innermost.getCause();
        }
        return innermost.getMessage() == null ? innermost.getClass().getSimpleName() : innermost.getMessage();
    }

    private static Duration shorter(Duration left) {
        return left.compareTo(HEAD_START) < 0 ? left : HEAD_START;
    }

    /** For {@link Socket#connect}, where zero would mean for ever. */
    private static int millis(Duration duration) {
        return (int) Math.clamp(duration.toMillis(), 1, Integer.MAX_VALUE);
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException alreadyBroken) {
            return;
        }
    }
}
