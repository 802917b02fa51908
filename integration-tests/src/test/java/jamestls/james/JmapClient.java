package jamestls.james;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** One user of James by JMAP (RFC 8620, RFC 8621). */
final class JmapClient {

    private static final String USING =
        "\"using\":[\"urn:ietf:params:jmap:core\",\"urn:ietf:params:jmap:mail\",\"urn:ietf:params:jmap:submission\"]";

    private final URI base;
    private final Account account;
    private final ObjectMapper json = new ObjectMapper();
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    JmapClient(int port, Account account) {
        this.base = URI.create("http://127.0.0.1:" + port);
        this.account = account;
    }

    /** Makes a mail and submits it. */
    void submit(String recipient, String subject) throws IOException, InterruptedException {
        String id = get("/jmap/session").at("/primaryAccounts").path("urn:ietf:params:jmap:mail").asText();
        String mailbox = call("[\"Mailbox/get\",{\"accountId\":\"%s\"},\"0\"]".formatted(id)).at("/0/1/list/0/id").asText();
        JsonNode answers = call("""
            ["Email/set",{"accountId":"%1$s","create":{"m":{"mailboxIds":{"%2$s":true},"from":[{"email":"%3$s"}],"to":[{"email":"%4$s"}],
              "subject":"%5$s","bodyValues":{"t":{"value":"by JMAP"}},"textBody":[{"partId":"t","type":"text/plain"}]}}},"0"],
            ["EmailSubmission/set",{"accountId":"%1$s","create":{"s":{"emailId":"#m",
              "envelope":{"mailFrom":{"email":"%3$s"},"rcptTo":[{"email":"%4$s"}]}}}},"1"]
            """.formatted(id, mailbox, account.address(), recipient, subject));
        if (answers.findPath("s").path("id").isMissingNode()) {
            throw new IllegalStateException("not submitted: " + answers);
        }
    }

    private JsonNode call(String calls) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(base.resolve("/jmap"))
            .POST(BodyPublishers.ofString("{" + USING + ",\"methodCalls\":[" + calls + "]}"))).path("methodResponses");
    }

    private JsonNode get(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(base.resolve(path)).GET());
    }

    private JsonNode send(HttpRequest.Builder request) throws IOException, InterruptedException {
        String login = Base64.getEncoder().encodeToString((account.address() + ":" + account.password()).getBytes(StandardCharsets.UTF_8));
        return json.readTree(http.send(request.header("Accept", "application/json; jmapVersion=rfc-8621")
            .header("Content-Type", "application/json").header("Authorization", "Basic " + login).build(), BodyHandlers.ofString()).body());
    }
}
