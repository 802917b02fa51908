package jamestls.https;

import jamestls.net.Watchdog.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.cert.X509Certificate;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.BasicHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.io.HttpClientConnectionOperator;
import org.apache.hc.client5.http.io.ManagedHttpClientConnection;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.message.BasicClassicHttpRequest;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.TimeValue;

/**
 * Sends one request over an open connection and reads the answer. The HTTP client can't open another connection: its
 * connection operator only hands over this one. No redirects, retries, cookies, authentication, decoding or reuse.
 */
final class HttpConversation {

    private static final String USER_AGENT = "jamestls";
    private static final Duration MAX_WAIT = Duration.ofDays(1);
    private static final Http1Config BOUNDS = Http1Config.custom()
        .setMaxHeaderCount(64).setMaxLineLength(8192).setMaxEmptyLineCount(4).build();
    private static final ManagedHttpClientConnectionFactory CONNECTIONS =
        ManagedHttpClientConnectionFactory.builder().http1Config(BOUNDS).build();
    private static final RequestConfig PLAIN = RequestConfig.custom()
        .setExpectContinueEnabled(false).setProtocolUpgradeEnabled(false).setContentCompressionEnabled(false)
        .setRedirectsEnabled(false).setAuthenticationEnabled(false).build();

    private final HttpsRequest request;
    private final HttpHost host;
    private final TlsConnector.Connection.Open connection;

    HttpConversation(HttpsRequest request, HttpHost host, TlsConnector.Connection.Open connection) {
        this.request = request;
        this.host = host;
        this.connection = connection;
    }

    HttpsResult run(Deadline deadline) {
        String where = host.getHostName() + " at " + connection.address().getHostAddress();
        CloseableHttpClient client = client();
        try {
            HttpsResult result = read(client.executeOpen(host, message(), null), where);
            return deadline.isExpired() ? late(where) : result;
        } catch (IOException | RuntimeException e) {
            // the HTTP library throws IllegalArgumentException and others for malformed answers
            String cause = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            return deadline.isExpired() ? late(where) : new HttpsResult.Failure(fault(e), where + ": " + cause);
        } finally {
            // the rest of the answer is not read, because it may be endless
            deadline.close();
            client.close(CloseMode.IMMEDIATE);
        }
    }

    private HttpsResult late(String where) {
        return new HttpsResult.Failure(HttpsFault.TIMEOUT, where + ": no whole answer within " + request.deadline().toMillis() + " ms");
    }

    private HttpsResult read(ClassicHttpResponse response, String where) throws IOException {
        int status = response.getCode();
        if (status < 200 || status > 599) {
            return new HttpsResult.Failure(HttpsFault.PROTOCOL, where + ": answered with status " + status);
        }
        HttpEntity entity = response.getEntity();
        byte[] body = new byte[0];
        // RFC 8460 §5.4: only the status of the answer to a POST matters
        if (entity != null && request.payload().isEmpty()) {
            int room = request.maxBodyBytes();
            HttpsResult tooLarge = new HttpsResult.Failure(HttpsFault.TOO_LARGE,
                where + ": status " + status + " with a body of more than " + room + " bytes");
            if (entity.getContentLength() > room) {
                return tooLarge;
            }
            InputStream content = entity.getContent();
            body = content.readNBytes(room);
            if (body.length == room && content.read() >= 0) {
                return tooLarge;
            }
            if (entity.getContentLength() < 0 && !entity.isChunked() && connection.plain().isEnded()) {
                // RFC 9112 §9.8: without length and close_notify the body may be incomplete
                return new HttpsResult.Failure(HttpsFault.PROTOCOL,
                    where + ": incomplete answer, the connection was closed without close_notify");
            }
        }
        return new HttpsResult.Answer(status, field(response, HttpHeaders.CONTENT_TYPE), body, connection.address(),
            status == HttpStatus.SC_TOO_MANY_REQUESTS || status == HttpStatus.SC_SERVICE_UNAVAILABLE
                ? field(response, HttpHeaders.RETRY_AFTER).flatMap(HttpConversation::wait) : Optional.empty(), certificate());
    }

    private Optional<X509Certificate> certificate() {
        try {
            return Optional.of((X509Certificate) connection.tls().getSession().getPeerCertificates()[0]);
        } catch (SSLPeerUnverifiedException none) {
            return Optional.empty();
        }
    }

    private static Optional<String> field(ClassicHttpResponse response, String name) {
        return Optional.ofNullable(response.getFirstHeader(name))
            .map(Header::getValue).map(String::strip).filter(value -> !value.isEmpty());
    }

    /** RFC 9110 §10.2.3: seconds, or a date. */
    private static Optional<Duration> wait(String retryAfter) {
        try {
            Duration asked = retryAfter.matches("[0-9]{1,9}") ? Duration.ofSeconds(Long.parseLong(retryAfter))
                : Duration.between(Instant.now(), ZonedDateTime.parse(retryAfter, DateTimeFormatter.RFC_1123_DATE_TIME));
            return Optional.of(asked.isNegative() ? Duration.ZERO : asked.compareTo(MAX_WAIT) > 0 ? MAX_WAIT : asked);
        } catch (DateTimeException neither) {
            return Optional.empty();
        }
    }

    private ClassicHttpRequest message() {
        URI uri = request.uri();
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        String target = uri.getRawQuery() == null ? path : path + "?" + uri.getRawQuery();
        ClassicHttpRequest message = new BasicClassicHttpRequest(request.payload().isPresent() ? "POST" : "GET", host, target);
        message.setHeader(HttpHeaders.CONNECTION, "close");
        request.payload().ifPresent(payload ->
            message.setEntity(new ByteArrayEntity(payload.bytes(), ContentType.parse(payload.mediaType()))));
        return message;
    }

    private CloseableHttpClient client() {
        return HttpClients.custom()
            .setConnectionManager(new BasicHttpClientConnectionManager(new HandOver(connection), CONNECTIONS))
            .setConnectionReuseStrategy((sent, received, context) -> false)
            .setDefaultRequestConfig(PLAIN)
            .setUserAgent(USER_AGENT)
            .disableAutomaticRetries()
            .disableRedirectHandling()
            .disableCookieManagement()
            .disableContentCompression()
            .disableAuthCaching()
            .disableConnectionState()
            .build();
    }

    private static HttpsFault fault(Exception e) {
        return switch (e) {
            case MessageConstraintException tooMuch -> HttpsFault.TOO_LARGE;
            case SSLException tls -> HttpsFault.TLS;
            default -> HttpsFault.PROTOCOL;
        };
    }

    /** Hands over the open connection instead of connecting. */
    private record HandOver(TlsConnector.Connection.Open ready) implements HttpClientConnectionOperator {

        @Override
        public void connect(ManagedHttpClientConnection connection, HttpHost host, InetSocketAddress localAddress, TimeValue timeout,
                            SocketConfig socketConfig, HttpContext context) throws IOException {
            connection.bind(ready.tls(), ready.plain());
        }

        @Override
        public void upgrade(ManagedHttpClientConnection connection, HttpHost host, HttpContext context) {
            throw new UnsupportedOperationException("the connection to " + host + " is TLS already");
        }
    }
}
