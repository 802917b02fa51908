package jamestls.smtp;

import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.smtp.Envelope.BodyType;
import jamestls.smtp.Envelope.RequireTls;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.SmtpSession.MessageContent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Shared by the tests of this package. */
final class SmtpFixture {

    static final DomainName MX = DomainName.of("mx1.example.test");
    static final TestCa CA = TestCa.create("Smtp Room CA");
    /** For phases in which the server misbehaves, and so need not last for an honest answer. */
    static final Duration SHORT = Duration.ofMillis(400);
    static final MessageContent MAIL = content("Subject: hello\r\n\r\nHello.\r\n");

    private SmtpFixture() {
    }

    static SmtpSettings settings() {
        SmtpSettings settings = SmtpSettings.defaults("client.example.test");
        for (Phase phase : Phase.values()) {
            settings = settings.withLimit(phase, Duration.ofSeconds(20));
        }
        return settings.withLimit(Phase.QUIT, Duration.ofSeconds(3));
    }

    static SmtpConnector connector() {
        return new SmtpConnector(settings());
    }

    static SmtpConnector impatientIn(Phase phase) {
        return new SmtpConnector(settings().withLimit(phase, SHORT));
    }

    static SmtpServer tlsServer() {
        return SmtpServer.named(MX.ascii()).identity(CA.issue(MX.ascii())).start();
    }

    static SmtpServer clearServer(String... keywords) {
        return SmtpServer.named(MX.ascii()).keywords(keywords).start();
    }

    static SmtpSession connect(SmtpConnector connector, SmtpServer server) {
        return connector.connect(MX, server.address(), TlsUse.IF_OFFERED);
    }

    static SessionFailure failureOf(SmtpSession session) {
        return session.observation().failure().orElseThrow(() -> new AssertionError("the session is usable"));
    }

    static Envelope to(String... recipients) {
        // a size, because the time for the body depends on it
        return new Envelope(Optional.of("alice@sender.test"), List.of(recipients), BodyType.SEVEN_BIT, OptionalLong.of(100),
            RequireTls.NO);
    }

    static MessageContent content(String text) {
        return out -> out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    static void awaitNoConnection(SmtpServer server) {
        await().until(() -> server.openConnections() == 0);
    }

    static List<String> said(SmtpServer server, String prefix) {
        return server.transcript().stream().filter(line -> line.startsWith(prefix)).toList();
    }
}
