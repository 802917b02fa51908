package jamestls.mtasts.cli;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.TestCa;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LookupTest {

    private static final TestCa CA = TestCa.create("Policy Root");
    private static final String HOST = "mta-sts.user.example";
    private static final String POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mail.user.example\r\nmax_age: 86400\r\n";

    private final DnsServer dns = DnsServer.start();
    private final PolicyHost host = PolicyHost.start();

    @TempDir
    private Path directory;

    @BeforeEach
    void publish() throws IOException, GeneralSecurityException {
        dns.zone().txt("_mta-sts.user.example", "v=STSv1; id=1").a(HOST, "127.0.0.1").mx("user.example", 10, "mail.user.example");
        host.serve(HOST, CA.issue(HOST), HttpAnswer.policy(POLICY));
        CA.saveTrustStore(directory.resolve("ca.p12"));
    }

    @AfterEach
    void close() {
        host.close();
        dns.close();
    }

    private List<String> arguments(String... more) {
        List<String> arguments = new ArrayList<>(List.of("lookup", "user.example", "--dns", "127.0.0.1:" + dns.address().getPort(),
            "--port", Integer.toString(host.port()), "--allow-private", "--trust-store", directory.resolve("ca.p12").toString(),
            "--trust-store-password", "secret"));
        arguments.addAll(List.of(more));
        return arguments;
    }

    private Run lookup(String... more) {
        return Run.of(arguments(more).toArray(String[]::new));
    }

    @Test
    void everyStepShouldBeShown() {
        Run run = lookup();

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.outWithoutTimes()).isEqualToNormalizingNewlines("""
            user.example
              record   v=STSv1; id=1 (N ms)
              policy   mode enforce, max_age 86400 (1 day), mx mail.user.example (N ms)
              mx       mail.user.example: matches
              verdict  mail is sent to these hosts only, with a verified certificate
            """);
    }

    @Test
    void jsonShouldSayTheSame() {
        Run run = lookup("--json", "--mx", "mail.user.example", "--mx", "old.user.example");

        assertThat(run.outWithoutTimes()).isEqualToNormalizingNewlines("""
            {
              "domain": "user.example",
              "verdict": "hosts that do not match get no mail",
              "record": {
                "ms": N,
                "texts": [
                  "v=STSv1; id=1"
                ],
                "id": "1",
                "problems": []
              },
              "policy": {
                "ms": N,
                "mode": "enforce",
                "maxAge": 86400,
                "mx": [
                  "mail.user.example"
                ]
              },
              "mx": [
                {
                  "host": "mail.user.example",
                  "matches": true
                },
                {
                  "host": "old.user.example",
                  "matches": false
                }
              ]
            }
            """);
    }

    @Test
    void hostThatDoesNotMatchShouldBeAProblem() {
        dns.zone().mx("user.example", 20, "backup.user.example");
        Run run = lookup();

        assertThat(run.exitCode()).isOne();
        assertThat(run.out()).contains("backup.user.example: does not match", "hosts that do not match get no mail");
    }

    @Test
    void fetchThatFailsShouldBeAProblemNamedAsReportsNameIt() {
        host.serve(HOST, CA.issue("other.example"), HttpAnswer.policy(POLICY));
        Run certificate = lookup();
        assertThat(certificate.exitCode()).isOne();
        assertThat(certificate.out()).contains("sts-webpki-invalid", "no usable policy");

        host.serve(HOST, CA.issue(HOST), HttpAnswer.policy("version: STSv1\n"));
        assertThat(lookup("--json").out()).contains("\"resultType\": \"sts-policy-invalid\"", "\"reason\": \"no mode\"");
    }

    @Test
    void recordThatIsInvalidShouldBeAProblemWithARemedy() {
        dns.zone().remove("_mta-sts.user.example").txt("_mta-sts.user.example", "v=STSv1; id=not-valid");
        Run run = lookup();

        assertThat(run.exitCode()).isOne();
        assertThat(run.out()).contains("id is not 1 to 32 letters and digits -> no hyphens");
        assertThat(host.requests()).isEmpty();
    }

    @Test
    void domainWithoutMtaStsShouldBeSaidToHaveNone() {
        dns.zone().remove("_mta-sts.user.example");
        Run run = lookup();
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.out()).contains("none at _mta-sts.user.example", "no MTA-STS");

        dns.zone().txt("_mta-sts.user.example", "v=spf1 -all");
        assertThat(lookup().exitCode()).isEqualTo(4);
    }

    @Test
    void dnsThatDoesNotAnswerShouldBeUnknown() {
        dns.faults().set("_mta-sts.user.example", DnsFault.SERVFAIL);
        Run run = lookup();

        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.out()).contains("record   DNS look-up failed: TXT of _mta-sts.user.example: ");
        assertThat(lookup("--json").out()).contains("\"trouble\": \"DNS look-up failed: ");
    }

    @Test
    void domainThatDoesNotExistShouldBeSaidSo() {
        Run run = Run.of("lookup", "nowhere.example", "--dns", "127.0.0.1:" + dns.address().getPort());

        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.out()).contains("mx       the domain does not exist or does not accept mail");
    }

    @Test
    void optionThatMakesNoSenseShouldBeWrongUsage() {
        assertThat(Run.of("lookup", "192.0.2.1").exitCode()).isEqualTo(2);
        assertThat(Run.of("lookup", "no domain").exitCode()).isEqualTo(2);
        assertThat(Run.of("lookup", "user.example", "--dns", "ns.example").err()).contains("--dns");
        assertThat(lookup("--trust-store-password", "wrong").exitCode()).isEqualTo(2);
        assertThat(Run.of("lookup", "user.example", "--port", "0", "--dns", "127.0.0.1").err()).contains(
            "--port has the value '0'; allowed: a whole number from 1 to 65535");
    }

    @Test
    void resolverThatRefusesConnectionsShouldBeSaidInWords() throws IOException {
        int closed;
        try (DatagramSocket free = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            closed = free.getLocalPort();
        }

        Run run = Run.of("lookup", "user.example", "--dns", "127.0.0.1:" + closed);

        assertThat(run.out())
            .contains("DNS look-up failed: TXT of _mta-sts.user.example: resolver 127.0.0.1 port " + closed + ": connection refused")
            .contains("mx       DNS look-up failed: MX of user.example: resolver 127.0.0.1 port ").doesNotContain("null");
        assertThat(run.exitCode()).isEqualTo(3);
    }

    @Test
    @Tag("slow")
    void commandShouldRunWithoutJamesAndSayNothingOfItsLogs() throws IOException, InterruptedException {
        StandAlone.Result result = StandAlone.run(arguments());

        assertThat(result.err()).isEmpty();
        assertThat(result.out()).contains("mail is sent to these hosts only");
        assertThat(result.exitCode()).isZero();
        assertThat(StandAlone.run(List.of("lint", "--txt", "v=STSv1; id=1")).exitCode()).isZero();
    }
}
