package jamestls.smtp;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnector.TlsUse;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Asking whether a server takes mail for an address, without a mail. */
class AskingTest {

    private final SmtpServer server = SmtpServer.named("mx.example.org").start();
    private final SmtpConnector connector = new SmtpConnector(SmtpSettings.defaults("client.example"));

    @AfterEach
    void close() {
        connector.close();
        server.close();
    }

    @Test
    void replyToEachRecipientShouldBeToldAndNoMailSent() {
        server.replyTo("nobody@example.org", "550 5.1.1 who?");

        try (SmtpSession session = connect()) {
            assertThat(session.ask(envelope("tls@example.org", "nobody@example.org"))).isInstanceOfSatisfying(Transmission.Completed.class,
                completed -> {
                    assertThat(completed.recipients()).extracting(each -> each.reply().code()).containsExactly(250, 550);
                    assertThat(completed.recipients()).allSatisfy(each -> {
                        assertThat(each.phase()).isEqualTo(Phase.RCPT);
                        assertThat(each.isDelivered()).isFalse();
                    });
                });
            assertThat(session.isUsable()).isTrue();
        }
        assertThat(server.mails()).isEmpty();
        assertThat(server.transcript()).containsSubsequence("C: MAIL FROM:<>", "C: RCPT TO:<tls@example.org>",
            "C: RCPT TO:<nobody@example.org>", "C: RSET", "C: QUIT").noneMatch(line -> line.startsWith("C: DATA"));
    }

    @Test
    void refusedSenderShouldBeToldAsSuch() {
        server.reply(SmtpPhase.MAIL, "550 5.7.1 no empty senders");

        try (SmtpSession session = connect()) {
            assertThat(session.ask(envelope("tls@example.org"))).isInstanceOfSatisfying(Transmission.Refused.class,
                refused -> assertThat(refused.reply().code()).isEqualTo(550));
        }
    }

    @Test
    void lostConnectionAndOddRepliesShouldEndTheSession() {
        server.once(SmtpPhase.RCPT, SmtpAct.drop());
        try (SmtpSession session = connect()) {
            assertThat(session.ask(envelope("tls@example.org"))).isInstanceOf(Transmission.Broken.class);
            assertThat(session.isUsable()).isFalse();
        }
        server.once(SmtpPhase.RCPT, SmtpAct.say("354 go ahead"));
        try (SmtpSession session = connect()) {
            assertThat(session.ask(envelope("tls@example.org"))).isInstanceOfSatisfying(Transmission.Broken.class,
                broken -> assertThat(broken.failure().cause()).isEqualTo(SessionFailure.Cause.PROTOCOL));
        }
    }

    @Test
    void addressThatWouldBreakTheCommandShouldNotBeSent() {
        try (SmtpSession session = connect()) {
            assertThat(session.ask(envelope("a@example.org>\r\nDATA"))).isInstanceOf(Transmission.Unsendable.class);
        }
        assertThat(server.transcript()).noneMatch(line -> line.startsWith("C: MAIL"));
    }

    private SmtpSession connect() {
        return connector.connect(DomainName.of("mx.example.org"), server.address(), TlsUse.IF_OFFERED);
    }

    private static Envelope envelope(String... recipients) {
        return new Envelope(Optional.empty(), List.of(recipients), Envelope.BodyType.SEVEN_BIT, OptionalLong.empty(),
            Envelope.RequireTls.NO);
    }
}
