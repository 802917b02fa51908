package jamestls.mtasts.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.dns.DomainName;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.RunningDeliveries;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.held.HeldMail.Why;
import jamestls.web.AdminServer;
import jamestls.web.AdminServer.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /tls/held} over HTTP, in James's own administration server. */
class HeldRoutesTest {

    private static final Instant NOON = Instant.parse("2026-11-26T12:00:00Z");
    private static final String DOMAIN = "held.example";

    private final RunningDeliveries running = new RunningDeliveries();
    private final List<DomainName> retried = new CopyOnWriteArrayList<>();
    private AdminServer server;
    private Outbound outbound;

    @TempDir
    private Path directory;

    @BeforeEach
    void start() throws Exception {
        outbound = TestOutbound.open(directory, Map.of());
        outbound.held().requests().carriedOutBy(retried::add);
        wait("one", DOMAIN, Cause.POLICY);
        wait("two", DOMAIN, Cause.POLICY);
        wait("three", "other.example", Cause.DNS);
        server = AdminServer.start(new HeldRoutes(running, AdminServer.crossSiteCheck(), Clock.systemUTC()));
    }

    @AfterEach
    void stop() {
        server.close();
        outbound.close();
    }

    @Test
    void heldMailShouldBeListedByDomainAndCause() throws IOException {
        running.add(outbound);

        assertThat(json(server.get("/tls/held")).at("/held")).hasSize(2);
        JsonNode held = json(server.get("/tls/held?domain=" + DOMAIN)).at("/held");
        assertThat(held).hasSize(1);
        assertThat(held.at("/0/domain").asText()).isEqualTo(DOMAIN);
        assertThat(held.at("/0/cause").asText()).isEqualTo("policy");
        assertThat(held.at("/0/mails").asInt()).isEqualTo(2);
        assertThat(held.at("/0/since").asText()).isEqualTo("2026-11-26T12:00:00Z");
        assertThat(held.at("/0/nextTry").asText()).isEqualTo("2026-11-26T12:05:00Z");
        assertThat(held.at("/0/why").asText()).isEqualTo("why held.example waits");
        assertThat(held.at("/0/whoCanFix").asText()).isEqualTo("somebody");
    }

    @Test
    void retryShouldReachTheQueue() throws IOException {
        running.add(outbound);

        Answer answer = server.post("/tls/held/" + DOMAIN + "?action=retry");

        assertThat(answer.status()).as(answer.body()).isEqualTo(202);
        assertThat(new ObjectMapper().readTree(answer.body()).at("/reach").asText()).isEqualTo("this-server");
        await().untilAsserted(() -> assertThat(retried).containsExactly(DomainName.of(DOMAIN)));
    }

    @Test
    void retryOfAllAndRepairShouldSayWhomTheyReach() throws IOException {
        running.add(outbound);

        Answer all = server.post("/tls/held?action=retry");
        assertThat(all.status()).as(all.body()).isEqualTo(202);
        assertThat(new ObjectMapper().readTree(all.body()).at("/reach").asText()).isEqualTo("this-server");
        Answer repair = server.post("/tls/held?action=repair&orphans=keep");
        assertThat(repair.status()).isEqualTo(409);
        assertThat(repair.body()).contains("No mails wait in a repository");
    }

    @Test
    void requestOfAnotherSiteShouldRetryNothing() {
        running.add(outbound);

        assertThat(server.send("POST", "/tls/held/" + DOMAIN + "?action=retry", Map.of("Sec-Fetch-Site", "cross-site"), "").status())
            .isEqualTo(403);
        assertThat(outbound.held().requests().isAnyOpen()).isFalse();
    }

    @Test
    void routesShouldAnswer503UntilAMailetHasStarted() {
        assertThat(server.get("/tls/held").status()).isEqualTo(503);
        assertThat(server.post("/tls/held/" + DOMAIN + "?action=retry").status()).isEqualTo(503);
    }

    @ParameterizedTest
    @CsvSource({
        "GET,  /tls/held?domain=no..name,                    is not a domain name",
        "GET,  /tls/held?name=held.example,                  There is no query parameter 'name'; allowed are: domain.",
        "POST, /tls/held,                                    action must be retry or repair",
        "POST, /tls/held?action=retry&orphans=keep,          orphans goes with action=repair",
        "POST, /tls/held?action=repair&orphans=all,          'orphans is keep, resume or remove'",
        "POST, /tls/held/held.example,                       action must be retry",
        "POST, /tls/held/held.example?action=drop,           action must be retry",
        "POST, /tls/held/no..name?action=retry,              is not a domain name"})
    void mistakesShouldBe400(String method, String path, String message) {
        running.add(outbound);

        Answer answer = server.send(method, path, Map.of(), "");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.body()).contains("InvalidArgument", message);
    }

    private void wait(String mail, String domain, Cause cause) {
        outbound.held().waits(outbound.held().item(mail), Map.of(domain, new Why(cause, "why " + domain + " waits", "somebody")), NOON,
            NOON.plus(Duration.ofMinutes(5)));
    }

    private static JsonNode json(Answer answer) throws IOException {
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return new ObjectMapper().readTree(answer.body());
    }
}
