package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.MAIL;
import static jamestls.smtp.SmtpFixture.MX;
import static jamestls.smtp.SmtpFixture.connect;
import static jamestls.smtp.SmtpFixture.to;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.SmtpServerSetup.Pipelining;
import jamestls.smtp.Envelope.BodyType;
import jamestls.smtp.Envelope.RequireTls;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExtensionMemoryTest {

    private final SmtpServer server = SmtpFixture.clearServer("PIPELINING", "8BITMIME", "SMTPUTF8");
    private final SmtpConnector connector = SmtpFixture.connector();

    @AfterEach
    void stop() {
        connector.close();
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"501 5.5.4 BODY?", "504 5.5.4 BODY?", "555 5.5.4 BODY?"})
    void eightBitMimeThatIsListedAndRefusedShouldNotBeUsedAgain(String refusal) {
        server.reply(SmtpPhase.MAIL, refusal);
        send(new Envelope(Optional.of("a@x.test"), List.of("b@y.test"), BodyType.EIGHT_BIT, OptionalLong.empty(), RequireTls.NO), true);
        server.behave();

        assertThat(offered()).contains("PIPELINING", "SMTPUTF8").doesNotContain("8BITMIME");
    }

    @Test
    void smtpUtf8ThatIsListedAndRefusedShouldNotBeUsedAgain() {
        server.reply(SmtpPhase.MAIL, "555 5.5.4 SMTPUTF8?");
        send(to("j\u00fcrgen@y.test"), true);
        server.behave();

        assertThat(offered()).contains("PIPELINING", "8BITMIME").doesNotContain("SMTPUTF8");
    }

    @Test
    void pipeliningThatGetsOutOfStepShouldNotBeUsedAgain() {
        server.reply(SmtpPhase.RCPT, "354 go on");
        send(to("b@y.test"), true);
        server.behave();

        assertThat(offered()).contains("8BITMIME").doesNotContain("PIPELINING");
    }

    @ParameterizedTest
    @ValueSource(strings = {"550 5.7.1 not you", "451 4.3.0 later", "552 5.3.4 too large"})
    void otherRefusalShouldNotBeBlamedOnAnExtension(String refusal) {
        server.reply(SmtpPhase.MAIL, refusal);
        send(new Envelope(Optional.of("a@x.test"), List.of("b@y.test"), BodyType.EIGHT_BIT, OptionalLong.empty(), RequireTls.NO), false);

        assertThat(offered()).contains("8BITMIME");
    }

    @ParameterizedTest
    @EnumSource(names = {"CLOSES", "CLOSES_AFTER_ONE"})
    void pipeliningThatClosesTheConnectionShouldNotBeUsedAgain(Pipelining way) {
        try (SmtpServer filter = SmtpServer.named(MX.ascii()).keywords("PIPELINING", "8BITMIME").pipelining(way).start()) {
            send(filter, to("b@y.test"), true);
            send(filter, to("b@y.test"), false);

            assertThat(filter.mails()).hasSize(1);
            assertThat(offered(filter)).contains("8BITMIME").doesNotContain("PIPELINING");
        }
    }

    @Test
    void pipeliningThatLosesCommandsShouldNotBeUsedInTheNextAttempt() {
        try (SmtpServer filter = SmtpServer.named(MX.ascii()).keywords("PIPELINING").pipelining(Pipelining.LOSES_THE_REST).start();
             SmtpConnector impatient = new SmtpConnector(
                 SmtpFixture.settings().withLimit(SessionFailure.Phase.RCPT, Duration.ofSeconds(2)))) {
            try (SmtpSession session = connect(impatient, filter)) {
                assertThat(session.send(to("b@y.test"), MAIL)).isInstanceOf(Transmission.Broken.class);
                assertThat(session.isMisledByEhlo()).as("is tried again at once").isFalse();
            }
            try (SmtpSession session = connect(impatient, filter)) {
                assertThat(session.observation().capabilities().offers("PIPELINING")).isFalse();
                assertThat(session.send(to("b@y.test"), MAIL)).isInstanceOf(Transmission.Completed.class);
            }
        }
    }

    @Test
    void connectionThatIsLostWithoutPipeliningAsWellShouldNotBeBlamedOnIt() {
        server.at(SmtpPhase.RCPT, SmtpAct.drop());
        send(to("b@y.test"), true);
        send(to("b@y.test"), false);

        assertThat(offered()).contains("PIPELINING");
    }

    @Test
    void connectionThatIsLostAtASecondMailShouldNotBeBlamedOnPipelining() {
        try (SmtpSession session = connect(connector, server)) {
            session.send(to("b@y.test"), MAIL);
            server.at(SmtpPhase.MAIL, SmtpAct.drop());
            assertThat(session.send(to("b@y.test"), MAIL)).isInstanceOf(Transmission.Broken.class);
            assertThat(session.isMisledByEhlo()).isFalse();
        }
        assertThat(offered()).contains("PIPELINING");
    }

    @Test
    void farewellShouldNotBeBlamedOnPipelining() {
        server.at(SmtpPhase.MAIL, SmtpAct.say("421 4.3.2 closing").then(SmtpAct.Then.CLOSE));
        send(to("b@y.test"), false);

        assertThat(offered()).contains("PIPELINING");
    }

    private void send(Envelope envelope, boolean misled) {
        send(server, envelope, misled);
    }

    private void send(SmtpServer to, Envelope envelope, boolean misled) {
        try (SmtpSession session = connect(connector, to)) {
            session.send(envelope, MAIL);
            assertThat(session.isMisledByEhlo()).isEqualTo(misled);
            assertThat(misled && session.isUsable()).isFalse();
        }
    }

    private Iterable<String> offered() {
        return offered(server);
    }

    private Iterable<String> offered(SmtpServer by) {
        try (SmtpSession session = connect(connector, by)) {
            return session.observation().capabilities().keywords().keySet();
        }
    }
}
