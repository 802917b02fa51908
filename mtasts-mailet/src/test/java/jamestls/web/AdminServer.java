package jamestls.web;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.james.core.Domain;
import org.apache.james.domainlist.api.DomainList;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.apache.james.webadmin.RandomPortSupplier;
import org.apache.james.webadmin.Routes;
import org.apache.james.webadmin.WebAdminConfiguration;
import org.apache.james.webadmin.WebAdminServer;
import org.apache.james.webadmin.authentication.AuthenticationFilter;
import org.apache.james.webadmin.mdc.LoggingRequestFilter;
import spark.Spark;

/** James's own administration server with some routes, and a client that sends any header fields. */
public final class AdminServer implements AutoCloseable {

    private static final int PATIENCE_MILLIS = 30_000;
    private static final String TOKEN = "Bearer of-boss";

    private final WebAdminServer server;

    private AdminServer(WebAdminServer server) {
        this.server = server;
    }

    /** Whether James asks who it is. */
    public enum Authentication {
        /** As James is configured out of the box. */
        NONE,
        /** Somebody who authenticates is {@code boss@sender.example}. */
        TOKEN
    }

    /** What came back. */
    public record Answer(int status, String headers, String body) {
    }

    public static AdminServer start(Routes... routes) {
        return start(Authentication.NONE, routes);
    }

    public static AdminServer start(Authentication authentication, Routes... routes) {
        AuthenticationFilter filter = (request, response) -> {
            if (authentication == Authentication.TOKEN) {
                if (!TOKEN.equals(request.headers("Authorization"))) {
                    Spark.halt(401, "Who are you?");
                }
                request.attribute(AuthenticationFilter.LOGIN, "boss@sender.example");
            }
        };
        WebAdminConfiguration configuration = WebAdminConfiguration.builder().enabled().corsEnabled().host("127.0.0.1")
            .port(new RandomPortSupplier()).build();
        return new AdminServer(new WebAdminServer(configuration, List.of(routes), filter, new RecordingMetricFactory(),
            LoggingRequestFilter.create()) { }.start());
    }

    public static CrossSiteCheck crossSiteCheck() {
        return new CrossSiteCheck(domains());
    }

    /** James's domains: {@code sender.example} is the default one. */
    public static DomainList domains() {
        return (DomainList) Proxy.newProxyInstance(AdminServer.class.getClassLoader(), new Class<?>[] {DomainList.class},
            (proxy, method, arguments) -> {
                if (method.getName().equals("getDefaultDomain")) {
                    return Domain.of("sender.example");
                }
                throw new AssertionError(method);
            });
    }

    public Answer get(String path) {
        return send("GET", path, Map.of(), "");
    }

    public Answer post(String path) {
        return send("POST", path, Map.of(), "");
    }

    /** @param headers beside Host, which is the server's address and port unless it is given here */
    public Answer send(String method, String path, Map<String, String> headers, String body) {
        int port = server.getPort().getValue();
        List<String> lines = new ArrayList<>(List.of(method + " " + path + " HTTP/1.0", "Content-Length: " + body.length()));
        if (!headers.containsKey("Host")) {
            lines.add("Host: 127.0.0.1:" + port);
        }
        headers.forEach((name, value) -> lines.add(name + ": " + value.replace("{port}", Integer.toString(port))));
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.getOutputStream().write((String.join("\r\n", lines) + "\r\n\r\n" + body).getBytes(StandardCharsets.UTF_8));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int end = answer.indexOf("\r\n\r\n");
            return new Answer(Integer.parseInt(answer.split(" ", 3)[1]), answer.substring(0, end), answer.substring(end + 4));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As {@link #send}, by somebody who has the token of {@link Authentication#TOKEN}. */
    public Answer sendAsBoss(String method, String path, String body) {
        return send(method, path, Map.of("Authorization", TOKEN), body);
    }

    @Override
    public void close() {
        server.destroy();
    }
}
