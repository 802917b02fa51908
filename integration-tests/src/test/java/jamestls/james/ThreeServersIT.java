package jamestls.james;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.PostgresServer;
import jamestls.fakeinternet.ReceivedHttpRequest;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/** Three real servers that count and report in one PostgreSQL. The first of them has no DKIMSign. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ThreeServersIT {

    private static final int DOMAINS = 6;
    private static final List<String> ONCE = named("once");
    private static final List<String> TAKEN_OVER = named("taken");
    private static final int FIRST_HOST = 40;
    private static final String REPORT_NOW = "tls-report-now@sender.example";
    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TestCa ca = TestCa.create("Fake Internet Authority");
    private final Identity collector = ca.issue(Stream.of(ONCE, TAKEN_OVER).flatMap(List::stream).map(domain -> "in." + domain)
        .toArray(String[]::new));
    private final DnsServer dns = DnsServer.start();
    private final List<SmtpServer> hosts = new ArrayList<>();
    private PostgresServer postgres;
    private PolicyHost web;
    private List<JamesProcess> servers = List.of();

    @BeforeAll
    void boot() throws IOException {
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "three-servers");
        postgres = PostgresServer.startOrSkip();
        web = PolicyHost.start();
        publish("letters.example", "mailto:tls@letters.example");
        Stream.of(ONCE, TAKEN_OVER).flatMap(List::stream)
            .forEach(domain -> publish(domain, "https://in." + domain + ":" + web.port() + "/r"));
        ONCE.forEach(domain -> web.collect("in." + domain, collector));
        dns.zone().a("mail.sender.example", "127.0.0.1");
        ServerEnvironment environment = new ServerEnvironment(dns.address(), hosts.getFirst().port(), web.port(), ca.trustStore());
        DkimKey dkim = DkimKey.generate();
        servers = IntStream.range(0, 3)
            .mapToObj(i -> CompletableFuture.supplyAsync(() -> JamesProcess.start(JamesHome.configured(), directory.resolve("james" + i),
                environment, dkim, conf -> adapt(conf, i > 0))))
            .toList().stream().map(CompletableFuture::join).toList();
        for (JamesProcess james : servers) {
            new WebAdmin(james).addUser(Account.ALICE);
            new WebAdmin(james).addUser(Account.ADMIN);
        }
    }

    @AfterAll
    void stop() {
        servers.forEach(JamesProcess::kill);
        dns.close();
        hosts.forEach(SmtpServer::close);
        if (postgres != null) {
            web.close();
            postgres.close();
        }
    }

    @Order(1)
    @Test
    void serverWithoutDkimSignShouldSaySoInItsHealth() {
        mail(servers.getFirst(), List.of("letters.example"));
        awaitSessions(1);
        report(servers.getFirst());

        await().atMost(PATIENCE).until(() -> servers.getFirst().log().stream()
            .anyMatch(line -> line.contains("signature=unsigned author=sender.example")));
        assertThat(new WebAdmin(servers.getFirst()).get("/healthcheck/checks/TlsReporting"))
            .contains("degraded", "report mails are unsigned", "add DKIMSign with d=sender.example");
        awaitAllAccepted();
    }

    @Order(2)
    @Test
    void eachReportShouldGoOutOnceWithTheSessionsOfAllServers() {
        servers.parallelStream().forEach(james -> mail(james, ONCE));
        awaitSessions(1 + 3 * DOMAINS);
        servers.parallelStream().forEach(ThreeServersIT::report);
        await().atMost(PATIENCE).until(() -> posts().size() == DOMAINS);
        awaitAllAccepted();

        assertThat(posts().values()).allSatisfy(bodies -> {
            assertThat(bodies).hasSize(1);
            assertThat(read(bodies.getFirst()).at("/policies/0/summary/total-successful-session-count").asInt()).isEqualTo(3);
        });
    }

    @Order(3)
    @Test
    void serverThatIsKilledInTheMiddleShouldBeTakenOver() {
        servers.subList(1, 3).forEach(james -> mail(james, TAKEN_OVER));
        awaitSessions(1 + 5 * DOMAINS);
        TAKEN_OVER.subList(0, DOMAINS / 2).forEach(domain -> web.serve("in." + domain, collector, new HttpAnswer.Stall()));
        TAKEN_OVER.subList(DOMAINS / 2, DOMAINS).forEach(domain -> web.collect("in." + domain, collector));
        report(servers.getFirst());
        await().atMost(PATIENCE).until(() -> posts().size() == 2 * DOMAINS);
        servers.getFirst().kill();
        Set<String> unknown = postgres.query("SELECT report_id FROM tlsrpt_dispatch WHERE state = 'SENDING'").lines()
            .collect(Collectors.toSet());
        TAKEN_OVER.forEach(domain -> web.collect("in." + domain, collector));
        // its leases are over: twenty minutes pass
        postgres.query("UPDATE tlsrpt_part SET leased = 1 WHERE leased > 0");
        servers.subList(1, 3).parallelStream().forEach(ThreeServersIT::report);
        awaitAllAccepted();

        assertThat(unknown).hasSizeGreaterThanOrEqualTo(DOMAINS / 2);
        Map<String, List<byte[]>> posts = posts();
        assertThat(posts).hasSize(2 * DOMAINS);
        // what was under way when it was killed went again, once at most, and it is the same report to the last octet
        assertThat(posts).allSatisfy((id, bodies) -> {
            assertThat(bodies).hasSizeLessThanOrEqualTo(unknown.contains(id) ? 2 : 1);
            assertThat(bodies).allMatch(body -> Arrays.equals(body, bodies.getFirst()));
        });
    }

    /** James makes the queue for the mails of mailets after it has started the mailets. */
    @Order(4)
    @Test
    void reportDueAtStartShouldGoAtItsFirstTry() throws IOException {
        String firstTry = postgres.query("SELECT MAX(tries) FROM tlsrpt_dispatch WHERE domain = 'letters.example'");
        mail(servers.getLast(), List.of("letters.example"));
        awaitSessions(2 + 5 * DOMAINS);
        servers.forEach(JamesProcess::kill);
        // a day passes
        for (String table : List.of("tlsrpt_count", "tlsrpt_failure")) {
            postgres.query("UPDATE " + table + " SET day = day - 1 WHERE domain = 'letters.example' AND part = "
                + "(SELECT part FROM tlsrpt_domain WHERE domain = 'letters.example' AND is_open = 1)");
        }
        postgres.query("UPDATE tlsrpt_domain SET day = day - 1, started = started - 86400000 WHERE domain = 'letters.example'");

        servers = List.of(servers.getLast().restart());

        await().atMost(PATIENCE).until(() -> postgres.query("SELECT COUNT(*) FROM tlsrpt_dispatch WHERE domain = 'letters.example' "
            + "AND state = 'ACCEPTED'").equals("2"));
        assertThat(postgres.query("SELECT MAX(tries) FROM tlsrpt_dispatch WHERE domain = 'letters.example'")).isEqualTo(firstTry);
        assertThat(servers.getFirst().log())
            .anyMatch(line -> line.contains("tlsreport domain=letters.example") && line.contains("result=sent"))
            .noneMatch(line -> line.contains("James rejects report mails") || line.contains("result=postponed"));
    }

    private static List<String> named(String name) {
        return IntStream.range(0, DOMAINS).mapToObj(i -> name + i + ".example").toList();
    }

    /** Each domain has a host of its own, so that each mail is a session. */
    private void publish(String domain, String rua) {
        SmtpServer host = SmtpServer.named("mx." + domain).on("127.0.0." + (FIRST_HOST + hosts.size()))
            .port(hosts.isEmpty() ? 0 : hosts.getFirst().port()).identity(ca.issue("mx." + domain)).start();
        hosts.add(host);
        dns.zone().mx(domain, 10, "mx." + domain).a("mx." + domain, host.ip().getHostAddress()).a("in." + domain, "127.0.0.1")
            .txt("_smtp._tls." + domain, "v=TLSRPTv1; rua=" + rua);
    }

    private void adapt(Path conf, boolean signing) throws IOException {
        Path file = conf.resolve("mailetcontainer.xml");
        String shipped = Files.readString(file);
        String adapted = shipped.replace("class=\"jamestls.tlsrpt.TlsReporting\">", "class=\"jamestls.tlsrpt.TlsReporting\"><database>"
            + postgres.url() + "</database><httpsPorts>" + web.port() + "</httpsPorts><allowPrivateAddresses>true</allowPrivateAddresses>"
            + "<grace>0s</grace><window>0s</window>");
        Files.writeString(file, signing ? adapted
            : adapted.replaceFirst("(?s)<mailet match=\"All\" class=\"[^\"]*DKIMSign\">.*?</mailet>", ""));
        Files.writeString(conf.resolve("healthcheck.properties"), "additional.healthchecks=jamestls.tlsrpt.ReportingHealthCheck\n");
    }

    private static void mail(JamesProcess james, List<String> domains) {
        Submission alice = new Submission(james, Account.ALICE);
        domains.forEach(domain -> alice.send("bob@" + domain, "Hello", "Does this arrive?\n"));
    }

    private static void report(JamesProcess james) {
        new Submission(james, Account.ADMIN).send(REPORT_NOW, "now", "");
    }

    /** Counted, reported or not. */
    private void awaitSessions(int sessions) {
        await().atMost(PATIENCE).until(() -> postgres.query("SELECT (SELECT COALESCE(SUM(sessions), 0) FROM tlsrpt_domain) "
            + "+ (SELECT COALESCE(SUM(sessions), 0) FROM tlsrpt_part)").equals(Integer.toString(sessions)));
    }

    private void awaitAllAccepted() {
        await().atMost(PATIENCE).until(() -> postgres.query("SELECT COUNT(*) FROM tlsrpt_dispatch WHERE state <> 'ACCEPTED'").equals("0")
            && postgres.query("SELECT COALESCE(SUM(sessions), 0) FROM tlsrpt_domain").equals("0"));
    }

    /** Bodies by report-id, as the collector got them. */
    private Map<String, List<byte[]>> posts() {
        return web.requests().stream().filter(request -> request.method().equals("POST")).map(ReceivedHttpRequest::body)
            .collect(Collectors.groupingBy(body -> read(body).get("report-id").asText()));
    }

    private static JsonNode read(byte[] gzip) {
        try (GZIPInputStream json = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            return JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
