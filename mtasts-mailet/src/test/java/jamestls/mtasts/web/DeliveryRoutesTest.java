package jamestls.mtasts.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.fakeinternet.FakeInternet;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.RunningDeliveries;
import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.held.HeldMail.Why;
import jamestls.outcome.TlsOutcomes;
import jamestls.web.AdminServer;
import jamestls.web.AdminServer.Answer;
import jamestls.web.AdminServer.Authentication;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.james.webadmin.Routes;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /tls/domains} and {@code /tls/explain} over HTTP, in James's own administration server. */
class DeliveryRoutesTest {

    private static final String DOMAIN = "good.example";
    private static final String HOST = "mx.good.example";

    private final FakeInternet internet = FakeInternet.start();
    private final RunningDeliveries running = new RunningDeliveries();
    private final TlsOutcomes outcomes = new TlsOutcomes();
    private AdminServer server;
    private Outbound outbound;

    @TempDir
    private Path directory;

    @BeforeEach
    void start() throws Exception {
        internet.ca().saveTrustStore(directory.resolve("ca.p12"));
        internet.mx(DOMAIN, 10, HOST);
        internet.policy(DOMAIN, "version: STSv1\nmode: enforce\nmx: *.good.example\nmax_age: 86400\n");
        outbound = open();
        server = AdminServer.start(routes());
    }

    @AfterEach
    void stop() {
        server.close();
        outbound.close();
        internet.close();
    }

    private Routes[] routes() {
        return new Routes[] {
            new DomainRoutes(running, outcomes, AdminServer.crossSiteCheck(), Clock.systemUTC()),
            new ExplainRoutes(running, AdminServer.crossSiteCheck(), Clock.systemUTC())};
    }

    @Test
    void domainShouldShowItsPolicyAndHostsWithoutConnecting() throws IOException {
        running.add(outbound);
        outcomes.addCounter(domain -> domain.ascii().equals(DOMAIN) ? Optional.of(new TlsOutcomes.Sessions(7, 2)) : Optional.empty());
        Why why = new Why(Cause.NETWORK, "no answer", "time");
        outbound.held().waits("item", Map.of(DOMAIN, why, "other.example", why), Instant.now(), Instant.now().plusSeconds(60));

        JsonNode view = json(server.get("/tls/domains/" + DOMAIN));

        assertThat(view.at("/domain").asText()).isEqualTo(DOMAIN);
        assertThat(view.at("/sessionsToday/sessions").asInt()).isEqualTo(7);
        assertThat(view.at("/sessionsToday/failed").asInt()).isEqualTo(2);
        assertThat(view.at("/rules/0/rule").asText()).isEqualTo(".example encrypt");
        assertThat(view.at("/rules/0/source").asText()).isEqualTo("configuration");
        assertThat(view.at("/deliveries/0/hosts/0/rules/0").toString()).contains(".example encrypt");
        assertThat(view.at("/held/0/mails").asInt()).isEqualTo(1);
        assertThat(view.at("/held")).as("of this domain only").hasSize(1);
        JsonNode delivery = view.at("/deliveries/0");
        assertThat(delivery.at("/queue").asText()).isEqualTo("outgoing");
        assertThat(delivery.at("/sts/policy/mode").asText()).isEqualTo("enforce");
        assertThat(delivery.at("/sts/source").asText()).isEqualTo("fetched");
        assertThat(delivery.at("/sts/expires").asText()).isNotEmpty();
        assertThat(delivery.at("/sts/lastChecked").asText()).isNotEmpty();
        assertThat(delivery.at("/sts/lastFailure").isNull()).isTrue();
        assertThat(delivery.at("/hosts/0/host").asText()).isEqualTo(HOST);
        assertThat(delivery.at("/hosts/0/tlsa/why").asText()).contains("no DANE");
        assertThat(delivery.at("/hosts/0/sessions")).isEmpty();
        assertThat(delivery.at("/outcome/action").asText()).isEqualTo("connect");
        assertThat(json(server.get("/tls/domains/" + DOMAIN)).at("/deliveries/0/sts/source").asText())
            .as("the policy that this server has").isEqualTo("server");
    }

    @Test
    void sessionsShouldBeNullWhereNobodyCountsThem() throws IOException {
        running.add(outbound);

        assertThat(json(server.get("/tls/domains/" + DOMAIN)).at("/sessionsToday").isNull()).isTrue();
    }

    @Test
    void explainShouldConnectAndSendNothing() throws IOException {
        running.add(outbound);

        JsonNode delivery = json(server.post("/tls/explain?domain=" + DOMAIN)).at("/deliveries/0");

        assertThat(delivery.at("/outcome/action").asText()).isEqualTo("deliver");
        assertThat(delivery.at("/outcome/tls").asText()).isEqualTo("authenticated");
        assertThat(delivery.at("/hosts/0/sessions/0/tls").asText()).startsWith("TLSv1.");
        assertThat(internet.mailServer(HOST).mails()).isEmpty();
        assertThat(delivery.has("transcript")).isFalse();
        assertThat(json(server.post("/tls/explain?domain=" + DOMAIN + "&transcript=true")).at("/deliveries/0/transcript/0/lines")
            .findValuesAsText("text")).contains("STARTTLS", "QUIT");
        assertThat(json(server.post("/tls/explain?domain=" + DOMAIN + "&connect=false")).at("/deliveries/0/outcome/action").asText())
            .isEqualTo("connect");
        assertThat(json(server.post("/tls/explain?domain=" + DOMAIN + "&requireTls=true")).at("/deliveries/0/outcome/action").asText())
            .as("the host does not offer REQUIRETLS").isNotEqualTo("deliver");
    }

    @Test
    void routesShouldAnswer503UntilAMailetHasStarted() {
        for (Answer answer : List.of(server.get("/tls/domains/" + DOMAIN), server.post("/tls/explain?domain=" + DOMAIN))) {
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.body()).contains("\"statusCode\":503", "\"type\":\"WrongState\"", "No SecureRemoteDelivery has started");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET,  /tls/domains/not..a..name,                       is not a domain name",
        "GET,  /tls/domains/good.example?verbose=1,             There is no query parameter 'verbose'",
        "POST, /tls/explain,                                    domain is missing",
        "POST, /tls/explain?domain=good.example&connect=maybe,  connect is true or false",
        "POST, /tls/explain?domain=good.example&connect=false&transcript=true, connect=false opens none"})
    void mistakesShouldBe400InJamesForm(String method, String path, String message) {
        running.add(outbound);

        Answer answer = server.send(method, path, Map.of(), "");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.headers()).contains("application/json");
        assertThat(answer.body()).contains("\"type\":\"InvalidArgument\"").contains(message);
    }

    @ParameterizedTest
    @CsvSource({
        "Origin,         http://attacker.example",
        "Sec-Fetch-Site, cross-site",
        "Host,           attacker.example:{port}"})
    void requestOfAnotherSiteShouldNotMakeThisServerConnect(String field, String value) {
        running.add(outbound);

        Answer answer = server.send("POST", "/tls/explain?domain=" + DOMAIN, Map.of(field, value), "");

        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.body()).contains(field);
        assertThat(internet.mailServer(HOST).connections()).isZero();
    }

    @Test
    void pageOfThisServerShouldBeAllowed() {
        running.add(outbound);

        assertThat(server.send("POST", "/tls/explain?connect=false&domain=" + DOMAIN,
            Map.of("Origin", "http://127.0.0.1:{port}", "Sec-Fetch-Site", "same-origin"), "").status()).isEqualTo(200);
    }

    @Test
    void requestsShouldBeLimited() {
        running.add(outbound);
        for (int i = 0; i < 20; i++) {
            assertThat(server.post("/tls/explain?connect=false&domain=" + DOMAIN).status()).isEqualTo(200);
        }

        Answer answer = server.post("/tls/explain?connect=false&domain=" + DOMAIN);

        assertThat(answer.status()).isEqualTo(429);
        assertThat(answer.headers()).contains("Retry-After: 60");
    }

    @Test
    void jamesShouldAuthenticate() {
        running.add(outbound);
        try (AdminServer guarded = AdminServer.start(Authentication.TOKEN, routes())) {
            assertThat(guarded.get("/tls/domains/" + DOMAIN).status()).isEqualTo(401);
            assertThat(guarded.post("/tls/explain?connect=false&domain=" + DOMAIN).status()).isEqualTo(401);
            assertThat(guarded.sendAsBoss("POST", "/tls/explain?connect=false&domain=" + DOMAIN, "").status()).isEqualTo(200);
        }
    }

    private JsonNode json(Answer answer) throws IOException {
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return new ObjectMapper().readTree(answer.body());
    }

    private Outbound open() throws Exception {
        return TestOutbound.open(directory, Map.of("dnsServers", "127.0.0.1:" + internet.dnsAddress().getPort(),
            "smtpPort", Integer.toString(internet.smtpPort()), "policyPort", Integer.toString(internet.policyPort()),
            "allowPrivateAddresses", "true", "tlsPolicies", ".example encrypt",
            "trustStore", "file://conf/ca.p12", "trustStorePassword", "secret"));
    }
}
