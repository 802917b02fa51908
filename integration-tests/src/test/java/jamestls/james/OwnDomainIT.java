package jamestls.james;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.ServerPorts;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A real server that serves its domain's policy itself, and checks that domain daily. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OwnDomainIT {

    private static final Path DIRECTORY = Path.of("target", "own-domain", "james").toAbsolutePath();
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final String POLICY = "version: STSv1\nmode: enforce\nmx: mx.own.example\nmax_age: 604800\n";

    private final TestCa ca = TestCa.create("Fake Internet Authority");
    private final int port = ServerPorts.free();
    private DnsServer dns;
    private SmtpServer mx;
    private SmtpServer clear;
    private JamesProcess james;

    @BeforeAll
    void boot() {
        ServerDirectory.delete(DIRECTORY);
        mx = SmtpServer.named("mx.own.example").on("127.0.0.42").identity(ca.issue("mx.own.example")).start();
        clear = SmtpServer.named("mx.clear.example").on("127.0.0.43").port(mx.port()).start();
        dns = DnsServer.start(new Zone().mx("own.example", 10, "mx.own.example").a("mx.own.example", "127.0.0.42")
            .txt("_mta-sts.own.example", "v=STSv1; id=1;").a("mta-sts.own.example", "127.0.0.1")
            .txt("_smtp._tls.own.example", "v=TLSRPTv1; rua=mailto:tls@own.example")
            .mx("clear.example", 10, "mx.clear.example").a("mx.clear.example", "127.0.0.43"));
        james = JamesProcess.start(JamesHome.configured(), DIRECTORY, new ServerEnvironment(dns.address(), mx.port(), port,
            ca.trustStore()), DkimKey.generate(), this::adapt);
    }

    @AfterAll
    void stop() {
        if (james != null) {
            james.kill();
        }
        mx.close();
        clear.close();
        dns.close();
    }

    @Test
    void policyShouldBeServedAndProblemsOfOwnDomainsDegradeHealth() {
        Path conf = DIRECTORY.resolve("conf");

        PackagedCommand.Result check = PackagedCommand.run("check", "own.example", "--conf", conf.toString());
        assertThat(check.out()).contains("ok       policy: mode enforce, max_age 604800", "ok       mx.own.example: TLSv1.3",
            "ok       reports: mailto:tls@own.example takes reports");
        assertThat(check.exitCode()).isZero();

        WebAdmin admin = new WebAdmin(james);
        Awaitility.await("daily check").atMost(PATIENCE).untilAsserted(() ->
            assertThat(admin.get("/healthcheck/checks/SecureRemoteDelivery"))
                .contains("degraded", "clear.example: mx.clear.example: offers no TLS").doesNotContain("own.example: "));
        assertThat(admin.get("/metrics")).containsPattern("\nmtastsOwnDomainProblems 1");
        assertThat(james.log()).anyMatch(line -> line.contains("Own domain clear.example: problem: mx.clear.example: offers no TLS"));

        james.close();
        // James honours @PreDestroy of a startable
        assertThat(james.log()).anyMatch(line -> line.contains("The policy host has stopped"));
    }

    private void adapt(Path conf) throws IOException {
        Path xml = conf.resolve("mailetcontainer.xml");
        Files.writeString(xml, Files.readString(xml).replace("class=\"jamestls.mtasts.SecureRemoteDelivery\">",
            "class=\"jamestls.mtasts.SecureRemoteDelivery\"><ownDomains>own.example, clear.example</ownDomains>"));
        Files.writeString(conf.resolve("extensions.properties"), "\nguice.extension.startable=jamestls.mtasts.publish.PolicyHost\n",
            StandardOpenOption.APPEND);
        Files.writeString(conf.resolve("mtasts-policy-host.properties"), "enabled=true\naddress=127.0.0.1\nport=" + port
            + "\ndomains=own.example\nkeystore=file://conf/mta-sts.p12\nkeystorePassword=secret\n");
        Files.createDirectories(conf.resolve("mta-sts"));
        Files.writeString(conf.resolve("mta-sts/own.example.txt"), POLICY);
        Identity identity = ca.issue("mta-sts.own.example");
        try (OutputStream out = Files.newOutputStream(conf.resolve("mta-sts.p12"))) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("own", identity.key(), "secret".toCharArray(), identity.chain().toArray(Certificate[]::new));
            store.store(out, "secret".toCharArray());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
