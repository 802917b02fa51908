package jamestls.james;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** The administrator at the webadmin port. */
public final class WebAdmin {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final URI base;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).version(HttpClient.Version.HTTP_1_1).build();

    public WebAdmin(JamesProcess james) {
        this.base = URI.create("http://127.0.0.1:" + james.ports().webadmin());
    }

    /** Makes a user; the domain is one of James's already. */
    public void addUser(Account account) {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(base.resolve("/users/" + account.address()))
            .header("Content-Type", "application/json")
            .PUT(BodyPublishers.ofString("{\"password\":\"" + account.password() + "\"}")));
        if (answer.statusCode() / 100 != 2) {
            throw new IllegalStateException("webadmin does not make " + account.address() + ": "
                + answer.statusCode() + " " + answer.body());
        }
    }

    /** Makes or changes what is at that path. */
    public void put(String path, String body) {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(base.resolve(path)).header("Content-Type", "text/plain")
            .PUT(BodyPublishers.ofString(body)));
        if (answer.statusCode() / 100 != 2) {
            throw new IllegalStateException("webadmin refuses " + path + ": " + answer.statusCode() + " " + answer.body());
        }
    }

    /** Removes what is at that path. */
    public void delete(String path) {
        HttpResponse<String> answer = send(HttpRequest.newBuilder(base.resolve(path)).DELETE());
        if (answer.statusCode() / 100 != 2) {
            throw new IllegalStateException("webadmin refuses to delete " + path + ": " + answer.statusCode() + " " + answer.body());
        }
    }

    /** The body of GET on that path, whatever the status. */
    public String get(String path) {
        return send(HttpRequest.newBuilder(base.resolve(path)).GET()).body();
    }

    /** POST without a body on that path; {@code fields} are names and values of header fields. */
    public HttpResponse<String> post(String path, String... fields) {
        HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(path)).POST(BodyPublishers.noBody());
        return send(fields.length == 0 ? request : request.headers(fields));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return http.send(request.timeout(PATIENCE).build(), BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
