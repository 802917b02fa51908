package jamestls.mtasts.delivery;

import static jamestls.mtasts.delivery.OutboundMail.Reporting.COUNTED;
import static jamestls.mtasts.policy.SenderTlsRequest.AS_POLICY_SAYS;
import static jamestls.mtasts.policy.SenderTlsRequest.WAIVED;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.util.List;
import org.apache.james.core.MailAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a refusal means if it was ours to leave TLS out, and what follows when a server hangs up after the handshake. */
class TlsDowngradeTest {

    private static final String DOMAIN = "example.org";
    private static final SmtpAct TLS_FIRST = SmtpAct.say("530 5.7.0 Must issue a STARTTLS command first");

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
    void refusalOfClearTextShouldDeferAfterAFailedHandshakeAndTlsBeTriedAgain() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN).once(SmtpPhase.HANDSHAKE, SmtpAct.drop()).once(SmtpPhase.MAIL, TLS_FIRST);

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Deferred.class, deferred ->
            assertThat(deferred.why().toString()).startsWith("451 4.7.10").contains("TLS failed")
                .contains("530 5.7.0 Must issue a STARTTLS command first"));
        assertThat(mx.connections()).isEqualTo(2);

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).singleElement().satisfies(mail -> assertThat(mail.tls()).isPresent());
    }

    @Test
    void refusalOfClearTextShouldLeadToTheNextHost() throws Exception {
        internet.policy(DOMAIN, "testing", "*.example.org");
        SmtpServer first = tlsHost("mx1.example.org", 1).at(SmtpPhase.HANDSHAKE, SmtpAct.drop()).at(SmtpPhase.MAIL, TLS_FIRST);
        SmtpServer second = tlsHost("mx2.example.org", 2);

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);

        assertThat(first.mails()).isEmpty();
        assertThat(second.mails()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"421 4.3.2 overloaded", "454 4.7.0 TLS not available"})
    void refusedStartTlsShouldNotMakeARefusalOfClearTextPermanent(String reply) throws Exception {
        SmtpAct refusal = SmtpAct.say(reply);
        internet.goodMx(DOMAIN).once(SmtpPhase.STARTTLS, reply.startsWith("421") ? refusal.then(SmtpAct.Then.CLOSE) : refusal)
            .at(SmtpPhase.MAIL, TLS_FIRST);

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Deferred.class,
            deferred -> assertThat(deferred.why().toString()).startsWith("451 4.7.10").contains(reply).contains("530 5.7.0"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"550 5.7.1 Session encryption is required", "550 5.7.10 no", "550 5.7.11 no", "530 first things first"})
    void refusalOfARecipientForLackOfTlsShouldDeferAndAMistypedAddressBounce(String reply) throws Exception {
        internet.goodMx(DOMAIN).at(SmtpPhase.HANDSHAKE, SmtpAct.drop())
            .replyTo("bob@example.org", reply).replyTo("bbo@example.org", "550 5.1.1 who?");

        MailAddress bob = new MailAddress("bob@example.org");
        MailAddress mistyped = new MailAddress("bbo@example.org");

        assertThat(internet.deliver(DOMAIN, AS_POLICY_SAYS, COUNTED, bob.asString(), mistyped.asString()))
            .isInstanceOfSatisfying(DeliveryResult.Answered.class, answered -> {
                assertThat(answered.failed().get(bob).toString()).startsWith("451 4.7.10").contains(reply);
                assertThat(answered.failed().get(mistyped).toString()).startsWith("550 5.1.1");
            });
    }

    @ParameterizedTest
    @ValueSource(strings = {"550 5.7.1 your address is on a list", "550 5.7.26 no DKIM", "550 5.1.1 who?"})
    void otherRefusalShouldBeAnAnswerInClearText(String reply) throws Exception {
        internet.goodMx(DOMAIN).at(SmtpPhase.HANDSHAKE, SmtpAct.drop()).reply(SmtpPhase.MAIL, reply);

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().toString()).contains(reply));
    }

    @Test
    void refusalUnderTlsShouldBeAnAnswer() throws Exception {
        internet.goodMx(DOMAIN).reply(SmtpPhase.MAIL, "530 5.7.0 Authentication required");

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Refused.class);
    }

    @Test
    void hostThatInsistsOnTlsAndOffersNoneShouldBounceAfterTheLastHost() throws Exception {
        internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup).at(SmtpPhase.MAIL, TLS_FIRST);

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Refused.class,
            refused -> assertThat(refused.why().toString()).startsWith("550 5.7.10").contains("530 5.7.0"));

        SmtpServer second = internet.mx(DOMAIN, 2, "mx2.example.org", setup -> setup);
        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(second.mails()).hasSize(1);
    }

    @Test
    void serverThatHangsUpAfterTheHandshakeShouldGetTlsOnceMore() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN).once(SmtpPhase.EHLO_AFTER_TLS, SmtpAct.drop());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);

        assertThat(mx.connections()).isEqualTo(2);
        assertThat(mx.mails()).singleElement().satisfies(mail -> assertThat(mail.tls()).isPresent());
        assertThat(violations()).containsExactly(new Violation(ResultType.VALIDATION_FAILURE, "closed-after-handshake"));
        assertThat(internet.outcomes).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "testing"})
    void serverThatAlwaysHangsUpAfterTheHandshakeShouldGetClearTextAndCountOnce(String mode) throws Exception {
        if (mode.equals("testing")) {
            internet.policy(DOMAIN, mode, "mx.example.org");
        }
        SmtpServer mx = internet.goodMx(DOMAIN).at(SmtpPhase.EHLO_AFTER_TLS, SmtpAct.drop());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);

        assertThat(mx.connections()).isEqualTo(3);
        assertThat(mx.mails()).singleElement().satisfies(mail -> assertThat(mail.tls()).isEmpty());
        assertThat(violations()).containsExactly(new Violation(ResultType.VALIDATION_FAILURE, "closed-after-handshake"));
        assertThat(internet.outcomes).hasSize(1);
    }

    @Test
    void waivedMailShouldGoInClearTextAfterTheHandshakeAndNotBeCounted() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN).at(SmtpPhase.EHLO_AFTER_TLS, SmtpAct.drop());

        assertThat(internet.deliver(DOMAIN, WAIVED, COUNTED, "bob@example.org")).isInstanceOf(DeliveryResult.Answered.class);

        assertThat(mx.mails()).hasSize(1);
        assertThat(internet.outcomes).isEmpty();
    }

    @Test
    void serverThatHangsUpAfterTheHandshakeShouldNeverGetClearTextUnderEnforce() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "mx.example.org").goodMx(DOMAIN)
            .at(SmtpPhase.EHLO_AFTER_TLS, SmtpAct.drop());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Deferred.class);

        assertThat(mx.connections()).isEqualTo(1);
        assertThat(mx.mails()).isEmpty();
    }

    private SmtpServer tlsHost(String host, int preference) {
        return internet.mx(DOMAIN, preference, host, setup -> setup.identity(internet.ca.issue(host)));
    }

    private List<Violation> violations() {
        return internet.outcomes.stream().flatMap(outcome -> outcome.verdicts().stream())
            .filter(PolicyVerdict.Violated.class::isInstance)
            .flatMap(verdict -> ((PolicyVerdict.Violated) verdict).violations().stream()).toList();
    }
}
