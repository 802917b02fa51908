package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import java.net.NetworkInterface;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A host that does not like our IPv6 address and may like the other. */
class AddressFamilyTest {

    private static final String DOMAIN = "example.org";
    private static final String HOST = "mx.example.org";

    private TestDelivery internet;
    private SmtpServer ipv4;
    private SmtpServer ipv6;

    @BeforeEach
    void start() throws Exception {
        assumeThat(NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses))
            .as("IPv6 loopback").anyMatch(address -> address.getHostAddress().startsWith("0:0:0:0:0:0:0:1"));
        internet = new TestDelivery();
        ipv4 = internet.mx(DOMAIN, 10, HOST, setup -> setup);
        ipv6 = SmtpServer.named(HOST).on("::1").port(ipv4.port()).start();
        internet.dns.zone().aaaa(HOST, "::1");
    }

    @AfterEach
    void stop() {
        if (internet != null) {
            ipv6.close();
            internet.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"550 5.7.25 no", "550 5.7.1 [::1] IPv6 sending guidelines", "550 5.7.1 no PTR record", "550 5.7.1 reverse DNS"})
    void refusalForWantOfReverseDnsShouldBeTriedOverIpv4(String reply) throws Exception {
        ipv6.reply(SmtpPhase.MAIL, reply);

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);

        assertThat(ipv6.connections()).isEqualTo(1);
        assertThat(ipv4.mails()).hasSize(1);
    }

    @Test
    void refusalOverBothFamiliesShouldCount() throws Exception {
        ipv6.reply(SmtpPhase.RCPT, "550 5.7.25 no PTR");
        ipv4.reply(SmtpPhase.RCPT, "550 5.7.25 no PTR either");

        assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Answered.class, answered ->
            assertThat(answered.failed().values()).singleElement().satisfies(failure ->
                assertThat(failure.toString()).startsWith("550 5.7.25").contains("either")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"550 5.7.1 spam", "550 5.1.1 no PTR of that name", "554 5.7.25 no"})
    void otherRefusalOverIpv6ShouldBeAnAnswer(String reply) throws Exception {
        ipv6.reply(SmtpPhase.MAIL, reply);

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Refused.class);

        assertThat(ipv4.connections()).isZero();
    }
}
