package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.SmtpServerSetup.Pipelining;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How many sessions one attempt opens with one address. */
class SessionsPerAttemptTest {

    private static final String DOMAIN = "example.org";
    private static final String HOST = "mx.example.org";

    private TestDelivery internet;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery();
    }

    @AfterEach
    void stop() {
        internet.close();
    }

    @ParameterizedTest
    @EnumSource(names = {"CLOSES", "CLOSES_AFTER_ONE"})
    void serverThatClosesUponPipeliningShouldGetTheMailWithoutIt(Pipelining way) throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, HOST, setup -> setup.pipelining(way));

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.connections()).isEqualTo(2);

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.connections()).as("remembered").isEqualTo(3);
        assertThat(mx.mails()).hasSize(2);
    }

    @Test
    void serverThatClosesInAnyCaseShouldGetTwoSessions() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, HOST, setup -> setup).at(SmtpPhase.RCPT, SmtpAct.drop());

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Deferred.class,
            deferred -> assertThat(deferred.why().toString()).startsWith("451 4.4.1").contains("the server closed the connection"));
        assertThat(mx.connections()).isEqualTo(2);

        mx.behave();
        internet.deliver(DOMAIN);
        assertThat(mx.mails()).hasSize(1);
    }

    @Test
    void serverWithSeveralFaultsShouldGetThreeSessionsAndTheMailInTheNextAttempt() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, HOST, setup -> setup.identity(internet.ca.issue(HOST)).pipelining(Pipelining.CLOSES))
            .at(SmtpPhase.EHLO_AFTER_TLS, SmtpAct.drop());

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Deferred.class,
            deferred -> assertThat(deferred.why().toString()).startsWith("451 4.4.1").contains("took no mail in 3 sessions"));
        assertThat(mx.connections()).isEqualTo(3);

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.connections()).isEqualTo(6);
        assertThat(mx.mails()).hasSize(1);
    }
}
