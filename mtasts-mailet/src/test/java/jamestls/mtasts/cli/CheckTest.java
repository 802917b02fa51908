package jamestls.mtasts.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.SigningFault;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.mtasts.check.OwnDomainStore;
import jamestls.mtasts.dane.Tlsa;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code check} against signed zones, a policy host and mail servers. */
class CheckTest {

    private static final String DOMAIN = "good.example";
    private static final String HOST = "mx.good.example";
    private static final String POLICY = "version: STSv1\nmode: enforce\nmx: mx.good.example\nmax_age: 604800\n";

    private final DnsTree tree = DnsTree.over(new Zone()).signed(".", Signing.with(Signing.Algorithm.ECDSA))
        .signed("example", Signing.with(Signing.Algorithm.ECDSA)).signed(DOMAIN, Signing.with(Signing.Algorithm.ED25519))
        .unsigned("plain.example");
    private final FakeInternet internet = FakeInternet.start(tree);
    private final Identity identity = internet.ca().issue(HOST);

    @TempDir
    private Path directory;

    @BeforeEach
    void publish() throws IOException, GeneralSecurityException {
        Files.createDirectories(directory.resolve("conf"));
        Files.write(directory.resolve("conf/root.ds"), tree.trustAnchorBytes());
        internet.ca().saveTrustStore(directory.resolve("conf/ca.p12"));
        internet.mx(DOMAIN, 10, SmtpServer.named(HOST).identity(identity)).policy(DOMAIN, POLICY)
            .dns(zone -> zone.txt("_smtp._tls.good.example", "v=TLSRPTv1; rua=mailto:tls@good.example"));
    }

    @AfterEach
    void close() {
        internet.close();
    }

    @Test
    void domainInOrderShouldBeSaidToBeSoOnOneScreen() {
        publishTlsa(HOST, identity);

        Run run = check(DOMAIN);

        assertThat(run.err()).isEmpty();
        assertThat(run.out()).startsWith("good.example\n").doesNotContain("problem ", "unknown ", "->")
            .contains("  ok       record: id 1\n", "  ok       policy: mode enforce, max_age 604800\n",
                "  ok       mx.good.example: TLSv1.3, certificate valid for another 363 days, listed, DANE, 1 TLSA records\n",
                "  ok       reports: mailto:tls@good.example takes reports (250 ");
        assertThat(run.exitCode()).isZero();
        assertThat(internet.mailServer(HOST).mails()).isEmpty();
        assertThat(internet.mailServer(HOST).transcript()).anyMatch(line -> line.startsWith("C: RCPT TO:<tls@good.example>"))
            .anyMatch(line -> line.startsWith("C: RSET")).noneMatch(line -> line.startsWith("C: DATA"));
    }

    @Test
    void problemsShouldComeFirstEachWithItsRemedy() {
        internet.mx(DOMAIN, 20, SmtpServer.named("clear.good.example"))
            .mx(DOMAIN, 30, SmtpServer.named("old.good.example").identity(internet.ca().issueExpired("old.good.example")))
            .mx(DOMAIN, 40, SmtpServer.named("soon.good.example").identity(
                internet.ca().issueUntil(Instant.now().plus(Duration.ofHours(73)), "soon.good.example")))
            .policy(DOMAIN, "version: STSv1\nmode: testing\nmx: *.good.example\nmx: gone.example\nmax_age: 3600\n");

        Run run = check(DOMAIN);

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).contains("  problem  clear.good.example: offers no TLS [",
            "    -> let it offer STARTTLS", "  problem  old.good.example: its certificate would not do [", "certificate-expired (expired ",
            "  problem  soon.good.example: its certificate [", "] expires in 3 days, at ", "    -> renew it now",
            "  advice   policy: mx gone.example matches none of the mail hosts", "  advice   policy: max_age of 3600 seconds is short",
            "  advice   policy: in mode testing failures are reported");
        assertThat(run.out().indexOf("advice")).isGreaterThan(run.out().lastIndexOf("problem"));
        assertThat(check(DOMAIN, "--warn-days", "2").out()).doesNotContain("expires in 3 days");
    }

    @Test
    void hostOutsideOfThePolicyShouldBeLookedAtAllTheSame() {
        internet.mx(DOMAIN, 20, SmtpServer.named("mx.plain.example").identity(TestCa.selfSigned("mx.plain.example")));

        Run run = check(DOMAIN);

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).contains("mx.plain.example: is not in the policy, so strict senders give it no mail",
            "mx.plain.example: its certificate would not do [", "self-signed certificate");
    }

    @Test
    void tlsaRecordsThatDoNotMatchShouldBeAProblemAndNameTheOneToPublish() {
        publishTlsa(HOST, TestCa.selfSigned("another.example"));

        Run run = check(DOMAIN);

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).contains("mx.good.example: fails DANE [", "no TLSA record matched",
            "-> publish 3 1 1 " + Tlsa.of(3, 1, 1, identity.chain().getFirst()).toString().replaceFirst("^3 1 1 ", ""));
    }

    @Test
    void bogusTlsaRecordsShouldBeAProblem() {
        publishTlsa(HOST, identity);
        tree.fault("_" + internet.smtpPort() + "._tcp." + HOST, SigningFault.EXPIRED);

        assertThat(check(DOMAIN).out()).contains("  problem  mx.good.example: senders that use DANE do not connect to it: dnssec-invalid");
    }

    @Test
    void policyThatCanNotBeFetchedShouldBeToldWithWhatIsExpected() {
        internet.policyHost().answer("mta-sts.good.example", HttpAnswer.status(404, "no"));
        assertThat(check(DOMAIN).out()).contains("  problem  policy: senders can't use the policy: sts-policy-fetch-error (HTTP 404)",
            "    -> answer https://mta-sts.good.example/.well-known/mta-sts.txt with 200, text/plain and no redirect");

        internet.policyHost().answer("mta-sts.good.example", HttpAnswer.policy("version: STSv1\nmode: on\n"));
        assertThat(check(DOMAIN).out()).contains("sts-policy-invalid (line 2: ");

        internet.policyHost().serve("mta-sts.good.example", internet.ca().issue("www.good.example"), HttpAnswer.policy(POLICY));
        assertThat(check(DOMAIN).out()).contains("sts-webpki-invalid", "give mta-sts.good.example a certificate for that name");

        internet.policyHost().serve("mta-sts.good.example",
            internet.ca().issueUntil(Instant.now().plus(Duration.ofHours(25)), "mta-sts.good.example"), HttpAnswer.policy(POLICY));
        assertThat(check(DOMAIN).out()).contains("  problem  policy: the policy host's certificate expires in 1 day, at ");
    }

    @Test
    void idThatWasMadeForAnotherContentShouldBeSeen() {
        internet.dns(zone -> zone.remove("_mta-sts.good.example")
            .txt("_mta-sts.good.example", "v=STSv1; id=sha0123456789abcdef0123456789abc;"));

        assertThat(check(DOMAIN).out()).contains("  problem  record: the id was made for another content of the policy",
            "    -> publish v=STSv1; id=sha");
    }

    @Test
    void reportAddressThatRefusesShouldBeAProblemAndOneThatDefersShouldNot() {
        internet.mailServer(HOST).reply(SmtpPhase.RCPT, "550 5.1.1 nobody here");
        assertThat(check(DOMAIN).out()).contains("  problem  reports: mailto:tls@good.example takes no reports: 550 5.1.1 nobody here",
            "    -> make the mailbox");

        internet.mailServer(HOST).reply(SmtpPhase.RCPT, "451 4.7.1 \u001b[2Jcome back later");
        Run run = check(DOMAIN);
        assertThat(run.out()).contains("  unknown  reports: whether mailto:tls@good.example takes reports is not known: 451 4.7.1")
            .doesNotContain("\u001b");
        assertThat(run.exitCode()).isEqualTo(3);
    }

    @Test
    void reportsOverHttpsShouldBeAnsweredBySomebody() {
        internet.policyHost().serve("in.good.example", internet.ca().issue("in.good.example"), HttpAnswer.status(405, ""));
        internet.dns(zone -> zone.a("in.good.example", "127.0.0.1").remove("_smtp._tls.good.example").txt("_smtp._tls.good.example",
            "v=TLSRPTv1; rua=https://in.good.example:" + internet.policyPort() + "/tls,https://nowhere.good.example/,ftp://x.example/"));

        Run run = check(DOMAIN);

        assertThat(run.out()).contains(
            "ok       reports: https://in.good.example:" + internet.policyPort() + "/tls takes reports (HTTP 404)",
            "unknown  reports: whether https://nowhere.good.example/ takes reports", "problem  reports: ftp://x.example/ takes no reports");
    }

    @Test
    void hostThatCanNotBeReachedShouldBeAProblemOnlyWhereAnotherCan() {
        internet.policy(DOMAIN, POLICY.replace("mx.good", "*.good"))
            .dns(zone -> zone.mx(DOMAIN, 20, "down.good.example").a("down.good.example", "127.0.0.253"));
        Run one = check(DOMAIN);
        assertThat(one.out()).contains("  problem  down.good.example: does not take mail at [127.0.0.253]: ");
        assertThat(one.exitCode()).isEqualTo(1);

        internet.mailServer(HOST).close();
        Run all = check(DOMAIN);
        assertThat(all.out()).contains("  unknown  mx.good.example: could not be reached [",
            "    -> if your network does not let port 25 out");
        assertThat(all.exitCode()).isEqualTo(3);
    }

    @Test
    void privateAddressesShouldNotBeConnectedToUnlessAllowed() {
        List<String> arguments = arguments("check", DOMAIN);
        arguments.remove("--allow-private");

        Run run = Run.of(arguments.toArray(String[]::new));

        assertThat(run.out()).contains("mx.good.example: has no address that can be reached from outside", "is not public: loopback");
        assertThat(internet.mailServer(HOST).connections()).isZero();
        assertThat(internet.policyHost().connections()).isZero();
    }

    @Test
    void domainWithoutAnythingShouldHaveItsOwnExitCode() {
        internet.mx("plain.example", 10, SmtpServer.named("mx.plain.example").identity(TestCa.selfSigned("mx.plain.example")));

        Run run = check("plain.example");

        assertThat(run.out()).contains("  advice   record: there is no MTA-STS record at _mta-sts.plain.example",
            "    -> 'records plain.example' prints what to publish", "  advice   reports: there is no TLSRPT record");
        assertThat(run.exitCode()).isEqualTo(4);
    }

    @Test
    void domainThatTakesNoMailShouldBeInOrder() {
        internet.dns(zone -> zone.mx("null.example", 0, "."));

        Run run = check("null.example");

        assertThat(run.out()).contains("  ok       mx: null.example does not accept mail (null MX)").doesNotContain("problem");
        assertThat(run.exitCode()).isEqualTo(4);
    }

    @Test
    void manyDomainsShouldBeCheckedInOneGo() throws IOException {
        internet.mx("plain.example", 10, SmtpServer.named("mx.plain.example").identity(TestCa.selfSigned("mx.plain.example")));
        Path file = Files.writeString(directory.resolve("domains"),
            "# ours\ngood.example\nplain.example # no policy yet\n\nnone.example\n");

        Run run = check("--file", file.toString(), "--json");

        JsonNode json = new ObjectMapper().readTree(run.out());
        assertThat(json.at("/domains")).extracting(each -> each.get("domain").asText())
            .containsExactly("good.example", "plain.example", "none.example");
        assertThat(json.at("/domains/0/publishes").asBoolean()).isTrue();
        assertThat(json.at("/domains/1/findings/0").fieldNames()).toIterable()
            .containsExactly("severity", "code", "subject", "text", "remedy");
        // this process has no terminal
        assertThat(run.err()).isEmpty();
    }

    @Test
    void domainsOfTheServerShouldBeTakenFromItsConfiguration() throws IOException {
        Files.writeString(directory.resolve("conf/mailetcontainer.xml"), """
            <mailetcontainer><processors><processor state="relay">
              <mailet match="All" class="jamestls.mtasts.SecureRemoteDelivery">
                <outgoing>outgoing</outgoing><ownDomains>good.example</ownDomains><warnDays>90</warnDays>
              </mailet>
            </processor></processors></mailetcontainer>
            """);

        Run run = check("--conf", directory.resolve("conf").toString());

        assertThat(run.err()).isEmpty();
        assertThat(run.out()).startsWith("good.example\n").doesNotContain("the id has not");

        Path file = Files.createDirectories(directory.resolve("var")).resolve("jamestls.sqlite");
        try (Database database = Database.open(new DatabaseAddress.SqliteFile(file), List.of(OwnDomainStore.TABLES), Clock.systemUTC())) {
            database.transaction(connection -> {
                try (Statement statement = connection.createStatement()) {
                    return statement.executeUpdate("INSERT INTO own_item (domain, part, host, text, since) VALUES "
                        + "('good.example', 'id', '', '1', 0), ('good.example', 'policy', '', 'another one', 0)");
                }
            });
        }
        assertThat(check("--conf", directory.resolve("conf").toString()).out())
            .contains("problem  record: the policy has changed and the id has not");
    }

    @Test
    void wrongUsageShouldSayWhatIsExpected() {
        assertThat(check().exitCode()).isEqualTo(2);
        assertThat(check().err()).contains("name a domain, a --file, or with --conf a server with the parameter ownDomains");
        assertThat(check("no domain").err()).contains("'no domain' is not a domain name");
        assertThat(check(DOMAIN, "--warn-days", "0").err()).contains("--warn-days 0: 1 to 90");
    }

    @Test
    void noClassOfJamesShouldBeNeeded() throws Exception {
        StandAlone.Result result = StandAlone.run(arguments("check", DOMAIN));

        assertThat(result.err()).isEmpty();
        assertThat(result.out()).contains("  ok       policy: mode enforce");
    }

    private void publishTlsa(String host, Identity of) {
        internet.dns(zone -> zone.tlsa("_" + internet.smtpPort() + "._tcp." + host, 3, 1, 1,
            Tlsa.of(3, 1, 1, of.chain().getFirst()).data()));
    }

    private Run check(String... more) {
        return Run.of(arguments("check", more).toArray(String[]::new));
    }

    private List<String> arguments(String command, String... more) {
        List<String> arguments = new ArrayList<>(List.of(command));
        arguments.addAll(List.of(more));
        arguments.addAll(List.of("--dns", "127.0.0.1:" + internet.dnsAddress().getPort(), "--port",
            Integer.toString(internet.policyPort()), "--smtp-port", Integer.toString(internet.smtpPort()), "--allow-private",
            "--trust-store", directory.resolve("conf/ca.p12").toString(), "--set", "trustStorePassword=secret",
            "--trust-anchors", directory.resolve("conf/root.ds").toString()));
        return arguments;
    }
}
