package jamestls.mtasts.cli;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.FakeInternet;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.mtasts.dane.Tlsa;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.mtasts.sts.StsRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code records}: what it prints is published in a zone and checked by {@code check}. */
class RecordsTest {

    private static final String DOMAIN = "good.example";
    private static final String HOST = "mx.good.example";

    private final DnsTree tree = DnsTree.over(new Zone()).signed(".", Signing.with(Signing.Algorithm.ECDSA))
        .signed("example", Signing.with(Signing.Algorithm.ECDSA)).signed(DOMAIN, Signing.with(Signing.Algorithm.ECDSA));
    private final FakeInternet internet = FakeInternet.start(tree);
    private final Identity identity = internet.ca().issue(HOST);
    private final Identity next = internet.ca().issue(HOST);

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
    void everythingToPublishShouldBePrinted() throws Exception {
        Path key = Files.writeString(directory.resolve("next.pem"), pem("CERTIFICATE", next.chain().getFirst().getEncoded()));

        Run run = records("--rua", "mailto:tls@good.example", "--address", "192.0.2.80", "--address", "2001:db8::80", "--next-key",
            key.toString());

        assertThat(run.err()).isEmpty();
        String policy = "version: STSv1\nmode: testing\nmx: mx.good.example\nmax_age: 604800\n";
        assertThat(run.out()).isEqualTo("""
            ; zone of good.example
            _mta-sts.good.example. 3600 IN TXT "v=STSv1; id=%s;"
            mta-sts.good.example. 3600 IN A 192.0.2.80
            mta-sts.good.example. 3600 IN AAAA 2001:db8:0:0:0:0:0:80
            _smtp._tls.good.example. 3600 IN TXT "v=TLSRPTv1; rua=mailto:tls@good.example"
            ; zone of mx.good.example; TLSA records count only where DNSSEC signs it
            _%d._tcp.mx.good.example. 3600 IN TLSA 3 1 1 %s
            _%d._tcp.mx.good.example. 3600 IN TLSA 3 1 1 %s

            ; policy file, served before the id in the record above changes: https://mta-sts.good.example/.well-known/mta-sts.txt
            %s""".formatted(StsRecord.idOf(parsed(policy)), internet.smtpPort(), digest(identity), internet.smtpPort(), digest(next),
            policy));
        assertThat(run.exitCode()).isZero();
    }

    @Test
    void whatIsPrintedShouldBeInOrderOncePublished() {
        Run run = records("--mode", "enforce", "--rua", "mailto:tls@good.example", "--address", "127.0.0.1");
        String policy = run.out().substring(run.out().indexOf("version: "));
        internet.policy(DOMAIN, policy);
        internet.dns(zone -> zone.remove("_mta-sts.good.example"));
        Matcher txt = Pattern.compile("(?m)^(\\S+)\\. 3600 IN TXT \"(.*)\"$").matcher(run.out());
        while (txt.find()) {
            internet.dns(zone -> zone.txt(txt.group(1), txt.group(2)));
        }
        Matcher tlsa = Pattern.compile("(?m)^(\\S+)\\. 3600 IN TLSA 3 1 1 (\\S+)$").matcher(run.out());
        assertThat(tlsa.find()).isTrue();
        internet.dns(zone -> zone.tlsa(tlsa.group(1), 3, 1, 1, HexFormat.of().parseHex(tlsa.group(2))));

        Run check = Run.of(arguments("check", List.of()).toArray(String[]::new));

        assertThat(check.out()).contains("ok       mx.good.example: TLSv1.3").contains("DANE, 1 TLSA records").doesNotContain("->");
        assertThat(check.exitCode()).isZero();
        // and asked again, it says the same
        assertThat(records().out()).isEqualTo(run.out().replace("; TLSA records count only where DNSSEC signs it", ""));
    }

    @Test
    void policyAloneShouldBeReadByLint() throws IOException {
        Run run = records("--policy", "--mx", "*.Good.example", "--mx", "mail.plain.example", "--max-age", "86400");

        assertThat(run.out()).isEqualTo("version: STSv1\nmode: testing\nmx: *.good.example\nmx: mail.plain.example\nmax_age: 86400\n");
        Path file = Files.writeString(directory.resolve("mta-sts.txt"), run.out());
        assertThat(Run.of("lint", file.toString()).exitCode()).isZero();
    }

    @Test
    void whatIsMissingShouldBeSaidAsCommentsWithTheOption() {
        internet.mx(DOMAIN, 20, SmtpServer.named("clear.good.example"));

        Run run = records();

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).contains("; mta-sts.good.example has no address: name the one of your web server",
            "; nobody will report failures: say where reports go, such as --rua mailto:tls-reports@good.example",
            "; the present key of clear.good.example is not known: no TLS");
    }

    @Test
    void keysThatSignReportsShouldBePublishedForThem() throws Exception {
        KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
        rsa.initialize(2048);
        KeyPair key = rsa.generateKeyPair();
        Files.writeString(directory.resolve("conf/dkim.pem"), pem("PRIVATE KEY", key.getPrivate().getEncoded()));
        Files.writeString(directory.resolve("conf/mailetcontainer.xml"), """
            <?xml version="1.0"?>
            <mailetcontainer><processors><processor state="relay">
              <mailet match="All" class="DKIMSign">
                <signatureTemplate>v=1; s=sel; d=good.example; h=from; a=rsa-sha256; bh=; b=;</signatureTemplate>
                <privateKeyFilepath>file://conf/dkim.pem</privateKeyFilepath>
              </mailet>
              <mailet match="All" class="jamestls.mtasts.SecureRemoteDelivery"><outgoing>outgoing</outgoing></mailet>
            </processor></processors></mailetcontainer>
            """);

        Run run = records("--conf", directory.resolve("conf").toString());

        assertThat(run.err()).isEmpty();
        Matcher line = Pattern.compile("(?m)^sel\\._domainkey\\.good\\.example\\. 3600 IN TXT \\( (.*) \\)$").matcher(run.out());
        assertThat(line.find()).isTrue();
        List<String> strings = new ArrayList<>();
        Pattern.compile("\"([^\"]*)\"").matcher(line.group(1)).results().forEach(string -> strings.add(string.group(1)));
        assertThat(strings).allMatch(string -> string.length() <= 255);
        assertThat(String.join("", strings)).isEqualTo("v=DKIM1; k=rsa; s=email:tlsrpt; p="
            + Base64.getEncoder().encodeToString(key.getPublic().getEncoded()));
    }

    @Test
    void wrongUsageShouldSayWhatIsAllowed() {
        assertThat(records("--mode", "on").err()).contains("--mode on: testing, enforce or none");
        assertThat(records("--max-age", "31557601").err()).contains("--max-age 31557601: 0 to 31557600");
        assertThat(records("--mx", "192.0.2.1").err()).contains("--mx 192.0.2.1: a host name, or *. and a domain");
        assertThat(records("--rua", "tls@good.example").err()).contains("--rua tls@good.example: mailto or https URIs");
        assertThat(records("--address", "here").err()).contains("--address here: an IP address");
        assertThat(records("--next-key", directory.resolve("none").toString()).exitCode()).isEqualTo(3);
    }

    @Test
    void privateKeysWhosePublicHalfIsNotInThemShouldBeRefusedWithTheCommand() throws IOException {
        Path key = Files.writeString(directory.resolve("ec.pem"), pem("PRIVATE KEY", TestCa.selfSigned(HOST).key().getEncoded()));

        Run run = records("--rua", "mailto:tls@good.example", "--next-key", key.toString());

        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("give the public half of this key: 'openssl pkey -in FILE -pubout' writes it");
    }

    private static String pem(String label, byte[] der) {
        return "-----BEGIN " + label + "-----\n" + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + label
            + "-----\n";
    }

    private static String digest(Identity identity) {
        return HexFormat.of().formatHex(Tlsa.of(3, 1, 1, identity.chain().getFirst()).data());
    }

    private static StsPolicy parsed(String policy) {
        return ((ParsedPolicy.Valid) StsPolicy.parse(policy.getBytes(StandardCharsets.US_ASCII))).policy();
    }

    private Run records(String... more) {
        return Run.of(arguments("records", List.of(more)).toArray(String[]::new));
    }

    private List<String> arguments(String command, List<String> more) {
        List<String> arguments = new ArrayList<>(List.of(command, DOMAIN, "--dns", "127.0.0.1:" + internet.dnsAddress().getPort(), "--port",
            Integer.toString(internet.policyPort()), "--smtp-port", Integer.toString(internet.smtpPort()), "--allow-private",
            "--trust-store", directory.resolve("conf/ca.p12").toString(), "--set", "trustStorePassword=secret",
            "--trust-anchors", directory.resolve("conf/root.ds").toString()));
        arguments.addAll(more);
        return arguments;
    }
}
