package jamestls.mtasts.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.config.JamesConf;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.SigningFault;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.mtasts.JamesServices;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.OutboundSettings;
import jamestls.mtasts.SecureRemoteDelivery;
import jamestls.mtasts.StockNames;
import jamestls.mtasts.dane.Tlsa;
import jamestls.mtasts.policy.RuleGrammar;
import jamestls.mtasts.policy.RuleSettings;
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.sts.SqlPolicyStore;
import jamestls.mtasts.sts.StoredPolicy;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.Migrations;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.mailet.base.test.FakeMailetConfig;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code explain} against signed zones, a policy host and mail servers. */
class ExplainTest {

    private static final String DOMAIN = "good.example";
    private static final String HOST = "mx.good.example";

    private final DnsTree tree = DnsTree.over(new Zone()).signed(".", Signing.with(Signing.Algorithm.RSA))
        .signed("example", Signing.with(Signing.Algorithm.ECDSA).nsec3()).signed(DOMAIN, Signing.with(Signing.Algorithm.ED25519))
        .unsigned("plain.example");
    private final FakeInternet internet = FakeInternet.start(tree);
    private final Identity identity = TestCa.selfSigned("whoever.example");

    @TempDir
    private Path directory;

    @BeforeEach
    void publish() throws IOException, GeneralSecurityException {
        Files.createDirectories(directory.resolve("conf"));
        Files.write(directory.resolve("conf/root.ds"), tree.trustAnchorBytes());
        internet.ca().saveTrustStore(directory.resolve("conf/ca.p12"));
        internet.mx(DOMAIN, 10, SmtpServer.named(HOST).identity(identity));
    }

    @AfterEach
    void close() {
        internet.close();
    }

    @Test
    void everyStepShouldBeShown() {
        publishTlsa(identity);
        internet.policy(DOMAIN, "version: STSv1\nmode: testing\nmx: *.good.example\nmax_age: 86400\n");

        Run run = explain("bob@good.example", "--connect");

        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("DNSSEC   validating").contains("MX       secure").contains("mode testing").contains("fetched now")
            .contains("demand   dane\n").contains("base domain mx.good.example; 3 1 1 ").contains("verdict  send, tls=authenticated")
            .contains("secure   TLSA     _" + internet.smtpPort() + "._tcp.mx.good.example: 3 1 1 ").contains("chain  CN=whoever.example")
            .contains("=> would be delivered to mx.good.example").contains(" ms)");
        assertThat(run.exitCode()).isZero();
        assertThat(internet.mailServer(HOST).mails()).isEmpty();
        await().untilAsserted(() -> assertThat(internet.mailServer(HOST).transcript()).anyMatch(line -> line.startsWith("C: QUIT")));
        assertThat(internet.mailServer(HOST).transcript()).noneMatch(line -> line.startsWith("C: MAIL"));
    }

    @Test
    void transcriptShouldShowTheSessionInFullWithItsTimes() throws IOException {
        publishTlsa(identity);

        assertThat(explain(DOMAIN, "--connect", "--transcript").out().replaceAll(" +[0-9]+ ms  ", "|")).containsSubsequence(
            "  transcript of mx.good.example [", "] port " + internet.smtpPort() + "\n", "|-- connected\n", "|S: 220 mx.good.example",
            "|C: EHLO localhost\n", "|S: 250-mx.good.example", "|S: 250 ", "|C: STARTTLS\n", "|S: 220 ", "|-- TLS: TLSv1.3, TLS_",
            "|C: EHLO localhost\n", "|S: 250-", "|C: QUIT\n", "|S: 221 ", "|-- closed\n");
        JsonNode transcript = new ObjectMapper().readTree(explain(DOMAIN, "--connect", "--transcript", "--json").out()).get("transcript");
        assertThat(transcript).hasSize(1);
        assertThat(transcript.at("/0/host").asText()).isEqualTo(HOST);
        assertThat(transcript.at("/0/port").asInt()).isEqualTo(internet.smtpPort());
        assertThat(transcript.at("/0/lines/0/from").asText()).isEqualTo("event");
        assertThat(transcript.at("/0/lines/0/ms").isInt()).isTrue();
        assertThat(transcript.at("/0/lines/1/text").asText()).startsWith("220 mx.good.example");
    }

    @Test
    void transcriptShouldTellHowASessionEndedAndObeyNoServer() {
        internet.mailServer(HOST).at(SmtpPhase.EHLO, SmtpAct.say("550 \u001b[2Jgo away"));

        assertThat(explain(DOMAIN, "--connect", "--transcript").out()).contains("S: 550 ?[2Jgo away", "-- ended in phase ")
            .doesNotContain("\u001b");
        assertThat(explain(DOMAIN, "--transcript").exitCode()).isEqualTo(2);
        assertThat(explain(DOMAIN, "--transcript").err()).contains("--transcript shows sessions, and only --connect opens some");
    }

    @Test
    void mailThatWouldBeHeldShouldBeToldWithTheBounce() {
        publishTlsa(TestCa.selfSigned("another.example"));

        Run run = explain(DOMAIN, "--connect");

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).contains("because  [").contains("no TLSA record matched").contains("would be held and tried again: 451 4.7.5")
            .contains("bounced with: 550 5.7.5 given up after the last retry");
    }

    @Test
    void nobodyShouldBeConnectedToUnasked() {
        publishTlsa(identity);

        Run run = explain(DOMAIN);

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).contains("=> hosts would be connected to").doesNotContain("session");
        assertThat(internet.mailServer(HOST).connections()).isZero();
    }

    @Test
    void brokenSignatureShouldBeSeenWhereItIs() {
        publishTlsa(identity);
        tree.fault("_" + internet.smtpPort() + "._tcp." + HOST, SigningFault.EXPIRED);

        Run run = explain(DOMAIN, "--connect");

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).contains("bogus    TLSA").contains("demand   dnssec-invalid").contains("451 4.7.5");
        assertThat(internet.mailServer(HOST).connections()).isZero();
    }

    @Test
    void allHostsShouldBeSeenNotOnlyTheFirstThatDoes() throws IOException {
        publishTlsa(identity);
        internet.mx(DOMAIN, 20, SmtpServer.named("mx.plain.example").identity(identity));

        JsonNode json = new ObjectMapper().readTree(explain(DOMAIN, "--connect", "--json").out());

        assertThat(json.at("/hosts/0/demand").asText()).isEqualTo("dane");
        assertThat(json.at("/hosts/1/demand").asText()).isEqualTo("none");
        assertThat(json.at("/hosts/1/sessions/0/level").asText()).isEqualTo("unauthenticated");
        assertThat(json.at("/hosts/1/addresses").asText()).startsWith("insecure");
        assertThat(json.at("/outcome/action").asText()).isEqualTo("deliver");
        assertThat(json.at("/outcome/host").asText()).isEqualTo(HOST);
        assertThat(json.at("/lookUps").findValuesAsText("state")).contains("secure", "insecure");
    }

    @Test
    void serversOwnConfigurationShouldBeTaken() throws IOException {
        publishTlsa(TestCa.selfSigned("another.example"));
        Path conf = configured("<smtpPort>${env:NO_SUCH_VARIABLE:-%d}</smtpPort><dane>off</dane>".formatted(internet.smtpPort()));

        Run run = Run.of("explain", DOMAIN, "--connect", "--conf", conf.toString());

        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("no DANE: DANE is switched off").contains("demand   none").contains("would be delivered");
        assertThat(Run.of("explain", DOMAIN, "--conf", conf.toString(), "--connect", "--set", "dane=on").exitCode()).isEqualTo(1);
    }

    @Test
    void whatTheMailetRefusesShouldBeRefusedInItsWords() throws IOException {
        Path conf = configured("<smtpPrt>25</smtpPrt>");
        Run unknown = Run.of("explain", DOMAIN, "--conf", conf.toString());
        assertThat(unknown.exitCode()).isEqualTo(3);
        assertThat(unknown.err()).contains("SecureRemoteDelivery: unknown parameter 'smtpPrt' (value '25'); did you mean 'smtpPort'?");

        assertThat(Run.of("explain", DOMAIN, "--set", "deliveryThreads=5").err())
            .contains("'deliveryThreads' (value '5') is not supported");
        assertThat(explain(DOMAIN, "--set", "dane=perhaps").err())
            .contains("SecureRemoteDelivery: parameter 'dane' has the value 'perhaps'; allowed: on, off");
        assertThat(explain(DOMAIN, "--set", "mandatoryDane=not a name").err()).contains("'mandatoryDane' has the value 'not a name'");
        assertThat(explain(DOMAIN, "--set", "mail.smtp.localhost=me.example", "--set", "onMailetException=ignore").exitCode()).isZero();
    }

    @Test
    void gatewayShouldBeExplainedInPlaceOfMxHosts() throws IOException {
        internet.mx("relay.example", 10, SmtpServer.named("relay.example").identity(identity));
        Path conf = configured("<gateway>${env:NO_SUCH_VARIABLE:-relay.example}:%d</gateway>".formatted(internet.smtpPort()));

        Run run = Run.of("explain", "bob@" + DOMAIN, "--connect", "--conf", conf.toString());

        assertThat(run.err()).isEmpty();
        assertThat(run.out()).contains("gateway  relay.example:" + internet.smtpPort() + "; the hosts of good.example are not looked up")
            .contains("would be delivered to relay.example:").doesNotContain(HOST);
        assertThat(run.exitCode()).isZero();
    }

    @Test
    void settingsShouldBeThoseOfTheMailet() throws Exception {
        Path conf = configured("<smtpPort>2525</smtpPort><delayTime>5m, 2*1h</delayTime><mandatoryDane>a.example</mandatoryDane>")
            .toAbsolutePath();
        Files.writeString(conf.resolve("mailetcontainer.xml"), Files.readString(conf.resolve("mailetcontainer.xml"))
            .replaceAll("<trust(Store|Anchors|StorePassword)>.*?</trust\\1>", ""));
        MailetOptions options = new MailetOptions();
        new picocli.CommandLine(options).parseArgs("--conf", conf.toString());
        Map<String, String> xml = JamesConf.at(conf).mailet(SecureRemoteDelivery.NAME).parameters();
        FakeMailetConfig.Builder james = FakeMailetConfig.builder().mailetName(SecureRemoteDelivery.NAME);
        xml.forEach(james::setProperty);
        FakeMailetConfig config = james.build();

        defaultDomain("mail.sender.example");
        try (Outbound explain = options.open(Map.of())) {
            JamesServices services = new JamesServices(null, null, null, null, null, null) {
                @Override
                public String heloName() {
                    return "mail.sender.example";
                }

                @Override
                public Path locate(String location) {
                    return JamesConf.at(conf).locate(location);
                }
            };
            assertThat(OutboundSettings.of(jamestls.config.Parameters.of(SecureRemoteDelivery.NAME, config.getInitParameterNames(),
                config::getInitParameter, new StockNames(), services), services))
                .usingRecursiveComparison().ignoringFields("dns.anchors").isEqualTo(explain.settings());
        }
    }

    @Test
    void nameInEhloShouldBeTheDefaultDomainOfTheServer() throws IOException {
        Path conf = configured("<smtpPort>%d</smtpPort>".formatted(internet.smtpPort()));
        defaultDomain("mail.sender.example");

        Run run = Run.of("explain", DOMAIN, "--conf", conf.toString(), "--connect");

        assertThat(run.out()).contains("  EHLO     mail.sender.example: default domain of domainlist.xml\n");
        assertThat(internet.mailServer(HOST).transcript()).anyMatch(line -> line.contains("EHLO mail.sender.example"))
            .noneMatch(line -> line.contains("EHLO localhost"));
    }

    @Test
    void nameInEhloThatIsNotKnownShouldBeSaidToBeAssumed() throws IOException {
        Path conf = configured("<smtpPort>%d</smtpPort>".formatted(internet.smtpPort()));
        String machine = InetAddress.getLocalHost().getCanonicalHostName();

        assertThat(Run.of("explain", DOMAIN, "--conf", conf.toString()).out()).contains("  EHLO     " + machine + ": assumed");
        defaultDomain("localhost");
        assertThat(Run.of("explain", DOMAIN, "--conf", conf.toString()).out()).contains("  EHLO     " + machine + ": assumed");
        assertThat(explain(DOMAIN).out()).contains("  EHLO     localhost: assumed").contains("--set heloName=NAME");
        assertThat(explain(DOMAIN, "--set", "heloName=mail.other.example").out())
            .contains("  EHLO     mail.other.example: parameter heloName\n");
    }

    @Test
    void storeOfTheServerShouldBeReadAndNeverChanged() throws IOException {
        Path conf = configured("<smtpPort>%d</smtpPort>".formatted(internet.smtpPort()));
        Path file = Files.createDirectories(directory.resolve("var")).resolve("jamestls.sqlite");
        DatabaseAddress address = new DatabaseAddress.SqliteFile(file);
        internet.policy(DOMAIN, "version: STSv1\nmode: none\nmax_age: 86400\n");
        try (Database server = Database.open(address, List.of(SqlPolicyStore.TABLES, Rules.TABLES), Clock.systemUTC())) {
            Instant now = Instant.now();
            String text = "version: STSv1\nmode: testing\nmx: *.good.example\nmax_age: 86400\n";
            StsPolicy kept = ((ParsedPolicy.Valid) StsPolicy.parse(text.getBytes(StandardCharsets.US_ASCII))).policy();
            new SqlPolicyStore(server).save(new StoredPolicy(DomainName.of(DOMAIN), "1", kept,
                new StoredPolicy.Times(now, now, now, now.plusSeconds(3_600)), Optional.empty()));
            Rules.open(RuleSettings.none(), Optional.of(server), Clock.systemUTC())
                .allow(RuleGrammar.rule(DOMAIN + " encrypt", now), "alice");

            assertThat(Run.of("explain", DOMAIN, "--conf", conf.toString()).out()).contains("mode testing", "stored by this server")
                .contains("    rule     " + DOMAIN + " encrypt (by alice)", "demand   sts-testing+encrypt");
        }
        internet.dns(zone -> zone.remove("_mta-sts." + DOMAIN, "TXT"));
        assertThat(Run.of("explain", DOMAIN, "--conf", conf.toString()).out())
            .contains("; can't be refreshed: no TXT record at _mta-sts." + DOMAIN).doesNotContain("fetch-error");
        byte[] before = Files.readAllBytes(file);
        assertThat(Run.of("explain", DOMAIN, "--conf", conf.toString()).out()).contains("stored by this server");
        assertThat(Files.readAllBytes(file)).isEqualTo(before);

        try (Database newer = Database.open(address, List.of(new Migrations("sts", List.of(SqlPolicyStore.TABLES.steps().getFirst(),
                List.of("CREATE TABLE sts_more (x TEXT)")))), Clock.systemUTC())) {
            Run run = Run.of("explain", DOMAIN, "--conf", conf.toString());
            assertThat(run.err()).containsOnlyOnce("\n")
                .contains("the tables of 'sts' are of version 2, and this software knows version 1: use the newer software");
            assertThat(run.out()).isEmpty();
            assertThat(run.exitCode()).isEqualTo(3);
        }
    }

    @Test
    void configurationThatCanNotBeReadShouldBeSaid() throws IOException {
        Run none = Run.of("explain", DOMAIN, "--conf", directory.resolve("nowhere").toString());
        assertThat(none.exitCode()).isEqualTo(3);
        assertThat(none.err()).contains("mailetcontainer.xml");

        Files.writeString(directory.resolve("conf/mailetcontainer.xml"),
            "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>");
        assertThat(Run.of("explain", DOMAIN, "--conf", directory.resolve("conf").toString()).exitCode()).isEqualTo(3);
    }

    @Test
    void nameThatIsNoneShouldBeWrongUsage() {
        assertThat(explain("bob@-").exitCode()).isEqualTo(2);
    }

    @Test
    void noClassOfJamesShouldBeNeeded() throws Exception {
        publishTlsa(identity);

        StandAlone.Result result = StandAlone.run(arguments(DOMAIN, "--connect"));

        assertThat(result.err()).isEmpty();
        assertThat(result.out()).contains("=> would be delivered to mx.good.example");
    }

    private Path configured(String more) throws IOException {
        Path conf = directory.resolve("conf");
        Files.writeString(conf.resolve("mailetcontainer.xml"), """
            <mailetcontainer><processors><processor state="relay">
              <mailet match="All" class="jamestls.mtasts.SecureRemoteDelivery">
                <outgoing>outgoing</outgoing><policyPort>%d</policyPort>
                <allowPrivateAddresses>true</allowPrivateAddresses><trustAnchors>file://conf/root.ds</trustAnchors>
                <trustStore>file://conf/ca.p12</trustStore><trustStorePassword>secret</trustStorePassword>
                <dnsServers>127.0.0.1:%d</dnsServers>%s
              </mailet>
            </processor></processors></mailetcontainer>
            """.formatted(internet.policyPort(), internet.dnsAddress().getPort(), more));
        return conf;
    }

    private void defaultDomain(String name) throws IOException {
        Files.writeString(directory.resolve("conf/domainlist.xml"),
            "<domainlist><autodetect>false</autodetect><defaultDomain>" + name + "</defaultDomain></domainlist>");
    }

    private void publishTlsa(Identity of) {
        internet.dns(zone -> zone.tlsa("_" + internet.smtpPort() + "._tcp." + HOST, 3, 1, 1,
            Tlsa.of(3, 1, 1, of.chain().getFirst()).data()));
    }

    private Run explain(String recipient, String... more) {
        return Run.of(arguments(recipient, more).toArray(String[]::new));
    }

    private List<String> arguments(String recipient, String... more) {
        List<String> arguments = new ArrayList<>(List.of("explain", recipient, "--dns", "127.0.0.1:" + internet.dnsAddress().getPort(),
            "--port", Integer.toString(internet.policyPort()), "--smtp-port", Integer.toString(internet.smtpPort()), "--allow-private",
            "--trust-store", directory.resolve("conf/ca.p12").toString(), "--set", "trustStorePassword=secret",
            "--trust-anchors", directory.resolve("conf/root.ds").toString()));
        arguments.addAll(List.of(more));
        return arguments;
    }
}
