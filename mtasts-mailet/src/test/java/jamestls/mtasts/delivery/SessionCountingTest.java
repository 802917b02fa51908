package jamestls.mtasts.delivery;

import static jamestls.mtasts.policy.SenderTlsRequest.AS_POLICY_SAYS;
import static jamestls.mtasts.policy.SenderTlsRequest.WAIVED;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.mtasts.delivery.OutboundMail.Reporting;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.smtp.ReuseLimits;
import java.util.List;
import org.apache.mailet.base.test.FakeMail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rules of docs/reference/counting.md, one test each. */
class SessionCountingTest {

    private static final String HOST = "mx.hoster.example";

    private TestDelivery internet;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery(ReuseLimits.defaults());
    }

    @AfterEach
    void stop() {
        internet.close();
    }

    @Test
    void sessionShouldCountOnceForEachDomainByThatDomainsPolicy() throws Exception {
        SmtpServer mx = internet.mx("x.example", 10, HOST, setup -> setup.identity(TestCa.selfSigned(HOST)));
        internet.policy("y.example", "testing", HOST).dns.zone().mx("y.example", 10, HOST);

        deliver("x.example", "y.example", "y.example", "x.example");

        assertThat(mx.connections()).isEqualTo(1);
        assertThat(counted()).containsExactly("x.example met", "y.example certificate-not-trusted");
        assertThat(internet.outcomes.getFirst().session()).isPresent().isEqualTo(internet.outcomes.getLast().session());
    }

    @Test
    void hostSkippedBeforeConnectingShouldCountWithTheSession() throws Exception {
        internet.policy("example.org", "enforce", HOST).dns.zone().mx("example.org", 1, "mx.attacker.example")
            .a("mx.attacker.example", "127.0.0.99");
        SmtpServer mx = internet.mx("example.org", 10, HOST, setup -> setup.identity(internet.ca.issue(HOST)));

        deliver("example.org", "example.org", "example.org", "example.org", "example.org");

        assertThat(mx.connections()).isEqualTo(1);
        assertThat(counted()).containsExactly("example.org validation-failure", "example.org met");
    }

    @Test
    void hostSkippedBeforeConnectingShouldCountAsOftenAsTheSession() throws Exception {
        // for each identity of senders: the sink of outcomes knows which of them share one
        internet.policy("example.org", "enforce", HOST).dns.zone().mx("example.org", 1, "mx.attacker.example")
            .a("mx.attacker.example", "127.0.0.99");
        SmtpServer mx = internet.mx("example.org", 10, HOST, setup -> setup.identity(internet.ca.issue(HOST)));

        for (String sender : List.of("alice@one.example", "bob@two.example", "carol@one.example")) {
            internet.dispatch(FakeMail.builder().name("mail").sender(sender).recipients("dan@example.org")
                .mimeMessage(TestDelivery.message()).build());
        }

        assertThat(mx.connections()).isEqualTo(1);
        assertThat(counted()).containsExactly("example.org validation-failure", "example.org met", "example.org validation-failure",
            "example.org met");
        assertThat(internet.outcomes.get(0).session()).isPresent().isEqualTo(internet.outcomes.get(2).session())
            .isNotEqualTo(internet.outcomes.get(1).session());
        assertThat(internet.outcomes).extracting(outcome -> outcome.sendingDomain().orElseThrow().ascii())
            .containsExactly("one.example", "one.example", "two.example", "two.example");
    }

    @Test
    void hostSkippedBeforeConnectingShouldCountOnceForAnAttemptWithoutSession() throws Exception {
        internet.policy("example.org", "enforce", HOST).dns.zone().mx("example.org", 1, "mx.attacker.example")
            .a("mx.attacker.example", "127.0.0.99");

        internet.deliver("example.org");

        assertThat(counted()).containsExactly("example.org validation-failure");
    }

    @Test
    void failedFetchShouldCountOnceBesideTheSession() throws Exception {
        internet.policy("example.org", "enforce", HOST);
        internet.mx("example.org", 10, HOST, setup -> setup.identity(internet.ca.issue(HOST)));
        deliver("example.org");
        breakPolicyHost("example.org");

        deliver("example.org", "example.org", "example.org");

        assertThat(counted()).containsExactly("example.org met", "example.org sts-policy-fetch-error");
        assertThat(internet.outcomes.getLast().verdicts().getFirst().policy().mxHosts()).containsExactly(HOST);
        assertThat(internet.outcomes.getLast().verdicts().getFirst().policy().policyStrings()).contains("mode: enforce");
    }

    @Test
    void failedFetchShouldCountOnceOverSeveralConnections() throws Exception {
        internet.close();
        internet = new TestDelivery(ReuseLimits.none());
        internet.policy("example.org", "enforce", HOST);
        SmtpServer mx = internet.mx("example.org", 10, HOST, setup -> setup.identity(internet.ca.issue(HOST)));
        deliver("example.org");
        breakPolicyHost("example.org");

        deliver("example.org", "example.org", "example.org");

        assertThat(mx.connections()).isEqualTo(4);
        assertThat(counted()).containsExactlyInAnyOrder("example.org met", "example.org sts-policy-fetch-error", "example.org met",
            "example.org met", "example.org met");
    }

    @Test
    void failedFetchShouldNotCountForWaivedMailOrReportsAndWaitForASession() throws Exception {
        internet.policy("example.org", "enforce", HOST, "mx2.hoster.example");
        SmtpServer mx = internet.mx("example.org", 10, HOST, setup -> setup.identity(internet.ca.issue(HOST)));
        deliver("example.org");
        breakPolicyHost("example.org");

        internet.deliver("example.org", WAIVED, Reporting.COUNTED, "bob@example.org");
        internet.deliver("example.org", AS_POLICY_SAYS, Reporting.NOT_COUNTED, "reports@example.org");
        mx.close();
        internet.deliver("example.org");
        assertThat(counted()).containsExactly("example.org met");

        internet.mx("example.org", 20, "mx2.hoster.example", setup -> setup.identity(internet.ca.issue("mx2.hoster.example")));
        deliver("example.org");
        assertThat(counted()).containsExactly("example.org met", "example.org sts-policy-fetch-error", "example.org met");
    }

    @Test
    void missingRecordShouldBeNoFailedFetch() throws Exception {
        internet.policy("example.org", "enforce", HOST);
        internet.mx("example.org", 10, HOST, setup -> setup.identity(internet.ca.issue(HOST)));
        deliver("example.org");
        internet.dns.zone().remove("_mta-sts.example.org");

        deliver("example.org", "example.org");

        assertThat(counted()).containsExactly("example.org met");
    }

    @Test
    void invalidPolicyShouldBeQuotedAsDeclared() throws Exception {
        // RFC 8460 §4.5: "including any errors"
        internet.policy("example.org", "enforced", HOST);
        internet.mx("example.org", 10, HOST, setup -> setup.identity(internet.ca.issue(HOST)));

        deliver("example.org", "example.org");

        assertThat(counted()).containsExactly("example.org sts-policy-invalid");
        assertThat(internet.outcomes.getFirst().verdicts().getFirst().policy().policyStrings())
            .containsExactly("version: STSv1", "mode: enforced", "max_age: 86400", "mx: " + HOST);
    }

    @Test
    void bounceShouldCountLikeAnyOtherMail() throws Exception {
        // also the bounce of a TLS report that came in: nothing tells it from others
        internet.mx("example.org", 10, HOST, setup -> setup.identity(internet.ca.issue(HOST)));

        internet.dispatch(FakeMail.builder().name("bounce").recipients("tls-reports@example.org").mimeMessage(TestDelivery.message())
            .build());

        assertThat(counted()).containsExactly("example.org met");
        assertThat(internet.outcomes.getFirst().sendingDomain()).isEmpty();
    }

    @Test
    void mailOnASessionThatAReportOpenedShouldCountIt() throws Exception {
        SmtpServer mx = internet.mx("example.org", 10, HOST, setup -> setup.identity(internet.ca.issue(HOST)));
        internet.deliver("example.org", AS_POLICY_SAYS, Reporting.NOT_COUNTED, "reports@example.org");
        assertThat(internet.outcomes).isEmpty();

        deliver("example.org", "example.org");

        assertThat(mx.connections()).isEqualTo(1);
        assertThat(counted()).containsExactly("example.org met");
    }

    private void breakPolicyHost(String domain) {
        internet.dns.zone().remove("_mta-sts." + domain).txt("_mta-sts." + domain, "v=STSv1; id=2");
        internet.policyHost.answer("mta-sts." + domain, new HttpAnswer.Redirect("https://elsewhere.example/"));
    }

    private void deliver(String... domains) throws Exception {
        for (String domain : domains) {
            assertThat(internet.deliver(domain)).isInstanceOf(DeliveryResult.Answered.class);
        }
    }

    private List<String> counted() {
        return internet.outcomes.stream().map(outcome -> outcome.recipientDomain() + " " + word(outcome)).toList();
    }

    private static String word(TlsOutcome outcome) {
        return outcome.verdicts().getFirst() instanceof PolicyVerdict.Violated violated
            ? violated.violations().getFirst().type().wireName() : "met";
    }
}
