package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.TestCa;
import jamestls.mtasts.delivery.OutboundMail.Reporting;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.smtp.ReuseLimits;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DeliveryMetricsTest {

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
    void verifiedSessionAndItsReuseShouldBeCounted() throws Exception {
        internet.policy("good.example", "enforce", "mx.good.example").goodMx("good.example");

        internet.deliver("good.example");
        internet.deliver("good.example");

        assertThat(counted()).isEqualTo(Map.of("mtastsSessionsAuthenticated", 1, "mtastsSessionsReused", 1, "outgoingMails", 2));
        assertThat(internet.metrics.executionTimesFor("RemoteDeliveryTrial")).hasSize(2);
    }

    @Test
    void fallBackToClearTextShouldBeCounted() throws Exception {
        internet.goodMx("broken.example").at(SmtpPhase.HANDSHAKE, SmtpAct.drop());

        internet.deliver("broken.example");

        assertThat(counted()).isEqualTo(Map.of("mtastsFallbacksToClearText", 1, "mtastsSessionsClearText", 1, "outgoingMails", 1));
    }

    @Test
    void deferralsShouldBeCountedByCause() throws Exception {
        internet.policy("enforced.example", "enforce", "mx.enforced.example")
            .mx("enforced.example", TestCa.selfSigned("mx.enforced.example"));
        internet.goodMx("down.example").reply(SmtpPhase.GREETING, "421 4.3.2 down");
        internet.goodMx("busy.example").replyTo("bob@busy.example", "450 4.2.1 busy");
        internet.dns.faults().set("failing.example", jamestls.fakeinternet.DnsFault.SERVFAIL);

        internet.deliver("enforced.example");
        internet.deliver("down.example");
        internet.deliver("busy.example");
        internet.deliver("failing.example");

        assertThat(counted()).isEqualTo(new TreeMap<>(Map.of("mtastsSessionsRefusedByPolicy", 1, "mtastsSessionsFailed", 1,
            "mtastsSessionsUnauthenticated", 1, "mtastsDeferralsPolicy", 1, "mtastsDeferralsNetwork", 1, "mtastsDeferralsReply", 1,
            "mtastsDeferralsDns", 1)));
    }

    @Test
    void bouncesShouldBeCounted() throws Exception {
        internet.goodMx("good.example").replyTo("nobody@good.example", "550 5.1.1 who?");

        internet.deliver("good.example", SenderTlsRequest.AS_POLICY_SAYS, Reporting.COUNTED, "nobody@good.example");
        internet.deliver("nowhere.example");

        assertThat(counted()).containsEntry("mtastsBounces", 2).doesNotContainKey("outgoingMails");
    }

    /** Those that are not zero. */
    private Map<String, Integer> counted() {
        Map<String, Integer> counted = new TreeMap<>();
        for (DeliveryMetrics.Count count : DeliveryMetrics.Count.values()) {
            int value = internet.metrics.countFor(count.metric());
            if (value > 0) {
                counted.put(count.metric(), value);
            }
        }
        return counted;
    }
}
