package jamestls.james;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A mail that waits, on a real server: DSNBounce tells its sender, the commands of the packaged jar see it and let it go. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HeldMailIT {

    private static final Path DIRECTORY = Path.of("target", "held-mail", "james").toAbsolutePath();
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern KEY = Pattern.compile("\"([^\"]+)\"");

    private final JamesHome home = JamesHome.configured();
    private DnsServer dns;
    private SmtpServer mx;
    private PolicyHost policies;
    private JamesProcess james;
    private WebAdmin admin;

    @BeforeAll
    void boot() {
        ServerDirectory.delete(DIRECTORY);
        TestCa ca = TestCa.create("Fake Internet Authority");
        mx = SmtpServer.named("mx.far.example").on("127.0.0.41").identity(ca.issue("mx.far.example")).start()
            .replyTo("busy@far.example", "450 4.2.1 <busy@far.example> is busy");
        policies = PolicyHost.start();
        dns = DnsServer.start(new Zone().mx("far.example", 10, "mx.far.example").a("mx.far.example", "127.0.0.41"));
        james = JamesProcess.start(home, DIRECTORY, new ServerEnvironment(dns.address(), mx.port(), policies.port(), ca.trustStore()),
            DkimKey.generate(), HeldMailIT::adapt);
        admin = new WebAdmin(james);
        admin.addUser(Account.ALICE);
    }

    @AfterAll
    void stop() {
        if (james != null) {
            james.kill();
        }
        mx.close();
        policies.close();
        dns.close();
    }

    @Test
    void senderShouldBeToldOfADelayAndTheMailBeSeenAndLetGoByCommand() throws Exception {
        new Submission(james, Account.ALICE).send("busy@far.example", "to the busy", "Not for administrators.");

        String notice = Awaitility.await("notice of delay").atMost(PATIENCE).until(this::notice, Optional::isPresent).orElseThrow();
        assertThat(notice).contains("Your message has not been delivered yet", "Delayed recipient(s):", "busy@far.example",
                "is tried again until", "You need not send it again")
            .doesNotContain("permanent error", "Not for administrators.", "delivery-error", "jamestls.");

        PackagedCommand.Result held = PackagedCommand.run("held", "--conf", DIRECTORY.resolve("conf").toString());
        assertThat(held.exitCode()).isEqualTo(1);
        assertThat(held.out()).contains("far.example  1 mail, reply, since ", "said: 450 4.2.1 <address> is busy", "-> ")
            .doesNotContain("busy@", "to the busy");
        assertThat(admin.get("/metrics")).containsPattern("\nmtastsHeldReply(_total)? 1");

        mx.replyTo("busy@far.example", "250 2.1.5 fine");
        assertThat(PackagedCommand.run("retry", "far.example", "--conf", DIRECTORY.resolve("conf").toString()).exitCode()).isZero();

        assertThat(mx.awaitMails(1, PATIENCE)).hasSize(1);
        Awaitility.await().atMost(PATIENCE).until(() ->
            PackagedCommand.run("held", "--conf", DIRECTORY.resolve("conf").toString()).exitCode() == 0);
    }

    /** The notice with its attributes, as webadmin shows it. */
    private Optional<String> notice() {
        return KEY.matcher(admin.get("/mailRepositories/var%2Fmail%2Fnotices/mails")).results().map(match -> match.group(1)).findFirst()
            .map(key -> admin.get("/mailRepositories/var%2Fmail%2Fnotices/mails/" + key
                + "?additionalFields=attributes,textBody"));
    }

    private static void adapt(Path conf) throws IOException {
        Path file = conf.resolve("mailetcontainer.xml");
        String xml = Files.readString(file);
        String adapted = xml.replaceFirst("<delayTime>[^<]*</delayTime>", "<delayTime>2s, 1h</delayTime>")
            .replaceFirst("<maxRetries>[^<]*</maxRetries>", "<maxRetries>2</maxRetries>")
            .replaceFirst("<delayNotice>[^<]*</delayNotice>", "<delayNotice>1s</delayNotice>")
            .replaceFirst("<processor state=\"root\"[^>]*>", "<processor state=\"root\" enableJmx=\"false\">"
                + "<mailet match=\"SenderIsNull\" class=\"ToRepository\"><repositoryPath>memory://var/mail/notices</repositoryPath>"
                + "<passThrough>true</passThrough></mailet>");
        if (!adapted.contains("2s, 1h") || !adapted.contains("<delayNotice>1s")) {
            throw new IllegalStateException("mailetcontainer.xml has no delayTime or delayNotice");
        }
        Files.writeString(file, adapted);
    }
}
