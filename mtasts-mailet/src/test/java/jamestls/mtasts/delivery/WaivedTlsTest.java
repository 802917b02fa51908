package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.TlsaRecord;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.SigningFault;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.mtasts.dane.Tlsa;
import jamestls.outcome.ReportMailListener;
import jamestls.smtp.SmtpConnector.TlsUse;
import java.util.Optional;
import org.apache.mailet.Attribute;
import org.apache.mailet.Mail;
import org.apache.mailet.base.MailAddressFixture;
import org.apache.mailet.base.test.FakeMail;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Mails that waive TLS, by the header or the attribute (RFC 8689 §3), and TLS reports (RFC 8460 §5.3.1): faults of
 * TLS do not hold them. MX records and addresses must still be valid, and a gateway must pass the verification that the operator demands.
 */
class WaivedTlsTest {

    private static final String DOMAIN = "example.org";
    private static final String HOST = "mx.example.org";
    private static final Identity IMPOSTOR = TestCa.selfSigned("impostor.example");

    private final DnsTree tree = DnsTree.over(new Zone()).signed(".", Signing.with(Signing.Algorithm.ECDSA))
        .signed(DOMAIN, Signing.with(Signing.Algorithm.ECDSA));
    private TestDelivery internet;

    /** How TLS is waived. */
    enum Waiver { HEADER, ATTRIBUTE, REPORT }

    @BeforeEach
    void start() throws Exception {
        internet = TestDelivery.over(tree);
    }

    @AfterEach
    void stop() {
        internet.close();
    }

    @ParameterizedTest
    @EnumSource
    void bogusTlsaShouldNotHoldTheMail(Waiver waiver) throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, IMPOSTOR);
        publish(mx.port(), HOST);
        tree.fault("_" + mx.port() + "._tcp." + HOST, SigningFault.BOGUS_SIGNATURE);

        assertDelivered(mx, waiver);
    }

    @ParameterizedTest
    @EnumSource
    void failedTlsaLookupShouldNotHoldTheMail(Waiver waiver) throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, HOST, setup -> setup);
        internet.dns.faults().set("_" + mx.port() + "._tcp." + HOST, DnsFault.SERVFAIL);

        assertDelivered(mx, waiver);
    }

    @ParameterizedTest
    @EnumSource
    void tlsaAndPolicyThatForbidTheHostShouldNotHoldTheMail(Waiver waiver) throws Exception {
        internet.policy(DOMAIN, "enforce", "elsewhere.example.org");
        SmtpServer mx = internet.goodMx(DOMAIN);
        publish(mx.port(), HOST);

        assertDelivered(mx, waiver);
    }

    @ParameterizedTest
    @EnumSource
    void bogusMxShouldHoldTheMailForNow(Waiver waiver) throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);
        tree.fault(DOMAIN, SigningFault.BOGUS_SIGNATURE);

        assertHeld(mx, waiver, "4.4.3");
    }

    @ParameterizedTest
    @EnumSource
    void bogusAddressShouldHoldTheMailForNow(Waiver waiver) throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);
        tree.fault(HOST, SigningFault.BOGUS_SIGNATURE);

        assertHeld(mx, waiver, "4.4.1");
    }

    @ParameterizedTest
    @EnumSource
    void gatewayThatTheOperatorHasVerifiedShouldBeVerified(Waiver waiver) throws Exception {
        SmtpServer gateway = internet.gateway("relay.example.org", setup -> setup.identity(IMPOSTOR));

        assertDeferred(internet.dispatch(mail(waiver), through(gateway, Gateways.Verification.DEMANDED)), "4.7.5");
        assertThat(gateway.mails()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void otherGatewayShouldTakeTheMailWhateverItsTlsaRecordsSay(Waiver waiver) throws Exception {
        SmtpServer gateway = internet.gateway("relay.example.org", setup -> setup.identity(internet.ca.issue("relay.example.org")));
        publish(gateway.port(), "relay.example.org");
        tree.fault("_" + gateway.port() + "._tcp.relay.example.org", SigningFault.EXPIRED);

        assertThat(internet.dispatch(mail(waiver), through(gateway, Gateways.Verification.NOT_DEMANDED)))
            .isInstanceOf(DeliveryResult.Answered.class);
        assertThat(gateway.mails()).hasSize(1);
    }

    private void assertDelivered(SmtpServer mx, Waiver waiver) throws Exception {
        assertThat(internet.dispatch(mail(waiver))).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
        assertThat(internet.outcomes).isEmpty();
    }

    private void assertHeld(SmtpServer mx, Waiver waiver, String status) throws Exception {
        assertDeferred(internet.dispatch(mail(waiver)), status);
        assertThat(mx.connections()).isZero();
        assertThat(internet.outcomes).isEmpty();
    }

    private static void assertDeferred(DeliveryResult result, String status) {
        assertThat(result).isInstanceOfSatisfying(DeliveryResult.Deferred.class,
            deferred -> assertThat(deferred.why().status()).isEqualTo(status));
    }

    private static Mail mail(Waiver waiver) throws Exception {
        Mail mail = FakeMail.builder().name("mail").sender(MailAddressFixture.SENDER).recipients("bob@example.org")
            .mimeMessage(TestDelivery.message()).build();
        switch (waiver) {
            case HEADER -> mail.getMessage().setHeader("TLS-Required", "No");
            case ATTRIBUTE -> mail.setAttribute(Attribute.convertToAttribute("REQUIRETLS", false));
            case REPORT -> {
                // as tlsrpt-mailet's MailTransport sends it
                mail.setAttribute(Attribute.convertToAttribute("REQUIRETLS", false));
                mail.setAttribute(Attribute.convertToAttribute(ReportMailListener.Attributes.REPORT, true));
            }
        }
        return mail;
    }

    private static Gateways through(SmtpServer gateway, Gateways.Verification verification) {
        return new Gateways(Gateways.hosts("relay.example.org:" + gateway.port(), 25), Gateways.Order.AS_LISTED, TlsUse.IF_OFFERED,
            verification, Optional.empty());
    }

    /** Records that no server here satisfies. */
    private void publish(int port, String host) {
        TlsaRecord other = Tlsa.of(3, 1, 1, TestCa.selfSigned("other.example").chain().getFirst());
        internet.dns.zone().tlsa("_" + port + "._tcp." + host, 3, 1, 1, other.data());
    }
}
