package jamestls.james;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.install.StockConfiguration;
import jamestls.install.StockConfiguration.Form;
import jamestls.install.StockConfiguration.Server;
import jamestls.scenario.Scenario;
import jamestls.scenario.ScenarioInternet;
import jamestls.scenario.Scenarios;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * A James with the configuration it comes with, JMAP on, changed by {@code install} of the packaged jar and nothing else. Only ports,
 * keystore, DNS and mail servers are those of the test.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InstalledServerIT {

    private static final Path DIRECTORY = Path.of("target", "installed", "james").toAbsolutePath();
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Account POSTMASTER = new Account("postmaster@sender.example", "sea-change");
    private static final Account REPORTS = new Account("tlsrpt@sender.example", "full-fathom-five");

    private final JamesHome home = JamesHome.configured();
    private final Scenario good = Scenarios.ALL.getFirst();
    private final DkimKey dkim = DkimKey.generate();
    private ScenarioInternet internet;
    private JamesProcess james;
    private int jmapPort;
    private WebAdmin admin;

    @BeforeAll
    void install() throws IOException, InterruptedException {
        ServerDirectory.delete(DIRECTORY);
        internet = ScenarioInternet.of(List.of(good), dkim);
        Path conf = DIRECTORY.resolve("conf");
        StockConfiguration.write(Server.MEMORY, Form.IMAGE, conf);
        Ports ports = Ports.free();
        jmapPort = Ports.free().smtp();
        surround(ServerDirectory.at(DIRECTORY), ports);
        // a key that is there is used; its public half is in the DNS of the test
        Files.writeString(conf.resolve("dkim-tlsrpt.pem"), dkim.privatePem());

        assertThat(run("install", "--yes", "--conf", conf.toString(), "--james", home.app().getParent().toString(), "--extensions",
            DIRECTORY.resolve("extensions-jars").toString(), "--organization", "Sender Example", "--contact", POSTMASTER.address(),
            "--helo", "mail.sender.example")).isZero();
        assertThat(run("doctor", "--conf", conf.toString(), "--james", home.app().getParent().toString())).isZero();

        ServerDirectory.at(DIRECTORY).connect(internet.surroundings());
        james = JamesProcess.boot(home, ports, DIRECTORY, List.of());
        admin = new WebAdmin(james);
        admin.put("/domains/sender.example", "");
        List.of(Account.ALICE, POSTMASTER, REPORTS).forEach(admin::addUser);
        admin.put("/address/aliases/" + REPORTS.address() + "/sources/tls-report-now@sender.example", "");
    }

    @AfterAll
    void stop() {
        if (james != null) {
            james.close();
        }
        internet.close();
    }

    @Test
    void mailShouldLeaveUnderItsPolicyAndTheLogTellOfIt() {
        new Submission(james, Account.ALICE).send("bob@" + good.domain(), "by SMTP", "Hello.\n");

        Awaitility.await().atMost(PATIENCE).until(() -> james.log().stream().anyMatch(line -> line.contains("domain=" + good.domain())
            && line.contains("tls=authenticated") && line.contains("result=delivered")));
    }

    @Test
    void submissionByJmapShouldLeave() throws IOException, InterruptedException {
        new JmapClient(jmapPort, Account.ALICE).submit("carol@" + good.domain(), "by JMAP");

        Awaitility.await().atMost(PATIENCE).until(() -> internet.mailServer("mx.good.example").mails().stream()
            .anyMatch(mail -> mail.recipients().toString().contains("carol@" + good.domain())));
    }

    @Test
    void sieveShouldStillSortMail() {
        admin.put("/sieve/" + Account.ALICE.address() + "/scripts/sort?activate=true",
            "require \"fileinto\";\nif header :is \"Subject\" \"sort me\" { fileinto \"Sorted\"; }\n");
        new Submission(james, POSTMASTER).send(Account.ALICE.address(), "sort me", "Hello.\n");

        Awaitility.await().atMost(PATIENCE).until(() -> admin.get("/users/" + Account.ALICE.address() + "/mailboxes").contains("Sorted"));
    }

    @Test
    void mailToReportNowShouldHaveASignedReportSent() {
        new Submission(james, Account.ALICE).send("dave@" + good.domain(), "counted", "Hello.\n");
        Submission administrator = new Submission(james, POSTMASTER);

        assertThat(internet.reports(1, () -> administrator.send("tls-report-now@sender.example", "now", "Please.\n"))).isNotEmpty();
        Awaitility.await().atMost(PATIENCE).until(() -> james.log().stream().anyMatch(line -> line.contains("signature=holds")));
    }

    @Test
    void routesShouldTellOfADomainAndExplainADelivery() {
        assertThat(admin.get("/tls/domains/" + good.domain())).contains("\"queue\": \"outgoing\"", "\"mode\": \"enforce\"",
            "\"host\": \"mx.good.example\"", "\"sessionsToday\": {");

        assertThat(admin.post("/tls/explain?domain=" + good.domain())).satisfies(answer -> {
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(answer.body()).contains("\"action\": \"deliver\"", "\"tls\": \"authenticated\"");
        });
        assertThat(admin.post("/tls/explain?domain=" + good.domain(), "Origin", "http://attacker.example").statusCode()).isEqualTo(403);
        assertThat(admin.post("/tls/explain?domain=no..name")).satisfies(answer -> {
            assertThat(answer.statusCode()).isEqualTo(400);
            assertThat(answer.body()).contains("\"type\":\"InvalidArgument\"");
        });
    }

    @Test
    void ruleShouldBeSetAndRemoved() {
        admin.put("/tls/policies/try.example", "{\"level\":\"encrypt\"}");
        assertThat(admin.get("/tls/policies")).contains("\"rule\": \"try.example encrypt\"", "\"who\": \"127.0.0.1\"");

        admin.delete("/tls/policies/try.example");
        assertThat(admin.get("/tls/policies")).doesNotContain("try.example");
    }

    @Test
    void retryShouldBeTaken() {
        assertThat(admin.get("/tls/held")).contains("\"held\": ");
        assertThat(admin.post("/tls/held/" + good.domain() + "?action=retry")).satisfies(answer -> {
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
            assertThat(answer.body()).contains("\"reach\": \"all-servers\"");
        });
        Awaitility.await().atMost(PATIENCE).until(() -> james.log().stream().anyMatch(line ->
            line.contains("Retrying mail for " + good.domain())));
    }

    @Test
    void reportsShouldBeSentByATaskOfJames() {
        HttpResponse<String> answer = admin.post("/tls/reports?action=send");

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
        assertThat(admin.get(answer.headers().firstValue("Location").orElseThrow() + "/await"))
            .contains("\"status\":\"completed\"", "\"type\":\"send-tls-reports\"", "\"additionalInformation\":{", "\"notSent\":0");
        assertThat(admin.get("/tls/reports")).contains("\"counted\": [");
    }

    @Test
    void healthShouldTellOfBothMailets() {
        assertThat(admin.get("/healthcheck")).contains("SecureRemoteDelivery", "TlsReporting");
    }

    /** What the machine of a test has otherwise than one that James is alone on. */
    private void surround(ServerDirectory server, Ports ports) throws IOException {
        server.replace("smtpserver.xml", "<bind>0.0.0.0:25</bind>", "<bind>127.0.0.1:" + ports.smtp() + "</bind>");
        server.replace("smtpserver.xml", "<bind>0.0.0.0:587</bind>", "<bind>127.0.0.1:" + ports.submission() + "</bind>");
        // clients come from another machine, elsewhere: James lets its own go without a login
        server.replace("smtpserver.xml", "<announce>forUnauthorizedAddresses</announce>", "<announce>always</announce>");
        server.replace("imapserver.xml", "<bind>0.0.0.0:143</bind>", "<bind>127.0.0.1:" + ports.imap() + "</bind>");
        server.replace("webadmin.properties", "port=8000", "port=" + ports.webadmin());
        server.replace("jmap.properties", "enabled=true", "enabled=true\njmap.port=" + jmapPort);
        server.replace("dnsservice.xml", "<autodiscover>true</autodiscover>",
            "<servers><server>127.0.0.1</server></servers><autodiscover>false</autodiscover>");
        for (String name : List.of("jmx.properties", "jvm.properties", "usersrepository.xml")) {
            Files.copy(BuildPaths.shippedConfiguration().resolve("conf").resolve(name), server.conf().resolve(name));
        }
        ServerDirectory.writeKeystore(server.conf().resolve("keystore"), "james72laBalle");
    }

    /** The command line of the packaged jar; what it prints is in the test's output. */
    private int run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-jar",
            home.flavour().jars().getFirst().toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }
}
