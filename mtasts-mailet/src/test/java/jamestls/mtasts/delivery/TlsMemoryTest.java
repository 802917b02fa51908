package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is remembered of the TLS of a host, and for whom: where it failed, and sessions that may be resumed. */
class TlsMemoryTest {

    private static final String DOMAIN = "example.org";
    private static final String PROTECTED = "second.example";
    private static final String HOST = "mx.example.org";

    private final AtomicLong nanos = new AtomicLong();
    private TestDelivery internet;
    private OutboundResources traffic;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery();
        traffic = internet.traffic(20, nanos::get);
    }

    @AfterEach
    void stop() {
        internet.close();
    }

    @Test
    void failedTlsShouldNotBeTriedAgainForTenMinutes() throws Exception {
        SmtpServer mx = withBrokenTls();

        deliver(DOMAIN);
        assertThat(startTls(mx)).isEqualTo(1);
        assertThat(mx.connections()).isEqualTo(2);

        nanos.addAndGet(Duration.ofMinutes(10).toNanos() - 1);
        deliver(DOMAIN);
        assertThat(startTls(mx)).isEqualTo(1);
        assertThat(mx.connections()).isEqualTo(3);

        nanos.addAndGet(2);
        deliver(DOMAIN);
        assertThat(startTls(mx)).isEqualTo(2);
        assertThat(mx.mails()).hasSize(3).allMatch(mail -> mail.tls().isEmpty());
    }

    @Test
    void failedTlsShouldNotBeRememberedForMailThatNeedsIt() throws Exception {
        SmtpServer mx = withBrokenTls();
        deliver(DOMAIN);
        mx.behave();
        internet.policy(PROTECTED, "enforce", HOST).dns.zone().mx(PROTECTED, 10, HOST);

        deliver(PROTECTED);

        assertThat(mx.mails()).hasSize(2);
        assertThat(mx.mails().getLast().tls()).isPresent();
    }

    @Test
    void failedTlsShouldSayNothingOfOtherHosts() throws Exception {
        withBrokenTls();
        SmtpServer other = internet.mx("other.example", 10, "mx.other.example",
            setup -> setup.identity(internet.ca.issue("mx.other.example")));
        deliver(DOMAIN);

        deliver("other.example");

        assertThat(other.mails()).singleElement().satisfies(mail -> assertThat(mail.tls()).isPresent());
    }

    @Test
    void tlsShouldBeTriedAgainWhereClearTextWasNoBetter() throws Exception {
        SmtpServer mx = withBrokenTls().once(SmtpPhase.EHLO, SmtpAct.say("250-mx", "250 STARTTLS"))
            .once(SmtpPhase.EHLO, SmtpAct.drop());
        assertThat(attempt(DOMAIN)).isInstanceOf(DeliveryResult.Deferred.class);

        deliver(DOMAIN);

        assertThat(startTls(mx)).isEqualTo(2);
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

    private SmtpServer withBrokenTls() {
        return internet.goodMx(DOMAIN).at(SmtpPhase.HANDSHAKE, SmtpAct.drop());
    }

    private void deliver(String domain) throws Exception {
        assertThat(attempt(domain)).isInstanceOfSatisfying(DeliveryResult.Answered.class,
            answered -> assertThat(answered.accepted()).hasSize(1));
    }

    private DeliveryResult attempt(String domain) throws Exception {
        return Router.byMx(internet.delivery(traffic), 0).attempt(FakeMail.builder().name("mail").sender(MailAddressFixture.SENDER)
            .recipient("bob@" + domain).mimeMessage(TestDelivery.message()).build());
    }

    private static long startTls(SmtpServer mx) {
        return mx.transcript().stream().filter("C: STARTTLS"::equals).count();
    }
}
