package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.SHORT;
import static jamestls.smtp.SmtpFixture.connect;
import static jamestls.smtp.SmtpFixture.failureOf;
import static jamestls.smtp.SmtpFixture.impatientIn;
import static jamestls.smtp.SmtpFixture.tlsServer;
import static jamestls.smtp.SmtpFixture.to;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpSession.MessageContent;
import jamestls.smtp.Transmission.FinalDot;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One deadline per phase, whatever blocks in it. The other phases have 20 s: a test that waits for those fails. */
@Tag("slow")
class DeadlinesTest {

    private static final Duration DRIP = Duration.ofMillis(100);

    private final SmtpServer server = tlsServer();

    @AfterEach
    void stop() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({"GREETING, GREETING", "EHLO, EHLO", "STARTTLS, STARTTLS", "HANDSHAKE, HANDSHAKE", "EHLO_AFTER_TLS, EHLO_AFTER_TLS"})
    void stalledOpeningShouldEndAtTheDeadlineOfItsPhase(SmtpPhase where, Phase phase) {
        server.at(where, SmtpAct.stall());
        openingShouldTimeOutIn(phase);
    }

    @ParameterizedTest
    @CsvSource({"GREETING, GREETING", "EHLO, EHLO", "STARTTLS, STARTTLS", "EHLO_AFTER_TLS, EHLO_AFTER_TLS"})
    void drippingReplyShouldEndAtTheDeadlineOfItsPhase(SmtpPhase where, Phase phase) {
        server.at(where, SmtpAct.drip("250 " + "a".repeat(200), DRIP));
        openingShouldTimeOutIn(phase);
    }

    @Test
    void drippingHandshakeShouldEndAtItsDeadline() {
        // the head of a ServerHello record that never gets complete
        server.at(SmtpPhase.HANDSHAKE, SmtpAct.drip("\u0016\u0003\u0003\u0010\u0000" + "\u0002".repeat(200), DRIP));
        openingShouldTimeOutIn(Phase.HANDSHAKE);
    }

    @ParameterizedTest
    @CsvSource({"MAIL, MAIL, NOT_SENT", "RCPT, RCPT, NOT_SENT", "DATA, DATA, NOT_SENT", "FINAL_REPLY, FINAL_REPLY, SENT"})
    void stalledReplyShouldEndAtTheDeadlineOfItsPhase(SmtpPhase where, Phase phase, FinalDot endOfData) {
        server.at(where, SmtpAct.stall());
        sendingShouldTimeOutIn(phase, endOfData, SmtpFixture.MAIL);
    }

    @ParameterizedTest
    @CsvSource({"MAIL, MAIL, NOT_SENT", "RCPT, RCPT, NOT_SENT", "FINAL_REPLY, FINAL_REPLY, SENT"})
    void drippingReplyToAMailShouldEndAtTheDeadlineOfItsPhase(SmtpPhase where, Phase phase, FinalDot endOfData) {
        server.at(where, SmtpAct.drip("250 " + "a".repeat(200), DRIP));
        sendingShouldTimeOutIn(phase, endOfData, SmtpFixture.MAIL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PIPELINING", "8BITMIME"})
    void timeOfAnAnswerShouldNotBeSharedByAllRecipients(String keyword) {
        String[] recipients = IntStream.range(0, 12).mapToObj(i -> i + "@x.test").toArray(String[]::new);
        try (SmtpServer slow = SmtpFixture.clearServer(keyword); SmtpConnector connector = new SmtpConnector(
                 SmtpFixture.settings().withLimit(Phase.RCPT, Duration.ofSeconds(2)));
             SmtpSession session = connect(connector, slow)) {
            slow.at(SmtpPhase.RCPT, SmtpAct.drip("250 ok", Duration.ofMillis(35)));

            assertThat(session.send(to(recipients), SmtpFixture.MAIL)).isInstanceOf(Transmission.Completed.class);
        }
    }

    @Test
    void allAnswersToAnEnvelopeShouldShareALimit() {
        SmtpSettings settings = SmtpFixture.settings()
            .withLimit(Phase.RCPT, Duration.ofSeconds(1)).withMinEnvelope(Duration.ofMillis(1));
        assertThat(settings.envelopeLimit(20)).isEqualTo(Duration.ofSeconds(41));
        assertThat(SmtpFixture.settings().envelopeLimit(20)).isEqualTo(Duration.ofMinutes(10));
        try (SmtpConnector connector = new SmtpConnector(settings); SmtpSession session = connect(connector, server)) {
            server.at(SmtpPhase.MAIL, SmtpAct.drip("250 " + "a".repeat(100), Duration.ofMillis(100)));

            assertThat(session.send(to("a@x.test"), SmtpFixture.MAIL)).isInstanceOfSatisfying(Transmission.Broken.class,
                broken -> assertThat(broken.failure().detail()).isEqualTo("the envelope was not over within 3.0 s"));
        }
    }

    @Test
    void timeForTheBodyShouldGrowWithItsSize() {
        SmtpSettings settings = SmtpSettings.defaults("client.example.test").withReadTimeout(Duration.ofSeconds(10));

        assertThat(settings.bodyLimit(OptionalLong.of(1_024 * 600))).isEqualTo(Duration.ofSeconds(610));
        assertThat(settings.limit(Phase.FINAL_REPLY)).isEqualTo(Duration.ofMinutes(10));
    }

    @Test
    void bodyThatTheServerDoesNotReadShouldEndAtItsDeadline() {
        server.at(SmtpPhase.BODY, SmtpAct.stall());
        byte[] line = ("x".repeat(998) + "\r\n").getBytes(StandardCharsets.US_ASCII);
        sendingShouldTimeOutIn(Phase.BODY, FinalDot.NOT_SENT, out -> writeFor(out, line, 100_000));
    }

    @Test
    void closedConnectorShouldLetNothingWaitForEver() {
        SmtpConnector connector = new SmtpConnector(SmtpFixture.settings());
        connector.close();
        try (SmtpSession session = connect(connector, server)) {
            assertThat(session.observation().failure()).isPresent();
        }
    }

    @Test
    void stalledQuitShouldNotHoldUpClosing() {
        server.at(SmtpPhase.QUIT, SmtpAct.stall());
        try (SmtpConnector connector = new SmtpConnector(SmtpFixture.settings())) {
            SmtpSession session = connect(connector, server);
            long took = timed(() -> {
                session.close();
                return session;
            });

            assertThat(took).isLessThan(10_000);
            SmtpFixture.awaitNoConnection(server);
        }
    }

    private void openingShouldTimeOutIn(Phase phase) {
        try (SmtpConnector connector = impatientIn(phase)) {
            long took = timed(() -> {
                SmtpSession session = connect(connector, server);
                assertThat(failureOf(session).phase()).isEqualTo(phase);
                assertThat(failureOf(session).detail()).contains("not over within 0.4 s");
                assertThat(session.isUsable()).isFalse();
                return session;
            });
            assertThat(took).isBetween(SHORT.toMillis() / 2, 10_000L);
        }
        SmtpFixture.awaitNoConnection(server);
    }

    private void sendingShouldTimeOutIn(Phase phase, FinalDot endOfData, MessageContent content) {
        try (SmtpConnector connector = impatientIn(phase); SmtpSession session = connect(connector, server)) {
            long took = timed(() -> {
                Transmission result = session.send(to("bob@example.test"), content);
                assertThat(result).isInstanceOfSatisfying(Transmission.Broken.class, broken -> {
                    assertThat(broken.failure().phase()).isEqualTo(phase);
                    assertThat(broken.failure().detail()).contains("not over within");
                    assertThat(broken.endOfData()).isEqualTo(endOfData);
                });
                assertThat(session.isUsable()).isFalse();
                return session;
            });
            assertThat(took).isLessThan(10_000);
        }
        server.release();
        SmtpFixture.awaitNoConnection(server);
    }

    private static void writeFor(OutputStream out, byte[] line, int times) throws IOException {
        for (int i = 0; i < times; i++) {
            out.write(line);
        }
    }

    /** In milliseconds. */
    private static long timed(Supplier<?> work) {
        long start = System.nanoTime();
        work.get();
        return (System.nanoTime() - start) / 1_000_000;
    }
}
