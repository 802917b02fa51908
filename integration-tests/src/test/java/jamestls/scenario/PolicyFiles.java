package jamestls.scenario;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import jamestls.fakeinternet.Identity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** One honest web server for the policies of all domains: {@code https://mta-sts.DOMAIN/.well-known/mta-sts.txt}. */
public final class PolicyFiles implements AutoCloseable {

    private final HttpsServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, String> policyByHost;

    /** @param policyByHost what to serve, by host name; {@code identity} must be good for all of them */
    public PolicyFiles(Map<String, String> policyByHost, Identity identity) {
        this.policyByHost = Map.copyOf(policyByHost);
        try {
            server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 50);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setHttpsConfigurator(new HttpsConfigurator(identity.serverContext()));
        server.setExecutor(threads);
        server.createContext("/.well-known/mta-sts.txt", this::answer);
        server.start();
    }

    public int port() {
        return server.getAddress().getPort();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.close();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String host = String.valueOf(exchange.getRequestHeaders().getFirst("Host")).replaceAll(":\\d+$", "");
            String policy = policyByHost.get(host);
            byte[] body = String.valueOf(policy).getBytes(StandardCharsets.US_ASCII);
            exchange.getResponseHeaders().set("Content-Type", "text/plain");
            exchange.sendResponseHeaders(policy == null ? 404 : 200, body.length);
            exchange.getResponseBody().write(body);
        }
    }
}
