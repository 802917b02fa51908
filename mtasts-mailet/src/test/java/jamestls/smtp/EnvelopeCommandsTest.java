package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.CA;
import static jamestls.smtp.SmtpFixture.MAIL;
import static jamestls.smtp.SmtpFixture.MX;
import static jamestls.smtp.SmtpFixture.connect;
import static jamestls.smtp.SmtpFixture.said;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import jamestls.fakeinternet.SmtpServer;
import jamestls.smtp.Envelope.BodyType;
import jamestls.smtp.Envelope.EsmtpParameter;
import jamestls.smtp.Envelope.EsmtpParameters;
import jamestls.smtp.Envelope.RequireTls;
import jamestls.smtp.Transmission.Obstacle;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvelopeCommandsTest {

    private static final Envelope EVERYTHING = new Envelope(Optional.empty(), List.of("bob@example.test"), BodyType.EIGHT_BIT,
        OptionalLong.of(1_234), RequireTls.NO, Optional.empty(), new EsmtpParameters(List.of(new EsmtpParameter("DSN", "RET=HDRS")),
        Map.of("bob@example.test", List.of(new EsmtpParameter("DSN", "NOTIFY=NEVER")))));

    private final SmtpConnector connector = SmtpFixture.connector();

    @AfterEach
    void stop() {
        connector.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bob@example.test\r\nRCPT TO:<eve@evil.test", "bob@example.test\nDATA",
        "bob\r@example.test", "bob@example.test\u0000",
        "\"b\r\nob\"@example.test", "\"b\\\nob\"@example.test", "bob@example.test> NOTIFY=NEVER",
        "bob <bob@example.test", "bob@exam ple.test",
        "bob\u0085@example.test", "bob\u2028@example.test", "b\u00ado@example.test",
        "", "bob", "@example.test", "bob@", "\"bob@example.test"})
    void malformedAddressShouldNeverReachTheWire(String address) {
        try (SmtpServer server = SmtpFixture.clearServer("PIPELINING", "SMTPUTF8"); SmtpSession session = connect(connector, server)) {
            Envelope recipient = SmtpFixture.to("good@example.test", address);
            Envelope sender = new Envelope(Optional.of(address), List.of("good@example.test"), BodyType.SEVEN_BIT, OptionalLong.empty(),
                RequireTls.NO);

            for (Envelope bad : List.of(recipient, sender)) {
                assertThat(session.send(bad, MAIL)).isInstanceOfSatisfying(Transmission.Unsendable.class, unsendable -> {
                    assertThat(unsendable.obstacle()).isEqualTo(Obstacle.MALFORMED);
                    assertThat(unsendable.detail()).doesNotContainPattern("\\p{Cntrl}");
                });
            }
            assertThat(said(server, "C:")).containsExactly("C: EHLO client.example.test");
            assertThat(session.send(SmtpFixture.to("good@example.test"), MAIL)).isInstanceOf(Transmission.Completed.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"RET=HDRS\r\nDATA", "RET=a b", "RET==", "-x", "", "SMTPUTF8>"})
    void malformedParameterShouldNeverReachTheWire(String text) {
        try (SmtpServer server = SmtpFixture.clearServer("DSN"); SmtpSession session = connect(connector, server)) {
            Envelope bad = new Envelope(Optional.empty(), List.of("bob@example.test"), BodyType.SEVEN_BIT, OptionalLong.empty(),
                RequireTls.NO, Optional.empty(), new EsmtpParameters(List.of(new EsmtpParameter("DSN", text)), Map.of()));

            assertThat(session.send(bad, MAIL)).isInstanceOf(Transmission.Unsendable.class);
            assertThat(said(server, "C: MAIL")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"NOOP\r\nQUIT", "NOOP\n", "NOOP\u0000", "NOOP \u007f", "NOOP \u0085"})
    void commandLineShouldRefuseControlCharactersWhateverLedToIt(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> new CommandLine(text));
    }

    @Test
    void commandLineShouldRefuseExcessiveLength() {
        assertThatIllegalArgumentException().isThrownBy(() -> new CommandLine("x".repeat(CommandLine.MAX + 1)));
        assertThat(new CommandLine("x".repeat(CommandLine.MAX)).length()).isEqualTo(CommandLine.MAX + 2);
    }

    @Test
    void quotedAndUnusualAddressesShouldBeSentAsTheyAre() {
        String[] odd = {"\"a b>\\\"\"@example.test", "o'neil+tag=x%y!z@example.test", "bob@[127.0.0.1]"};
        try (SmtpServer server = SmtpFixture.clearServer("PIPELINING"); SmtpSession session = connect(connector, server)) {
            session.send(SmtpFixture.to(odd), MAIL);

            assertThat(server.mails().getFirst().recipientAddresses()).containsExactly(odd);
        }
    }

    @Test
    void parametersShouldBeSentWhereOffered() {
        assertThat(commandsFor(EVERYTHING, "SIZE", "8BITMIME", "DSN")).containsExactly("MAIL FROM:<> SIZE=1234 BODY=8BITMIME RET=HDRS",
            "RCPT TO:<bob@example.test> NOTIFY=NEVER", "DATA");
    }

    @Test
    void parametersShouldNotBeSentWhereNotOffered() {
        assertThat(commandsFor(EVERYTHING)).containsExactly("MAIL FROM:<>", "RCPT TO:<bob@example.test>", "DATA");
    }

    @Test
    void addressBeyondAsciiShouldNeedSmtpUtf8() {
        Envelope utf8 = SmtpFixture.to("büro@example.test");

        assertThat(commandsFor(utf8, "SMTPUTF8")).startsWith("MAIL FROM:<alice@sender.test> SMTPUTF8", "RCPT TO:<büro@example.test>");
        assertThat(new EnvelopeCommands(utf8, Capabilities.none()).obstacle().orElseThrow().obstacle()).isEqualTo(Obstacle.NO_SMTPUTF8);
    }

    @Test
    void requireTlsShouldBeAskedForUnderTls() {
        try (SmtpServer server = SmtpServer.named(MX.ascii()).identity(CA.issue(MX.ascii())).keywords()
                .keywordsUnderTls("REQUIRETLS").start();
             SmtpSession session = connect(connector, server)) {
            assertThat(session.send(requireTls(), MAIL)).isInstanceOf(Transmission.Completed.class);
            assertThat(server.mails().getFirst().mailParameters()).containsExactly("REQUIRETLS");
        }
    }

    @Test
    void requireTlsThatIsNotOfferedShouldKeepTheMailBack() {
        try (SmtpServer server = SmtpServer.named(MX.ascii()).identity(CA.issue(MX.ascii())).keywords("REQUIRETLS")
                .keywordsUnderTls().start();
             SmtpSession session = connect(connector, server)) {
            assertThat(session.send(requireTls(), MAIL)).isInstanceOfSatisfying(Transmission.Unsendable.class,
                unsendable -> assertThat(unsendable.obstacle()).isEqualTo(Obstacle.NO_REQUIRETLS));
        }
    }

    @Test
    void requireTlsOfferedInClearShouldNotCount() {
        try (SmtpServer server = SmtpFixture.clearServer("REQUIRETLS"); SmtpSession session = connect(connector, server)) {
            assertThat(session.send(requireTls(), MAIL)).isInstanceOf(Transmission.Unsendable.class);
            assertThat(said(server, "C: MAIL")).isEmpty();
        }
    }

    private static Envelope requireTls() {
        return new Envelope(Optional.of("alice@sender.test"), List.of("bob@example.test"), BodyType.SEVEN_BIT, OptionalLong.empty(),
            RequireTls.YES);
    }

    private static List<String> commandsFor(Envelope envelope, String... offered) {
        Map<String, String> keywords = new HashMap<>();
        for (String keyword : offered) {
            keywords.put(keyword, "");
        }
        EnvelopeCommands commands = new EnvelopeCommands(envelope, new Capabilities(keywords));
        assertThat(commands.obstacle()).isEmpty();
        return commands.steps().stream().map(step -> step.command().toString()).toList();
    }
}
