package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.mtasts.dane.Tlsa;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.smtp.SmtpConnector.TlsUse;
import java.util.Optional;
import org.apache.mailet.Attribute;
import org.apache.mailet.Mail;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** DANE and REQUIRETLS at a host that the operator configured. */
class GatewayDaneTest {

    private static final Identity IMPOSTOR = TestCa.selfSigned("impostor.example");

    private TestDelivery internet;

    @BeforeEach
    void start() throws Exception {
        internet = TestDelivery.over(DnsTree.over(new Zone()).signed(".", Signing.with(Signing.Algorithm.ECDSA))
            .signed("example.org", Signing.with(Signing.Algorithm.ECDSA)).unsigned("unsigned.example"));
    }

    @AfterEach
    void stop() {
        internet.close();
    }

    @Test
    void gatewayShouldBeAuthenticatedByItsTlsaRecords() throws Exception {
        // RFC 7672 §2.2.2: the operator names the gateway, so no insecure MX record is involved
        SmtpServer gateway = internet.gateway("relay.example.org", setup -> setup.identity(IMPOSTOR).keywordsUnderTls("REQUIRETLS"));
        publish(gateway);

        assertThat(internet.dispatch(requireTls(), through(gateway))).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(gateway.mails()).hasSize(1);
        assertThat(internet.outcomes).singleElement()
            .satisfies(outcome -> assertThat(outcome.verdicts().getFirst().policy().type()).isEqualTo(PolicyType.TLSA));
    }

    @Test
    void gatewayWhoseCertificateFitsNoTlsaRecordShouldGetNoMail() throws Exception {
        SmtpServer gateway = internet.gateway("relay.example.org", setup -> setup.identity(internet.ca.issue("relay.example.org")));
        publish(gateway);

        assertThat(internet.dispatch(ordinary(), through(gateway))).isInstanceOfSatisfying(DeliveryResult.Deferred.class,
            deferred -> assertThat(deferred.why().toString()).contains("no TLSA record matched"));
        assertThat(gateway.mails()).isEmpty();
    }

    @Test
    void requireTlsShouldBeSatisfiedByTheTrustedCertificateOfAGateway() throws Exception {
        // RFC 8689 §4.2.1: nobody could have forged a configured name
        SmtpServer gateway = internet.gateway("relay.unsigned.example",
            setup -> setup.identity(internet.ca.issue("relay.unsigned.example")).keywordsUnderTls("REQUIRETLS"));

        assertThat(internet.dispatch(requireTls(), through(gateway, "relay.unsigned.example")))
            .isInstanceOf(DeliveryResult.Answered.class);
        assertThat(gateway.mails()).hasSize(1);
    }

    @Test
    void mandatoryDaneOfAGatewayShouldHoldTheMailWithoutIt() throws Exception {
        internet.tlsPolicies = "relay.example.org dane-only";
        SmtpServer gateway = internet.gateway("relay.example.org", setup -> setup.identity(internet.ca.issue("relay.example.org")));

        assertThat(internet.dispatch(ordinary(), through(gateway))).isInstanceOfSatisfying(DeliveryResult.Deferred.class,
            deferred -> assertThat(deferred.why().toString()).contains("rule of this server").contains("dane required"));
        assertThat(gateway.connections()).isZero();
    }

    @Test
    void mandatoryDaneShouldBeSatisfiedByTheTlsaRecordsOfAGateway() throws Exception {
        internet.tlsPolicies = "relay.example.org dane-only";
        SmtpServer gateway = internet.gateway("relay.example.org", setup -> setup.identity(IMPOSTOR));
        publish(gateway);

        assertThat(internet.dispatch(ordinary(), through(gateway))).isInstanceOf(DeliveryResult.Answered.class);
    }

    @Test
    void requireTlsShouldNotGoToAGatewayWithoutTrustedCertificate() throws Exception {
        SmtpServer gateway = internet.gateway("relay.unsigned.example", setup -> setup.identity(IMPOSTOR).keywordsUnderTls("REQUIRETLS"));

        assertThat(internet.dispatch(requireTls(), through(gateway, "relay.unsigned.example"))).isInstanceOf(DeliveryResult.Refused.class);
        assertThat(gateway.mails()).isEmpty();
    }

    private static Gateways through(SmtpServer gateway) {
        return through(gateway, "relay.example.org");
    }

    private static Gateways through(SmtpServer gateway, String name) {
        return new Gateways(Gateways.hosts(name + ":" + gateway.port(), 25), Gateways.Order.AS_LISTED, TlsUse.IF_OFFERED,
            Gateways.Verification.NOT_DEMANDED, Optional.empty());
    }

    private static Mail requireTls() throws Exception {
        Mail mail = ordinary();
        mail.setAttribute(Attribute.convertToAttribute("REQUIRETLS", true));
        return mail;
    }

    private static Mail ordinary() throws Exception {
        return FakeMail.builder().name("mail").sender(MailAddressFixture.SENDER).recipients("bob@one.example")
            .mimeMessage(TestDelivery.message()).build();
    }

    private void publish(SmtpServer gateway) {
        internet.dns.zone().tlsa("_" + gateway.port() + "._tcp.relay.example.org", 3, 1, 1,
            Tlsa.of(3, 1, 1, IMPOSTOR.chain().getFirst()).data());
    }
}
