package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.mtasts.delivery.Gateways.Verification;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.SmtpCredentials;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.mailet.Mail;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GatewayDeliveryTest {

    private static final String GATEWAY = "relay.example.org";
    private static final Optional<SmtpCredentials> LOGIN = Optional.of(new SmtpCredentials("james", "s3cret",
        SmtpCredentials.ClearText.REFUSED));

    private TestDelivery internet;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery();
    }

    @AfterEach
    void stop() {
        internet.close();
    }

    @Test
    void allRecipientsShouldGoToTheGatewayInOneTransaction() throws Exception {
        SmtpServer gateway = internet.gateway(GATEWAY, setup -> setup.identity(internet.ca.issue(GATEWAY)));

        DeliveryResult result = internet.dispatch(mail("bob@one.example", "carol@two.example"),
            through(gateway, TlsUse.IF_OFFERED, Verification.NOT_DEMANDED, Optional.empty()));

        assertThat(result).isInstanceOfSatisfying(DeliveryResult.Answered.class, answered -> assertThat(answered.accepted()).hasSize(2));
        assertThat(gateway.mails()).singleElement().satisfies(mail -> {
            assertThat(mail.recipientAddresses()).containsExactly("bob@one.example", "carol@two.example");
            assertThat(mail.tls()).isPresent();
        });
    }

    @Test
    void policyShouldBeTheGatewaysAndNotTheRecipients() throws Exception {
        internet.policy(GATEWAY, "enforce", GATEWAY).policy("one.example", "enforce", "mx.one.example");
        SmtpServer gateway = internet.gateway(GATEWAY, setup -> setup.identity(TestCa.selfSigned(GATEWAY)));

        DeliveryResult result = internet.dispatch(mail("bob@one.example"),
            through(gateway, TlsUse.IF_OFFERED, Verification.NOT_DEMANDED, Optional.empty()));

        assertThat(why(result)).startsWith("451 4.7.5").contains(GATEWAY).contains("self-signed");
        assertThat(internet.outcomes).extracting(outcome -> outcome.recipientDomain().ascii()).containsOnly(GATEWAY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PLAIN", "LOGIN"})
    void loginShouldBeSaidUnderVerifiedTls(String mechanism) throws Exception {
        SmtpServer gateway = internet.gateway(GATEWAY,
            setup -> setup.identity(internet.ca.issue(GATEWAY)).login("james", "s3cret", mechanism));

        assertThat(internet.dispatch(mail("bob@one.example"), through(gateway, TlsUse.IF_OFFERED, Verification.DEMANDED, LOGIN)))
            .isInstanceOf(DeliveryResult.Answered.class);
        assertThat(gateway.mails()).hasSize(1);
        List<String> transcript = gateway.transcript();
        assertThat(transcript.indexOf("-- TLSv1.3")).isPositive().isLessThan(
            transcript.indexOf(transcript.stream().filter(line -> line.startsWith("C: AUTH " + mechanism)).findFirst().orElseThrow()));
    }

    @Test
    void wrongPasswordShouldDelayMailAndNotBounceIt() throws Exception {
        SmtpServer gateway = internet.gateway(GATEWAY,
            setup -> setup.identity(internet.ca.issue(GATEWAY)).login("james", "other", "PLAIN"));

        assertThat(why(internet.dispatch(mail("bob@one.example"), through(gateway, TlsUse.IF_OFFERED, Verification.DEMANDED, LOGIN))))
            .startsWith("451 4.4.1").contains("535 5.7.8 who are you?");
    }

    @Test
    void passwordShouldNotBeSaidWithoutTlsUnlessToldSo() throws Exception {
        SmtpServer gateway = internet.gateway(GATEWAY, setup -> setup.login("james", "s3cret", "PLAIN"));

        assertThat(why(internet.dispatch(mail("bob@one.example"), through(gateway, TlsUse.IF_OFFERED, Verification.NOT_DEMANDED, LOGIN))))
            .contains("not said in clear text");
        assertThat(gateway.transcript()).noneMatch(line -> line.startsWith("C: AUTH"));
        Optional<SmtpCredentials> daring = Optional.of(new SmtpCredentials("james", "s3cret", SmtpCredentials.ClearText.ALLOWED));
        assertThat(internet.dispatch(mail("bob@one.example"), through(gateway, TlsUse.IF_OFFERED, Verification.NOT_DEMANDED, daring)))
            .isInstanceOf(DeliveryResult.Answered.class);
    }

    @Test
    void impostorOfAVerifiedGatewayShouldGetNeitherPasswordNorMail() throws Exception {
        SmtpServer gateway = internet.gateway(GATEWAY,
            setup -> setup.identity(TestCa.selfSigned(GATEWAY)).login("james", "s3cret", "PLAIN"));

        assertThat(why(internet.dispatch(mail("bob@one.example"), through(gateway, TlsUse.IF_OFFERED, Verification.DEMANDED, LOGIN))))
            .startsWith("451 4.7.5").contains("verifyServerIdentity").contains("self-signed");
        assertThat(gateway.transcript()).noneMatch(line -> line.startsWith("C: AUTH"));
        assertThat(internet.outcomes).isEmpty();
    }

    @Test
    void submissionShouldNotBeCounted() throws Exception {
        // RFC 8460 §1.1: a sending MTA relays
        SmtpServer gateway = internet.gateway(GATEWAY,
            setup -> setup.identity(internet.ca.issue(GATEWAY)).login("james", "s3cret", "PLAIN"));

        assertThat(internet.dispatch(mail("bob@one.example"), through(gateway, TlsUse.IF_OFFERED, Verification.NOT_DEMANDED, LOGIN)))
            .isInstanceOf(DeliveryResult.Answered.class);
        assertThat(internet.outcomes).isEmpty();

        internet.dispatch(mail("bob@one.example"), through(gateway, TlsUse.IF_OFFERED, Verification.NOT_DEMANDED, Optional.empty()));
        assertThat(internet.outcomes).hasSize(1);
    }

    @Test
    void tlsAtOnceShouldNeedNoStartTls() throws Exception {
        SmtpServer gateway = internet.gateway(GATEWAY, setup -> setup.identity(internet.ca.issue(GATEWAY)).tlsAtOnce());

        assertThat(internet.dispatch(mail("bob@one.example"), through(gateway, TlsUse.IMPLICIT, Verification.DEMANDED, Optional.empty())))
            .isInstanceOf(DeliveryResult.Answered.class);
        assertThat(gateway.transcript()).startsWith("-- TLSv1.3").noneMatch("C: STARTTLS"::equals);
    }

    @Test
    void tlsAtOnceShouldNeverFallBackToClearText() throws Exception {
        SmtpServer gateway = internet.gateway(GATEWAY, setup -> setup);

        assertThat(why(internet.dispatch(mail("bob@one.example"),
            through(gateway, TlsUse.IMPLICIT, Verification.NOT_DEMANDED, Optional.empty())))).startsWith("451 4.");
        assertThat(gateway.connections()).isEqualTo(1);
        assertThat(gateway.mails()).isEmpty();
    }

    @Test
    void nextGatewayShouldTakeWhatTheFirstCannot() throws Exception {
        SmtpServer first = internet.gateway("relay1.example.org", setup -> setup).reply(SmtpPhase.GREETING, "421 4.3.2 down");
        SmtpServer second = internet.gateway("relay2.example.org", setup -> setup);
        Gateways gateways = new Gateways(Gateways.hosts("relay1.example.org:" + first.port() + ", " + second.ip().getHostAddress() + ":"
            + second.port(), 25), Gateways.Order.AS_LISTED, TlsUse.IF_OFFERED, Verification.NOT_DEMANDED, Optional.empty());

        assertThat(internet.dispatch(mail("bob@one.example"), gateways)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(first.connections()).isEqualTo(1);
        assertThat(second.mails()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 2_500, 8_000})
    void tokenShouldBeReadForEachLogin(int length, @TempDir Path directory) throws Exception {
        Path file = directory.resolve("token");
        String token = "t".repeat(length);
        SmtpServer gateway = internet.gateway(GATEWAY,
            setup -> setup.identity(internet.ca.issue(GATEWAY)).login("james@example.org", token, "PLAIN", "XOAUTH2"));
        Gateways gateways = through(gateway, TlsUse.IF_OFFERED, Verification.DEMANDED, token(file));

        Files.writeString(file, "an-old-token\n");
        assertThat(why(internet.dispatch(mail("bob@one.example"), gateways))).startsWith("451 4.4.1").contains("535 5.7.8 who are you?");
        assertThat(gateway.transcript()).contains("C: '' to the challenge");

        Files.writeString(file, " " + token + "\r\n");
        assertThat(internet.dispatch(mail("bob@one.example"), gateways)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(gateway.mails()).hasSize(1);
        // RFC 4954 §4: an initial response goes with the command only where the line is short enough
        assertThat(gateway.transcript().contains("C: AUTH XOAUTH2")).isEqualTo(length > 500);
        assertThat(gateway.transcript()).noneMatch(line -> line.startsWith("C: AUTH PLAIN"));
    }

    @ParameterizedTest
    @CsvSource({"'', empty", "' \n', empty", "'secret-1\nsecret-2', not one line", "'secret 1', not one line",
        "'secret\u0001auth=', not one line"})
    void fileWithoutATokenShouldDelayMailAndNotBeShown(String content, String reason, @TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("token"), content.translateEscapes());

        assertThat(whyWithout(file)).contains("the token file is " + reason).doesNotContain("secret");
    }

    @Test
    void fileThatCannotBeReadShouldDelayMail(@TempDir Path directory) throws Exception {
        assertThat(whyWithout(directory.resolve("none"))).contains("the token file does not exist").doesNotContain(directory.toString());
        assertThat(whyWithout(directory)).contains("the token file is not a regular file");
        assertThat(whyWithout(Files.writeString(directory.resolve("long"), "t".repeat(8_193)))).contains("longer than 8192 bytes");
    }

    @Test
    void tokenShouldGoOnlyToServersThatOfferXoauth2UnderTls(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("token"), "a-token-of-ours");
        SmtpServer inClear = internet.gateway(GATEWAY, setup -> setup.login("james@example.org", "a-token-of-ours", "XOAUTH2"));
        assertThat(why(internet.dispatch(mail("bob@one.example"),
            through(inClear, TlsUse.IF_OFFERED, Verification.NOT_DEMANDED, token(file))))).contains("not said in clear text");
        assertThat(inClear.transcript()).noneMatch(line -> line.startsWith("C: AUTH"));
    }

    @Test
    void tokenShouldNotBeSaidAsPassword(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("token"), "a-token-of-ours");
        SmtpServer other = internet.gateway(GATEWAY,
            setup -> setup.identity(internet.ca.issue(GATEWAY)).login("james@example.org", "a-token-of-ours", "PLAIN", "LOGIN"));
        assertThat(why(internet.dispatch(mail("bob@one.example"),
            through(other, TlsUse.IF_OFFERED, Verification.DEMANDED, token(file))))).contains("does not offer AUTH XOAUTH2");
        assertThat(other.transcript()).noneMatch(line -> line.startsWith("C: AUTH"));
    }

    @Test
    void replyThatRepeatsTheLoginShouldNotBeShown() throws Exception {
        // the fake server's refusal stands for any text with the password in it
        SmtpServer gateway = internet.gateway(GATEWAY,
            setup -> setup.identity(internet.ca.issue(GATEWAY)).login("james", "other", "PLAIN"));
        Optional<SmtpCredentials> repeated = Optional.of(new SmtpCredentials("james", "who are you?",
            SmtpCredentials.ClearText.REFUSED));

        assertThat(why(internet.dispatch(mail("bob@one.example"), through(gateway, TlsUse.IF_OFFERED, Verification.DEMANDED, repeated))))
            .contains("535 (the reply repeats the login and is not shown)").doesNotContain("who are you?");
    }

    private String whyWithout(Path file) throws Exception {
        SmtpServer gateway = internet.gateway(GATEWAY,
            setup -> setup.identity(internet.ca.issue(GATEWAY)).login("james@example.org", "secret-1", "XOAUTH2"));
        String why = why(internet.dispatch(mail("bob@one.example"),
            through(gateway, TlsUse.IF_OFFERED, Verification.DEMANDED, token(file))));
        assertThat(why).startsWith("451 4.4.1");
        assertThat(gateway.transcript()).noneMatch(line -> line.startsWith("C: AUTH"));
        return why;
    }

    private static Optional<SmtpCredentials> token(Path file) {
        return Optional.of(new SmtpCredentials("james@example.org", new SmtpCredentials.TokenFile(file),
            SmtpCredentials.ClearText.REFUSED));
    }

    private static Gateways through(SmtpServer gateway, TlsUse tls, Verification verification, Optional<SmtpCredentials> login) {
        return new Gateways(Gateways.hosts(GATEWAY + ":" + gateway.port(), 25), Gateways.Order.SHUFFLED, tls, verification, login);
    }

    private static String why(DeliveryResult result) {
        assertThat(result).isInstanceOf(DeliveryResult.Deferred.class);
        return ((DeliveryResult.Deferred) result).why().toString();
    }

    private static Mail mail(String... recipients) throws Exception {
        return FakeMail.builder().name("mail").sender(MailAddressFixture.SENDER).recipients(recipients)
            .mimeMessage(TestDelivery.message()).build();
    }
}
