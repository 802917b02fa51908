package jamestls.monitoring;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.fakeinternet.InstalledProgram;
import jamestls.fakeinternet.ServerPorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** The Prometheus that is installed on this machine, with its own data directory and a free port on 127.0.0.1. */
final class Prometheus implements AutoCloseable {

    private static final Path SERVER = Path.of("/usr/bin/prometheus");
    private static final Path TOOL = Path.of("/usr/bin/promtool");
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Process process;
    private final URI api;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).version(HttpClient.Version.HTTP_1_1).build();

    private Prometheus(Process process, URI api) {
        this.process = process;
        this.api = api;
    }

    /** Skips the test where Prometheus is not installed, or fails it if the environment says {@code CI=true}. */
    static void require() {
        InstalledProgram.require("Prometheus", SERVER, TOOL);
    }

    /** Starts the server with that configuration; its log is beside it. */
    static Prometheus start(Path configuration) throws IOException {
        int port = ServerPorts.free();
        Path directory = configuration.toAbsolutePath().getParent();
        Process process = new ProcessBuilder(SERVER.toString(), "--config.file=" + configuration.toAbsolutePath(),
            "--storage.tsdb.path=" + directory.resolve("data"), "--web.listen-address=127.0.0.1:" + port)
            .redirectErrorStream(true).redirectOutput(directory.resolve("prometheus.log").toFile()).start();
        Prometheus prometheus = new Prometheus(process, URI.create("http://127.0.0.1:" + port + "/api/v1/"));
        Awaitility.await("Prometheus").atMost(PATIENCE).ignoreExceptions().until(() -> prometheus.query("vector(1)").size() == 1);
        return prometheus;
    }

    /** Runs promtool; what it prints, after its exit code. */
    static String tool(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(TOOL.toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return process.waitFor() + "\n" + printed;
    }

    /** The result of an expression now: one element for each series. */
    JsonNode query(String expression) {
        try {
            String encoded = URLEncoder.encode(expression, StandardCharsets.UTF_8);
            HttpRequest request = HttpRequest.newBuilder(api.resolve("query?query=" + encoded)).timeout(PATIENCE).build();
            JsonNode answer = JSON.readTree(http.send(request, BodyHandlers.ofString()).body());
            if (!answer.path("status").asText().equals("success")) {
                throw new IllegalArgumentException(expression + ": " + answer.path("error").asText());
            }
            return answer.path("data").path("result");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
