package jamestls.https;

import jamestls.net.Watchdog.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Optional;
import javax.net.ssl.SSLException;
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
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.message.BasicClassicHttpRequest;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.TimeValue;

/**
 * One request and its answer over a connection that is already there. The HTTP client gets no chance to open another one:
 * its connection operator only hands over ours. No redirects, retries, cookies, authentication, decoding or reuse.
 */
final class HttpConversation {

    private static final String USER_AGENT = "jamestls";
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
        } catch (IOException e) {
            String cause = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            return deadline.isExpired() ? late(where) : new HttpsResult.Failure(fault(e), where + ": " + cause);
        } finally {
            // the answer is never drained: what is left of it may be endless
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
        if (entity != null) {
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
        }
        Optional<String> contentType = Optional.ofNullable(response.getFirstHeader(HttpHeaders.CONTENT_TYPE))
            .map(Header::getValue).map(String::strip).filter(value -> !value.isEmpty());
        return new HttpsResult.Answer(status, contentType, body, connection.address());
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

    private static HttpsFault fault(IOException e) {
        return switch (e) {
            case MessageConstraintException tooMuch -> HttpsFault.TOO_LARGE;
            case SSLException tls -> HttpsFault.TLS;
            default -> HttpsFault.PROTOCOL;
        };
    }

    /** In place of connecting. */
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
