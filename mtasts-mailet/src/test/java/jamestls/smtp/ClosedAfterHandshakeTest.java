package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.connect;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.TlsObservation.Handshake;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ClosedAfterHandshakeTest {

    /** What the server does in place of its first reply under TLS. */
    private enum FirstReply {
        DROP(SmtpAct.drop()), STALL(SmtpAct.stall()), NONSENSE(SmtpAct.say("nonsense")), REFUSAL(SmtpAct.say("421 4.3.2 busy"));

        private final SmtpAct act;

        FirstReply(SmtpAct act) {
            this.act = act;
        }
    }

    @ParameterizedTest
    @EnumSource
    void silenceAfterAGoodHandshakeShouldBeToldFromOtherFailures(FirstReply first) {
        try (SmtpServer server = SmtpFixture.tlsServer();
             SmtpConnector connector = new SmtpConnector(SmtpFixture.settings().withLimit(Phase.EHLO_AFTER_TLS, Duration.ofSeconds(2)))) {
            server.at(SmtpPhase.EHLO_AFTER_TLS, first.act);
            try (SmtpSession session = connect(connector, server)) {
                assertThat(session.observation().handshake()).isInstanceOf(Handshake.Completed.class);
                assertThat(session.observation().isClosedAfterHandshake())
                    .isEqualTo(first == FirstReply.DROP || first == FirstReply.STALL);
            }
        }
    }
}
