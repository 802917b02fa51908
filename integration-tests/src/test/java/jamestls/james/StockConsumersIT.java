package jamestls.james;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * James's own classes that read what remote delivery writes on a failed mail, its health check and its metrics, and REQUIRETLS
 * from the attribute to the bounce, on a real server.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StockConsumersIT {

    private static final Path DIRECTORY = Path.of("target", "stock-consumers", "james");
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern KEY = Pattern.compile("\"([^\"]+)\"");
    private static final List<String> MATCHERS = List.of("IsRemoteDeliveryPermanentError", "IsRemoteDeliveryTemporaryError",
        "RemoteDeliveryFailedWithSMTPCode=550", "RemoteDeliveryFailedWithSMTPCode=450");

    private DnsServer dns;
    private SmtpServer mx;
    private SmtpServer safe;
    private SmtpServer deaf;
    private PolicyHost policies;
    private JamesProcess james;
    private WebAdmin admin;

    @BeforeAll
    void boot() {
        ServerDirectory.delete(DIRECTORY);
        TestCa ca = TestCa.create("Fake Internet Authority");
        mx = SmtpServer.named("mx.far.example").on("127.0.0.31").identity(ca.issue("mx.far.example")).start()
            .replyTo("nobody@far.example", "550 5.1.1 who?").replyTo("busy@far.example", "450 4.2.1 busy");
        safe = SmtpServer.named("mx.safe.example").on("127.0.0.32").port(mx.port()).identity(ca.issue("mx.safe.example"))
            .keywordsUnderTls("PIPELINING", "REQUIRETLS").start();
        deaf = SmtpServer.named("mx.deaf.example").on("127.0.0.33").port(mx.port()).identity(ca.issue("mx.deaf.example")).start();
        policies = PolicyHost.start();
        Zone zone = new Zone().mx("far.example", 10, "mx.far.example").a("mx.far.example", "127.0.0.31");
        for (SmtpServer server : List.of(safe, deaf)) {
            String domain = server.hostName().substring("mx.".length());
            zone.mx(domain, 10, server.hostName()).a(server.hostName(), server.ip().getHostAddress())
                .txt("_mta-sts." + domain, "v=STSv1; id=1;").a("mta-sts." + domain, "127.0.0.1");
            policies.serve("mta-sts." + domain, ca.issue("mta-sts." + domain),
                HttpAnswer.policy("version: STSv1\nmode: enforce\nmx: " + server.hostName() + "\nmax_age: 86400\n"));
        }
        dns = DnsServer.start(zone);
        james = JamesProcess.start(JamesHome.configured(), DIRECTORY,
            new ServerEnvironment(dns.address(), mx.port(), policies.port(), ca.trustStore()), DkimKey.generate(), StockConsumersIT::adapt);
        admin = new WebAdmin(james);
        admin.addUser(Account.ALICE);
    }

    @AfterAll
    void stop() {
        if (james != null) {
            james.kill();
        }
        List.of(mx, safe, deaf).forEach(SmtpServer::close);
        policies.close();
        dns.close();
    }

    @Test
    void permanentFailureShouldBeSeenAsOneAndReportedByDsnBounce() {
        new Submission(james, Account.ALICE).send("nobody@far.example", "to nobody", "Anybody there?");

        String failed = onlyMailIn("IsRemoteDeliveryPermanentError");
        assertThat(failed).contains("550 5.1.1").contains("\"delivery-error-code\"", "\"is-delivery-permanent-error\"");
        assertThat(onlyMailIn("RemoteDeliveryFailedWithSMTPCode550")).contains("nobody@far.example");
        assertThat(bounceAbout("nobody@far.example")).contains("550 5.1.1 mx.far.example [127.0.0.31] said: 550 5.1.1 who?");
    }

    @Test
    void temporaryFailureShouldStayOneAfterTheLastRetry() {
        new Submission(james, Account.ALICE).send("busy@far.example", "to the busy", "Later, then?");

        assertThat(onlyMailIn("IsRemoteDeliveryTemporaryError")).contains("450 4.2.1 given up after the last retry")
            .contains("\"delivery_retry_count\"");
        assertThat(onlyMailIn("RemoteDeliveryFailedWithSMTPCode450")).contains("busy@far.example");
        assertThat(bounceAbout("busy@far.example")).contains("450 4.2.1 given up after the last retry");
    }

    @Test
    void metricsShouldBeAmongJamess() throws IOException {
        new Submission(james, Account.ALICE).send("bob@far.example", "to count", "One more.");
        mx.awaitMails(1, PATIENCE);

        // what docs/monitoring.md lists, read from the page itself
        List<String> documented = documentedMetrics();
        assertThat(documented).hasSizeGreaterThan(15).contains("mtastsDeferralsDns", "mtastsPoolIdleSessions");
        Awaitility.await().atMost(PATIENCE).untilAsserted(() -> {
            String metrics = admin.get("/metrics");
            assertThat(documented).allMatch(name -> metrics.contains("\n" + name + " ") || metrics.contains("\n" + name + "_count ")
                || metrics.contains("\n" + name + "_total "), "is at /metrics");
            assertThat(metrics).containsPattern("\nmtastsSessionsUnauthenticated(_total)? [1-9]")
                .containsPattern("\noutgoingMails(_total)? [1-9]");
        });
    }

    @Test
    void requireTlsShouldBeHonouredFromSubmissionToBounce() {
        new Submission(james, Account.ALICE).send("bob@safe.example", "protected", "Only over TLS.");
        assertThat(safe.awaitMails(1, PATIENCE)).singleElement().satisfies(mail -> {
            assertThat(mail.tls()).isPresent();
            assertThat(mail.mailParameters()).contains("REQUIRETLS");
        });

        new Submission(james, Account.ALICE).send("bob@deaf.example", "protected", "Not for every server.");
        String bounce = bounceAbout("bob@deaf.example");
        assertThat(bounce).contains("5.7.30").contains("\"REQUIRETLS\"").doesNotContain("Not for every server.");
        assertThat(deaf.mails()).isEmpty();
    }

    @Test
    void healthCheckShouldBeOneOfJamess() {
        Awaitility.await().atMost(PATIENCE).untilAsserted(() ->
            assertThat(admin.get("/healthcheck").replaceAll("\\s", ""))
                .containsPattern("\\{[^{}]*\"componentName\":\"SecureRemoteDelivery\"[^{}]*\"status\":\"healthy\"[^{}]*\\}"));
    }

    /** The mail to far.example in that matcher's repository, as webadmin shows it with its attributes. */
    private String onlyMailIn(String repository) {
        List<String> keys = Awaitility.await(repository).atMost(PATIENCE).until(() -> keysIn(repository).stream()
            .filter(key -> key.contains("-to-far.example")).toList(), found -> found.size() == 1);
        return show(repository, keys.getFirst());
    }

    private String bounceAbout(String recipient) {
        return Awaitility.await("bounce about " + recipient).atMost(PATIENCE).until(() -> keysIn("bounced").stream()
            .map(key -> show("bounced", key)).filter(bounce -> bounce.contains(recipient)).findFirst(), java.util.Optional::isPresent)
            .orElseThrow();
    }

    private List<String> keysIn(String repository) {
        return KEY.matcher(admin.get("/mailRepositories/var%2Fmail%2F" + repository + "/mails")).results()
            .map(match -> match.group(1)).toList();
    }

    private String show(String repository, String key) {
        return admin.get("/mailRepositories/var%2Fmail%2F" + repository + "/mails/" + key + "?additionalFields=attributes,textBody");
    }

    /** The names in the tables of delivery's metrics; "…Dns" stands for the prefix of the name before it. */
    private static List<String> documentedMetrics() throws IOException {
        String page = Files.readString(Path.of("../docs/monitoring.md"));
        String tables = page.substring(page.indexOf("## Metrics"), page.indexOf("## Health"));
        return Pattern.compile("`(mtasts[A-Za-z]+|outgoingMails|RemoteDeliveryTrial|…[A-Z][a-z]+)`").matcher(tables).results()
            .map(match -> match.group(1).replace("…", "mtastsDeferrals")).distinct().toList();
    }

    private static void adapt(Path conf) throws IOException {
        StringBuilder consumers = new StringBuilder("<processor state=\"bounces\" enableJmx=\"false\">");
        for (String matcher : MATCHERS) {
            consumers.append(keep(matcher, matcher.replace("=", "")));
        }
        consumers.append("<mailet match=\"All\" class=\"DSNBounce\"><passThrough>false</passThrough></mailet></processor>");
        Path file = conf.resolve("mailetcontainer.xml");
        String xml = Files.readString(file);
        xml = replaced(xml, "(?s)<processor state=\"bounces\".*?</processor>", consumers.toString());
        xml = replaced(xml, "<delayTime>[^<]*</delayTime>", "<delayTime>1s</delayTime>");
        xml = replaced(xml, "<maxRetries>[^<]*</maxRetries>", "<maxRetries>1</maxRetries>");
        xml = replaced(xml, "<processor state=\"root\"[^>]*>",
            "<processor state=\"root\" enableJmx=\"false\">" + keep("SenderIsNull", "bounced")
                // James 3.8 does not know REQUIRETLS on its way in
                + "<mailet match=\"SubjectIs=protected\" class=\"SetMailAttribute\"><REQUIRETLS>true</REQUIRETLS></mailet>");
        Files.writeString(file, xml);
    }

    private static String keep(String matcher, String repository) {
        return "<mailet match=\"" + matcher + "\" class=\"ToRepository\"><repositoryPath>memory://var/mail/" + repository
            + "</repositoryPath><passThrough>true</passThrough></mailet>";
    }

    private static String replaced(String text, String what, String by) {
        String changed = text.replaceFirst(what, Matcher.quoteReplacement(by));
        if (changed.equals(text)) {
            throw new IllegalStateException("mailetcontainer.xml has no " + what);
        }
        return changed;
    }
}
