package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.connect;
import static jamestls.smtp.SmtpFixture.connector;
import static jamestls.smtp.SmtpFixture.failureOf;
import static jamestls.smtp.SmtpFixture.tlsServer;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.TlsObservation.Handshake;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** RFC 3207 §6: nothing that was said in clear may be taken for something said under TLS. */
class StartTlsInjectionTest {

    private static final Duration LATER = Duration.ofSeconds(1);

    private final SmtpServer server = tlsServer();
    private final SmtpConnector connector = connector();

    @AfterEach
    void stop() {
        connector.close();
        server.close();
    }

    @Test
    void wholeReplyInTheSegmentOfThe220ShouldEndTheSession() {
        server.at(SmtpPhase.STARTTLS, SmtpAct.say("220 go", "250-mx1.example.test", "250 XINJECTED"));
        sessionShouldEndWith(Phase.STARTTLS);
    }

    @Test
    void partOfALineInTheSegmentOfThe220ShouldEndTheSession() {
        server.at(SmtpPhase.STARTTLS, SmtpAct.sayInSegments(Duration.ZERO, "220 go\r\n250 XINJ"));
        sessionShouldEndWith(Phase.STARTTLS);
    }

    @Test
    void unfinishedMultiLineReplyInTheSegmentOfThe220ShouldEndTheSession() {
        server.at(SmtpPhase.STARTTLS, SmtpAct.sayInSegments(Duration.ZERO, "220 go\r\n250-XINJECTED\r\n"));
        sessionShouldEndWith(Phase.STARTTLS);
    }

    @Test
    void singleByteInTheSegmentOfThe220ShouldEndTheSession() {
        server.at(SmtpPhase.STARTTLS, SmtpAct.sayInSegments(Duration.ZERO, "220 go\r\n\n"));
        sessionShouldEndWith(Phase.STARTTLS);
    }

    @Test
    void wholeReplyInALaterSegmentShouldEndTheSession() {
        server.at(SmtpPhase.STARTTLS, SmtpAct.sayInSegments(LATER, "220 go\r\n", "250-mx1.example.test\r\n250 XINJECTED\r\n"));
        sessionShouldEndWith(Phase.HANDSHAKE);
    }

    @Test
    void partOfALineInALaterSegmentShouldEndTheSession() {
        server.at(SmtpPhase.STARTTLS, SmtpAct.sayInSegments(LATER, "220 go\r\n", "250 X"));
        sessionShouldEndWith(Phase.HANDSHAKE);
    }

    @Test
    void unfinishedMultiLineReplyInALaterSegmentShouldEndTheSession() {
        server.at(SmtpPhase.STARTTLS, SmtpAct.sayInSegments(LATER, "220 go\r\n", "250-XINJECTED\r\n"));
        sessionShouldEndWith(Phase.HANDSHAKE);
    }

    /** The last line's code counts, so this is a refusal; what was injected is part of it and nothing else. */
    @Test
    void the220ContinuedByAnotherCodeShouldNotStartTls() {
        server.at(SmtpPhase.STARTTLS, SmtpAct.say("220-go", "250 XINJECTED"));
        try (SmtpSession session = connect(connector, server)) {
            assertThat(session.observation().handshake()).isEqualTo(new Handshake.NotAttempted());
            assertThat(session.observation().startTlsReply()).map(SmtpReply::code).contains(250);
            assertThat(session.observation().capabilities().offers("XINJECTED")).isFalse();
        }
    }

    private void sessionShouldEndWith(Phase phase) {
        try (SmtpSession session = connect(connector, server)) {
            assertThat(failureOf(session).phase()).isEqualTo(phase);
            assertThat(session.observation().handshake()).isInstanceOf(Handshake.Failed.class);
            assertThat(session.observation().capabilities().offers("XINJECTED")).isFalse();
            assertThat(session.isUsable()).isFalse();
        }
        SmtpFixture.awaitNoConnection(server);
        assertThat(SmtpFixture.said(server, "C:")).containsExactly("C: EHLO client.example.test", "C: STARTTLS");
    }
}
