package jamestls.mtasts.delivery;

import static jamestls.mtasts.delivery.OutboundMail.Reporting.COUNTED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.dns.TlsaRecord;
import jamestls.fakeinternet.CertificateBuilder;
import jamestls.fakeinternet.CertificateBuilder.Issued;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.SigningFault;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.mtasts.dane.Tlsa;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Mails to hosts with TLSA records, over real DNS, DNSSEC and TLS. */
class DaneDeliveryTest {

    private static final String DOMAIN = "example.org";
    private static final String HOST = "mx.example.org";
    private static final Identity IMPOSTOR = TestCa.selfSigned("whoever.example");

    private final DnsTree tree = DnsTree.over(new Zone()).signed(".", Signing.with(Signing.Algorithm.ECDSA))
        .signed(DOMAIN, Signing.with(Signing.Algorithm.ECDSA).nsec3()).signed("example.net", Signing.with(Signing.Algorithm.ED25519))
        .unsigned("unsigned.example");
    private TestDelivery internet;

    @BeforeEach
    void start() throws GeneralSecurityException, IOException {
        internet = TestDelivery.over(tree);
    }

    @AfterEach
    void noConnectionShouldBeLeftOpen() {
        try {
            await().until(() -> internet.openConnections() == 0);
        } finally {
            internet.close();
        }
    }

    @Test
    void matchingKeyShouldDoWhateverElseIsInTheCertificate() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, IMPOSTOR);
        publish(HOST, 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).singleElement().satisfies(mail -> assertThat(mail.tls().orElseThrow().sni()).contains(HOST));
        assertThat(reported()).containsExactly("tlsa met");
        assertThat(internet.outcomes.getFirst().verdicts().getFirst().policy().policyDomain()).isEqualTo(DomainName.of(HOST));
    }

    @Test
    void keyThatDoesNotMatchShouldHoldTheMail() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);
        publish(HOST, 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(deferral(internet.deliver(DOMAIN)).toString()).startsWith("451 4.7.5")
            .contains("DANE").contains(HOST).contains("no TLSA record matched").contains("TLSA records");
        assertThat(mx.mails()).isEmpty();
        assertThat(reported()).containsExactly("tlsa validation-failure");
    }

    @Test
    void failingDaneShouldNotBeRescuedByMtaSts() throws Exception {
        SmtpServer mx = internet.policy(DOMAIN, "enforce", HOST).goodMx(DOMAIN);
        publish(HOST, 3, 1, 1, IMPOSTOR.chain().getFirst());

        deferral(internet.deliver(DOMAIN));
        assertThat(mx.mails()).isEmpty();
        assertThat(reported()).as("RFC 8461 §2").containsExactly("tlsa validation-failure", "sts met");
    }

    @Test
    void bothPoliciesShouldBeReportedEachWithItsOwnVerdict() throws Exception {
        internet.policy(DOMAIN, "testing", HOST).mx(DOMAIN, IMPOSTOR);
        publish(HOST, 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(internet.outcomes).as("one session, one outcome").hasSize(1);
        assertThat(reported()).containsExactly("tlsa met", "sts certificate-host-mismatch,certificate-not-trusted");
    }

    @Test
    void hostWithoutTlsaShouldObeyThePolicyAllTheSame() throws Exception {
        internet.policy(DOMAIN, "enforce", "*.example.org");
        SmtpServer first = internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup.identity(IMPOSTOR));
        SmtpServer second = internet.mx(DOMAIN, 2, "mx2.example.org", setup -> setup.identity(IMPOSTOR));
        publish("mx2.example.org", 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(first.mails()).isEmpty();
        assertThat(second.mails()).hasSize(1);
    }

    @Test
    void noStartTlsShouldHoldTheMail() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, HOST, setup -> setup);
        publish(HOST, 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(deferral(internet.deliver(DOMAIN)).status()).isEqualTo("4.7.10");
        assertThat(mx.mails()).isEmpty();
        assertThat(reported()).containsExactly("tlsa starttls-not-supported");
    }

    @Test
    void unusableRecordsShouldDemandTlsAndNoMore() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, IMPOSTOR);
        publish(HOST, 1, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails().getFirst().tls()).isPresent();
        assertThat(reported()).containsExactly("tlsa tlsa-invalid");
    }

    @Test
    void unusableRecordsShouldNeverLeadToClearText() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, HOST, setup -> setup);
        publish(HOST, 1, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(deferral(internet.deliver(DOMAIN)).status()).isEqualTo("4.7.10");
        assertThat(mx.mails()).isEmpty();
    }

    @Test
    void failingLookupShouldCostOneHostAndNotTheMail() throws Exception {
        SmtpServer first = internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup.identity(IMPOSTOR));
        SmtpServer second = internet.mx(DOMAIN, 2, "mx2.example.org", setup -> setup.identity(IMPOSTOR));
        internet.dns.faults().set("_" + first.port() + "._tcp.mx1.example.org", DnsFault.SERVFAIL);

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(first.connections()).as("RFC 7672 §10").isZero();
        assertThat(second.mails()).hasSize(1);
        assertThat(reported()).containsExactly("tlsa dnssec-invalid", "no-policy-found met");
    }

    @Test
    void bogusRecordsEverywhereShouldHoldTheMailAndSayWhy() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);
        publish(HOST, 3, 1, 1, IMPOSTOR.chain().getFirst());
        tree.fault("_" + mx.port() + "._tcp." + HOST, SigningFault.EXPIRED);

        assertThat(deferral(internet.deliver(DOMAIN)).toString()).startsWith("451 4.7.5").contains("DNSSEC")
            .contains("DNSSEC invalid", "TLSA of _" + mx.port() + "._tcp." + HOST, "DNSSEC_BOGUS");
        assertThat(mx.connections()).isZero();
    }

    @Test
    void bogusAddressesShouldMakeTheHostUnreachable() throws Exception {
        internet.goodMx(DOMAIN);
        tree.fault(HOST, SigningFault.BOGUS_SIGNATURE);

        deferral(internet.deliver(DOMAIN));
        assertThat(reported()).containsExactly("tlsa dnssec-invalid");
    }

    @Test
    void bogusMxShouldHoldTheMailAndBeReported() throws Exception {
        internet.goodMx(DOMAIN);
        tree.fault(DOMAIN, SigningFault.WRONG_KEY);

        assertThat(deferral(internet.deliver(DOMAIN)).status()).isEqualTo("4.4.3");
        assertThat(reported()).containsExactly("tlsa dnssec-invalid");
    }

    @Test
    void insecureAddressShouldRuleTlsaOutWithoutAsking() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, "mx.unsigned.example", setup -> setup.identity(IMPOSTOR));
        internet.dns.faults().set("_" + mx.port() + "._tcp.mx.unsigned.example", DnsFault.SERVFAIL);

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(reported()).containsExactly("no-policy-found met");
    }

    @Test
    void insecureMxShouldProtectTheWayWithoutTheNameOfAuthentication() throws Exception {
        SmtpServer mx = internet.mx("unsigned.example", 10, "mail.example.net",
            setup -> setup.identity(IMPOSTOR));
        publish("mail.example.net", 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(internet.deliver("unsigned.example")).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
        assertThat(reported()).containsExactly("tlsa met");
        assertThat(internet.deliver("unsigned.example", SenderTlsRequest.REQUIRED, COUNTED, "bob@unsigned.example"))
            .as("a forged MX record could have led here").isInstanceOf(DeliveryResult.Refused.class);
    }

    @Test
    void insecureMxShouldNotLetAWrongKeyPass() throws Exception {
        SmtpServer mx = internet.mx("unsigned.example", 10, "mail.example.net",
            setup -> setup.identity(internet.ca.issue("mail.example.net")));
        publish("mail.example.net", 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(deferral(internet.deliver("unsigned.example")).status()).isEqualTo("4.7.5");
        assertThat(mx.mails()).isEmpty();
    }

    @Test
    void resolverThatStripsDnssecShouldHoldNoMail() throws Exception {
        tree.strip(true);
        SmtpServer mx = internet.goodMx(DOMAIN);
        publish(HOST, 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
        assertThat(reported()).containsExactly("no-policy-found met");
    }

    @Test
    void strippedDelegationShouldHoldTheMailAndNotPassForUnsigned() throws Exception {
        SmtpServer mx = internet.goodMx(DOMAIN);
        publish(HOST, 3, 1, 1, IMPOSTOR.chain().getFirst());
        tree.fault(DOMAIN, SigningFault.STRIPPED_DS);

        deferral(internet.deliver(DOMAIN));
        assertThat(mx.connections()).isZero();
    }

    @Test
    void recordsWithoutSenseShouldBeUnusableAndTheOthersCount() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, IMPOSTOR);
        internet.dns.zone().tlsa("_" + mx.port() + "._tcp." + HOST, new byte[] {3, 1, 1})
            .tlsa("_" + mx.port() + "._tcp." + HOST, new byte[0]);

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails().getFirst().tls()).isPresent();
        assertThat(reported()).containsExactly("tlsa tlsa-invalid");
        assertThat(internet.outcomes.getFirst().verdicts().getFirst().policy().policyStrings()).containsExactly("3 1 1", "\\# 0");
    }

    @Test
    void mandatoryDaneShouldHoldTheMailWithoutIt() throws Exception {
        internet.tlsPolicies = DOMAIN + " dane-only";
        SmtpServer mx = internet.goodMx(DOMAIN);

        assertThat(deferral(internet.deliver(DOMAIN)).toString()).contains("rule of this server").contains("dane required");
        assertThat(mx.connections()).isZero();
        assertThat(reported()).containsExactly("tlsa dane-required");
    }

    @Test
    void baseDomainShouldBeTheNameInSniAndInTheReport() throws Exception {
        internet.dns.zone().cname("alias.example.org", "mail.example.net");
        SmtpServer mx = internet.mx("elsewhere.example", 10, "mail.example.net", setup -> setup.identity(IMPOSTOR));
        internet.dns.zone().mx(DOMAIN, 10, "alias.example.org");
        publish("mail.example.net", 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails().getFirst().tls().orElseThrow().sni()).as("RFC 7672 §8.1").contains("mail.example.net");
        assertThat(internet.outcomes.getFirst().verdicts().getFirst().policy().policyDomain()).isEqualTo(DomainName.of("mail.example.net"));
        assertThat(internet.outcomes.getFirst().peer().mxHost()).contains(DomainName.of("alias.example.org"));
    }

    @Test
    void aliasAtTheRecordsOwnerShouldNotChangeTheBaseDomain() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, IMPOSTOR);
        internet.dns.zone().cname("_" + mx.port() + "._tcp." + HOST, "key.example.net")
            .tlsa("key.example.net", 3, 1, 1, Tlsa.of(3, 1, 1, IMPOSTOR.chain().getFirst()).data());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails().getFirst().tls().orElseThrow().sni()).as("RFC 7672 §2.2.3").contains(HOST);
        assertThat(internet.outcomes.getFirst().verdicts().getFirst().policy().policyDomain()).isEqualTo(DomainName.of(HOST));
    }

    @Test
    void recordsShouldNotChangeTheOrderOfTheHosts() throws Exception {
        SmtpServer preferred = internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup);
        SmtpServer second = internet.mx(DOMAIN, 2, "mx2.example.org", setup -> setup.identity(IMPOSTOR));
        publish("mx2.example.org", 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(preferred.mails()).as("RFC 7672 §2.2.1").hasSize(1);
        assertThat(second.connections()).isZero();
    }

    @Test
    void trustAnchorShouldWantTheNameOfTheDomainOrTheHost() throws Exception {
        Issued authority = CertificateBuilder.authority("Private CA").selfSigned();
        Issued forDomain = CertificateBuilder.server(DOMAIN).signedBy(authority);
        Issued forOther = CertificateBuilder.server("other.example").signedBy(authority);
        internet.mx(DOMAIN, 1, "mx1.example.org", setup -> setup.identity(identity(forOther, authority)));
        SmtpServer second = internet.mx(DOMAIN, 2, "mx2.example.org", setup -> setup.identity(identity(forDomain, authority)));
        publish("mx1.example.org", 2, 0, 1, authority.certificate());
        publish("mx2.example.org", 2, 0, 1, authority.certificate());

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(second.mails()).as("RFC 7672 §3.2.2").hasSize(1);
        assertThat(reported()).containsExactly("tlsa certificate-host-mismatch", "tlsa met");
    }

    @Test
    void requireTlsShouldBeSatisfiedByDane() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, HOST, setup -> setup.identity(IMPOSTOR).keywordsUnderTls("REQUIRETLS"));
        publish(HOST, 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(internet.deliver(DOMAIN, SenderTlsRequest.REQUIRED, COUNTED,
            "bob@example.org")).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
    }

    @Test
    void requireTlsShouldWaitWhileDnssecIsBroken() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, HOST, setup -> setup.identity(IMPOSTOR).keywordsUnderTls("REQUIRETLS"));
        publish(HOST, 3, 1, 1, IMPOSTOR.chain().getFirst());
        tree.fault("_" + mx.port() + "._tcp." + HOST, SigningFault.BOGUS_SIGNATURE);

        assertThat(deferral(internet.deliver(DOMAIN, SenderTlsRequest.REQUIRED, COUNTED, "bob@example.org")).isPermanent()).isFalse();
    }

    @Test
    void waivedTlsShouldNotCareForDane() throws Exception {
        SmtpServer mx = internet.mx(DOMAIN, 10, HOST, setup -> setup);
        publish(HOST, 3, 1, 1, IMPOSTOR.chain().getFirst());

        assertThat(internet.deliver(DOMAIN, SenderTlsRequest.WAIVED, COUNTED,
            "bob@example.org")).isInstanceOf(DeliveryResult.Answered.class);
        assertThat(mx.mails()).hasSize(1);
        assertThat(internet.outcomes).isEmpty();
    }

    /** The port of the laboratory is in the owner name as 25 would be (RFC 7672 §2.2.3). */
    private void publish(String host, int usage, int selector, int matchingType, X509Certificate certificate) {
        TlsaRecord record = Tlsa.of(usage, selector, matchingType, certificate);
        internet.dns.zone().tlsa("_" + internet.smtpPort() + "._tcp." + host, usage, selector, matchingType, record.data());
    }

    private static Identity identity(Issued server, Issued authority) {
        return new Identity(server.key().getPrivate(), List.of(server.certificate(), authority.certificate()));
    }

    private static Failure deferral(DeliveryResult result) {
        assertThat(result).isInstanceOf(DeliveryResult.Deferred.class);
        return ((DeliveryResult.Deferred) result).why();
    }

    private List<String> reported() {
        return internet.outcomes.stream().flatMap(outcome -> outcome.verdicts().stream())
            .map(verdict -> verdict.policy().type().wireName() + " " + switch (verdict) {
                case PolicyVerdict.Met met -> "met";
                case PolicyVerdict.Violated violated ->
                    violated.violations().stream().map(violation -> violation.type().wireName()).collect(Collectors.joining(","));
            }).toList();
    }
}
