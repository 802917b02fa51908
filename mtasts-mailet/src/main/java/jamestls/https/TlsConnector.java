package jamestls.https;

import jamestls.dns.DnsId;
import jamestls.dns.DomainName;
import jamestls.https.GuardedHttpsClient.CertificateErrors;
import jamestls.https.HttpsSettings.Proxy.Target;
import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import jamestls.net.TlsParameters;
import jamestls.net.Watchdog.Deadline;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
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
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Opens an authenticated TLS connection to one of several addresses: TLS 1.2 or later, a chain to a trusted authority, and a
 * DNS-ID for the host (RFC 8461 §3.3). Addresses are tried in order; each has two seconds to accept the connection, the last one
 * the rest of the deadline. The certificate of the first one that connects decides, unless its errors are only to be
 * logged ({@link CertificateErrors#LOG}). Through a proxy if there is one.
 */
final class TlsConnector {

    private static final Duration HEAD_START = Duration.ofSeconds(2);
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(TlsConnector.class);
    private static final int MAX_TEXT = 300;
    private static final int MAX_PROXY_HEAD = 8_192;
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
            throw new IllegalArgumentException("the trust store is unusable: " + e.getMessage(), e);
        }
        if (judge.getAcceptedIssuers().length == 0) {
            throw new IllegalArgumentException("the trust store is unusable: it has no certificate authority");
        }
        return judge;
    }

    /**
     * The way through a proxy.
     *
     * @param proxies its addresses, at least one; the first that connects is used
     */
    record Tunnel(List<InetSocketAddress> proxies, Target target) {
    }

    /** A connection, or why there is none. */
    sealed interface Connection {

        /** @param plain below {@code tls} */
        record Open(SSLSocket tls, PlainSocket plain, InetAddress address) implements Connection {
        }

        record Refused(HttpsFault fault, String detail) implements Connection {
        }
    }

    /**
     * @param addresses of the host, at least one, vetted: nothing else is connected to, or asked for at a proxy that takes addresses
     * @param tunnel empty to connect directly
     */
    Connection connect(DomainName host, int port, List<InetAddress> addresses, Optional<Tunnel> tunnel, Deadline deadline) {
        StringBuilder tried = new StringBuilder();
        List<InetSocketAddress> proxies = tunnel.map(Tunnel::proxies).orElse(List.of());
        boolean byName = tunnel.filter(through -> through.target() == Target.NAME).isPresent();
        int attempts = byName ? proxies.size() : addresses.size();
        for (int i = 0; i < attempts && !deadline.isExpired(); i++) {
            InetAddress address = addresses.get(byName ? 0 : i);
            boolean isLast = i == attempts - 1;
            PlainSocket plain = new PlainSocket();
            deadline.watch(plain);
            try {
                plain.setTcpNoDelay(true);
                InetSocketAddress target = new InetSocketAddress(address, port);
                InetSocketAddress first = proxies.isEmpty() ? target : proxies.get(i % proxies.size());
                plain.connect(first, millis(isLast ? deadline.left() : shorter(deadline.left())));
                if (byName) {
                    tunnel(plain, host.ascii() + ":" + port);
                } else if (!proxies.isEmpty()) {
                    tunnel(plain, authority(target));
                }
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

    /** The address and not the name, so that the proxy can't look up another address than the one vetted. */
    private static String authority(InetSocketAddress target) {
        String ip = target.getAddress().getHostAddress();
        return (ip.contains(":") ? "[" + ip + "]" : ip) + ":" + target.getPort();
    }

    private static void tunnel(Socket proxy, String authority) throws IOException {
        proxy.getOutputStream().write(("CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
        // byte by byte: what follows the empty line belongs to TLS
        InputStream in = proxy.getInputStream();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0 || head.length() >= MAX_PROXY_HEAD) {
                throw new IOException("the proxy gave no HTTP answer to CONNECT");
            }
            head.append((char) next);
        }
        String status = head.substring(0, head.indexOf("\r\n"));
        if (!status.matches("HTTP/1\\.[0-9] 2[0-9]{2}( .*)?")) {
            throw new IOException("the proxy refuses CONNECT: " + Sanitized.line(status, MAX_TEXT));
        }
    }

    private Connection secured(PlainSocket plain, DomainName host, InetAddress address, Deadline deadline) {
        String where = host + " at " + address.getHostAddress();
        try {
            // a context of its own has no session to resume, and a resumed session would skip the look at the certificate
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust, null);
            SSLSocket tls = (SSLSocket) context.getSocketFactory().createSocket(plain, host.ascii(), plain.getPort(), true);
            SSLParameters parameters = TlsParameters.of(tls);
            parameters.setServerNames(List.of(new SNIHostName(host.ascii().getBytes(StandardCharsets.US_ASCII))));
            tls.setSSLParameters(parameters);
            tls.startHandshake();
            X509Certificate certificate = (X509Certificate) tls.getSession().getPeerCertificates()[0];
            // not JSSE's own check of the name: that one falls back on the common name
            Optional<String> objection = !DnsId.matches(certificate, host) ? Optional.of("the certificate is for " + names(certificate))
                : TlsParameters.isSignedWithBrokenDigest(certificate)
                    ? Optional.of("the certificate is signed with " + certificate.getSigAlgName()) : Optional.empty();
            if (objection.isPresent() && errors == CertificateErrors.REFUSE) {
                return new Connection.Refused(HttpsFault.CERTIFICATE, where + ": " + objection.get());
            }
            objection.ifPresent(text -> log(where, text));
            return new Connection.Open(tls, plain, address);
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            // a stranger's bytes decide what the TLS library throws
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

    private static void log(String where, String objection) {
        LOGGER.warn("HTTPS: {}: certificate error ignored for TLS reports (RFC 8460 §3): {}", where,
            Sanitized.logValue(objection, MAX_TEXT));
    }

    /** Checks a chain by the rules of {@code judge}, and logs the objection instead of ending the connection. */
    private static final class LoggingTrustManager extends X509ExtendedTrustManager {

        private final X509ExtendedTrustManager judge;

        LoggingTrustManager(X509ExtendedTrustManager judge) {
            this.judge = judge;
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
            try {
                judge.checkServerTrusted(chain, type, socket);
            } catch (CertificateException | RuntimeException e) {
                // a stranger's certificate decides what is thrown here
                log(String.valueOf(socket.getRemoteSocketAddress()), root(e));
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

    /** A socket that knows whether its peer has ended the TCP stream; JSSE keeps that to itself. */
    static final class PlainSocket extends Socket {

        private volatile boolean ended;

        /** Whether the end of the stream was read: after a close_notify nobody reads so far. */
        boolean isEnded() {
            return ended;
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new FilterInputStream(super.getInputStream()) {
                @Override
                public int read() throws IOException {
                    return noted(super.read());
                }

                @Override
                public int read(byte[] into, int from, int length) throws IOException {
                    return noted(super.read(into, from, length));
                }
            };
        }

        private int noted(int read) {
            ended |= read < 0;
            return read;
        }
    }
}
