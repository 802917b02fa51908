package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** TLS sessions that may be resumed, and for whom. */
class TlsMemoryTest {

    private static final String DOMAIN = "example.org";
    private static final String PROTECTED = "second.example";
    private static final String HOST = "mx.example.org";

    private TestDelivery internet;
    private OutboundResources traffic;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery();
        traffic = internet.resources(20);
    }

    @AfterEach
    void stop() {
        internet.close();
    }

    @Test
    void resumedSessionShouldBeJudgedByWhatThisMailNeeds() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, TestCa.selfSigned(HOST));
        internet.policy(PROTECTED, "enforce", HOST).dns.zone().mx(PROTECTED, 10, HOST);
        deliver(DOMAIN);

        assertThat(attempt(PROTECTED)).isInstanceOfSatisfying(DeliveryResult.Deferred.class,
            deferred -> assertThat(deferred.why().toString()).contains("self-signed certificate"));

        // one that resumed, and because that did not satisfy, one that showed the certificate
        assertThat(mx.connections()).isEqualTo(3);
        assertThat(mx.mails()).hasSize(1);
        assertThat(internet.outcomes).hasSize(2);
        assertThat(internet.outcomes.getLast().verdicts()).singleElement().isInstanceOf(PolicyVerdict.Violated.class);
    }

    @Test
    void resumedSessionShouldDoWhereAFullHandshakeWould() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", HOST).goodMx(DOMAIN);
        deliver(DOMAIN);

        deliver(DOMAIN);

        assertThat(mx.connections()).isEqualTo(2);
        assertThat(internet.outcomes).hasSize(2).allSatisfy(outcome ->
            assertThat(outcome.verdicts()).singleElement().isInstanceOf(PolicyVerdict.Met.class));
    }

    @Test
    void serverThatStumblesOverAResumedSessionShouldGetAFullHandshake() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);
        deliver(DOMAIN);
        mx.once(SmtpPhase.HANDSHAKE, SmtpAct.drop());

        deliver(DOMAIN);

        assertThat(mx.connections()).isEqualTo(3);
        assertThat(mx.mails()).allSatisfy(mail -> assertThat(mail.tls()).isPresent());
        assertThat(internet.outcomes).hasSize(2).allSatisfy(outcome ->
            assertThat(outcome.verdicts()).singleElement().isInstanceOf(PolicyVerdict.Met.class));
    }

    private void deliver(String domain) throws Exception {
        assertThat(attempt(domain)).isInstanceOfSatisfying(DeliveryResult.Answered.class,
            answered -> assertThat(answered.accepted()).hasSize(1));
    }

    private DeliveryResult attempt(String domain) throws Exception {
        return Router.byMx(internet.delivery(traffic), 0).attempt(FakeMail.builder().name("mail").sender(MailAddressFixture.SENDER)
            .recipient("bob@" + domain).mimeMessage(TestDelivery.message()).build(), OutboundMail.Retry.YES);
    }
}
