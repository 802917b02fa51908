package jamestls.mtasts.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.dns.DomainName;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.RunningDeliveries;
import jamestls.web.AdminServer;
import jamestls.web.AdminServer.Answer;
import jamestls.web.AdminServer.Authentication;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /tls/policies} over HTTP, in James's own administration server. */
class PolicyRoutesTest {

    private static final String TOMORROW = LocalDate.now(ZoneOffset.UTC).plusDays(1).toString();
    private static final String MAY = "{\"level\":\"may\",\"until\":\"" + TOMORROW + "\",\"reason\":\"certificate expired, ticket 4711\"}";

    private final RunningDeliveries running = new RunningDeliveries();
    private AdminServer server;
    private Outbound outbound;

    @TempDir
    private Path directory;

    @BeforeEach
    void start() throws Exception {
        outbound = TestOutbound.open(directory, Map.of("database", "file://conf/policies.sqlite", "tlsPolicies", ".gov.example dane-only"));
        server = AdminServer.start(Authentication.TOKEN, new PolicyRoutes(running, AdminServer.crossSiteCheck(), Clock.systemUTC()));
    }

    @AfterEach
    void stop() {
        server.close();
        outbound.close();
    }

    @Test
    void ruleShouldBeInForceAfterPutAndGoneAfterDelete() throws IOException {
        running.add(outbound);

        JsonNode rule = json(server.sendAsBoss("PUT", "/tls/policies/broken.example", MAY));
        assertThat(rule.at("/destination").asText()).isEqualTo("broken.example");
        assertThat(rule.at("/source").asText()).isEqualTo("database");
        assertThat(rule.at("/who").asText()).as("the subject of the token").isEqualTo("boss@sender.example");
        assertThat(outbound.rules().find(DomainName.of("broken.example"), DomainName.of("mx.example")).rules()).singleElement()
            .asString().startsWith("broken.example may until=").endsWith("reason=\"certificate expired, ticket 4711\"");

        JsonNode rules = json(server.sendAsBoss("GET", "/tls/policies", "")).at("/deliveries/0/rules");
        assertThat(rules).extracting(each -> each.at("/destination").asText()).containsExactly("broken.example", ".gov.example");
        assertThat(json(server.sendAsBoss("GET", "/tls/policies/www.gov.example", "")).at("/deliveries/0/rules/0/rule").asText())
            .isEqualTo(".gov.example dane-only");
        assertThat(json(server.sendAsBoss("GET", "/tls/policies/.gov.example", "")).at("/deliveries/0/rules/0/source").asText())
            .isEqualTo("configuration");

        assertThat(server.sendAsBoss("DELETE", "/tls/policies/broken.example", "").status()).isEqualTo(204);
        assertThat(outbound.rules().find(DomainName.of("broken.example"), DomainName.of("mx.example")).rules()).isEmpty();
        assertThat(server.sendAsBoss("DELETE", "/tls/policies/broken.example", "").status()).isEqualTo(404);
    }

    @Test
    void everyWordOfTheGrammarShouldBeTaken() throws IOException {
        running.add(outbound);

        assertThat(json(server.sendAsBoss("PUT", "/tls/policies/mx:mx.slow.example", "{\"level\":\"secure\",\"match\":[\"a.example\","
            + "\".b.example\"],\"tls\":\"1.3\",\"concurrency\":2,\"rate\":\"30/m\",\"families\":\"ipv4\"}")).at("/rule").asText())
            .isEqualTo("mx:mx.slow.example secure match=a.example:.b.example tls>=1.3 concurrency=2 rate=30/m families=ipv4");
        assertThat(json(server.sendAsBoss("PUT", "/tls/policies/soon.example", "{\"level\":\"may\",\"until\":\"3d\",\"reason\":\"x\"}"))
            .at("/until").asText()).isBetween(Instant.now().plus(Duration.ofDays(2)).toString(),
                Instant.now().plus(Duration.ofDays(4)).toString());
        assertThat(json(server.sendAsBoss("PUT", "/tls/policies/try.example", "{\"observe\":true,\"until\":\"" + TOMORROW + "\"}"))
            .at("/rule").asText()).startsWith("try.example observe until=");
        assertThat(json(server.sendAsBoss("PUT", "/tls/policies/*", "{\"tls\":\"1.2\"}")).at("/rule").asText()).isEqualTo("* tls>=1.2");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "broken.example | {\"level\":\"none\"}                               | none sends in clear text, so it needs until=",
        "broken.example | {\"level\":\"mayy\"}                               | did you mean 'may'?",
        "broken.example | {\"level\":\"may\",\"until\":\"2020-01-01\",\"reason\":\"x\"} | in the past",
        "broken.example | {\"level\":\"may observe\"}                        | is more than one word",
        "broken.example | {\"rate\":\"5/s until=2099-01-01\"}                | is no rate",
        "broken.example | {\"reason\":\"a \\\" b\"}                          | no quotation marks",
        "broken.example | {\"lvl\":\"may\"}                                  | JSON payload of the request is not valid",
        "broken.example | may                                                | JSON payload of the request is not valid",
        "broken.example | {}                                                 | a destination alone changes nothing",
        "no..name       | {\"level\":\"encrypt\"}                            | is no destination"})
    void mistakesShouldBe400(String destination, String body, String message) {
        running.add(outbound);

        Answer answer = server.sendAsBoss("PUT", "/tls/policies/" + destination, body);

        assertThat(answer.status()).as(answer.body()).isEqualTo(400);
        assertThat(answer.body()).contains("InvalidArgument", message);
        assertThat(outbound.rules().list()).hasSize(1);
    }

    @Test
    void requestOfAnotherSiteShouldChangeNothing() {
        running.add(outbound);
        try (AdminServer open = AdminServer.start(new PolicyRoutes(running, AdminServer.crossSiteCheck(), Clock.systemUTC()))) {
            assertThat(open.send("PUT", "/tls/policies/broken.example", Map.of("Origin", "http://attacker.example"), MAY).status())
                .isEqualTo(403);
            assertThat(open.send("DELETE", "/tls/policies/.gov.example", Map.of("Host", "attacker.example"), "").status()).isEqualTo(403);
        }
        assertThat(outbound.rules().list()).hasSize(1);
    }

    @Test
    void peerShouldAnswerForARuleWhereNobodyAuthenticates() throws IOException {
        running.add(outbound);
        try (AdminServer open = AdminServer.start(new PolicyRoutes(running, AdminServer.crossSiteCheck(), Clock.systemUTC()))) {
            assertThat(json(open.send("PUT", "/tls/policies/broken.example", Map.of(), MAY)).at("/who").asText()).isEqualTo("127.0.0.1");
        }
    }

    @Test
    void routesShouldAnswer503UntilAMailetHasStarted() {
        assertThat(server.sendAsBoss("GET", "/tls/policies", "").status()).isEqualTo(503);
        assertThat(server.sendAsBoss("PUT", "/tls/policies/broken.example", MAY).status()).isEqualTo(503);
    }

    @Test
    void strangersShouldNotGetIn() {
        running.add(outbound);

        assertThat(server.send("PUT", "/tls/policies/broken.example", Map.of(), MAY).status()).isEqualTo(401);
    }

    private static JsonNode json(Answer answer) throws IOException {
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return new ObjectMapper().readTree(answer.body());
    }
}
