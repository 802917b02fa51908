package jamestls.mtasts.policy;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.fakeinternet.CertificateBuilder;
import jamestls.mtasts.dane.Tlsa;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.policy.TlsDemand.Dane;
import jamestls.mtasts.policy.TlsDemand.Listing;
import jamestls.mtasts.policy.TlsDemand.DnssecName;
import jamestls.mtasts.policy.TlsDemand.Opportunistic;
import jamestls.mtasts.policy.TlsDemand.RequireTls;
import jamestls.mtasts.policy.TlsDemand.Strictness;
import jamestls.mtasts.policy.TlsDemand.Sts;
import jamestls.mtasts.policy.TlsDemand.Unreachable;
import jamestls.mtasts.policy.TlsDemand.Waived;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.smtp.Capabilities;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.TlsObservation.Handshake;
import jamestls.smtp.TlsObservation.StartTls;
import java.net.InetAddress;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What each demand has looked at, and how the log calls it. */
class TlsDemandTest {

    private static final DomainName DOMAIN = DomainName.of("example.org");
    private static final DomainName HOST = DomainName.of("mx.example.org");
    private static final AppliedPolicy POLICY =
        new AppliedPolicy(PolicyType.STS, DOMAIN, List.of("version: STSv1"), List.of("mx.example.org"));
    private static final TlsaSet TLSA = Tlsa.set(List.of(Tlsa.wrong(3, 1, 1)), "mail.example.net");

    private static final TlsDemand NONE = new Opportunistic(AppliedPolicy.none(DOMAIN), Optional.empty());
    private static final Sts ENFORCE = new Sts(POLICY, Strictness.ENFORCED, Listing.LISTED);
    private static final Sts TESTING = new Sts(POLICY, Strictness.REPORT_ONLY, Listing.LISTED);
    private static final TlsDemand OPERATOR = new Sts(AppliedPolicy.none(HOST), Strictness.ENFORCED, Listing.LISTED);
    private static final TlsDemand DNSSEC = new DnssecName(NONE);

    static Stream<Arguments> demands() {
        return Stream.of(
            // demand, word in the log, checks PKIX, checks TLSA
            Arguments.of(NONE, "none", false, false),
            Arguments.of(ENFORCE, "sts-enforce", true, false),
            Arguments.of(TESTING, "sts-testing", true, false),
            Arguments.of(OPERATOR, "operator", true, false),
            Arguments.of(new Dane(TLSA, NONE), "dane", false, true),
            Arguments.of(new Dane(TLSA, TESTING), "dane", true, true),
            Arguments.of(new Dane(Tlsa.set(Security.INSECURE, TLSA.published(), "mx.example.org"), NONE), "dane-insecure-mx", false, true),
            Arguments.of(new Dane(Tlsa.set(List.of(Tlsa.wrong(1, 1, 1)), "mx.example.org"), NONE), "dane-unauthenticated", false, true),
            Arguments.of(new Unreachable(POLICY, new Violation(ResultType.DNSSEC_INVALID, "")), "dnssec-invalid", false, false),
            Arguments.of(DNSSEC, "dnssec", true, false),
            Arguments.of(new DnssecName(TESTING), "dnssec", true, false),
            Arguments.of(new RequireTls(Optional.empty()), "requiretls", false, false),
            Arguments.of(new RequireTls(Optional.of(ENFORCE)), "requiretls", true, false),
            Arguments.of(new RequireTls(Optional.of(DNSSEC)), "requiretls", true, false),
            Arguments.of(new RequireTls(Optional.of(new Dane(TLSA, NONE))), "requiretls", false, true),
            Arguments.of(new Waived(), "waived", false, false));
    }

    @ParameterizedTest
    @MethodSource("demands")
    void demandShouldHaveItsWordInTheLog(TlsDemand demand, String word) {
        assertThat(demand.logWord()).isEqualTo(word);
    }

    @ParameterizedTest
    @MethodSource("demands")
    void certificateShouldBeHeldAgainstWhatIsDemandedOnly(TlsDemand demand, String word, boolean pkix, boolean tlsa) throws Exception {
        X509Certificate stranger = CertificateBuilder.server("other.example").selfSigned().certificate();
        Handshake completed = new Handshake.Completed("TLSv1.3", "TLS_AES_128_GCM_SHA256", List.of(stranger));

        CertificateFaults faults = CertificateFaults.of(demand, seen(completed), trustingNobody(), Instant.now());

        assertThat(faults.pkix().isEmpty()).as("trusted authorities").isEqualTo(!pkix);
        assertThat(faults.dane().isEmpty()).as("TLSA records").isEqualTo(!tlsa);
    }

    @Test
    void nothingShouldBeCheckedWithoutAHandshake() throws Exception {
        assertThat(CertificateFaults.of(ENFORCE, seen(new Handshake.NotAttempted()), trustingNobody(), Instant.now()))
            .isEqualTo(CertificateFaults.NONE);
    }

    @Test
    void policyShouldBeFoundWhereverItHasASay() {
        assertThat(Stream.of(TESTING, new Dane(TLSA, TESTING), new DnssecName(TESTING), new RequireTls(Optional.of(TESTING)),
            new RequireTls(Optional.of(new Dane(TLSA, TESTING)))).map(TlsDemand::sts)).allMatch(Optional.of(TESTING)::equals);
        assertThat(Stream.of(NONE, new Dane(TLSA, NONE), new DnssecName(NONE), new RequireTls(Optional.empty()), new Waived())
            .map(TlsDemand::sts)).allMatch(Optional::isEmpty);
    }

    private static CertificateCheck trustingNobody() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("nobody", CertificateBuilder.authority("Nobody").selfSigned().certificate());
        return CertificateCheck.trusting(store);
    }

    private static TlsObservation seen(Handshake handshake) {
        return new TlsObservation(new TlsObservation.Ends(HOST, InetAddress.getLoopbackAddress(), Optional.empty()), Optional.empty(),
            Optional.empty(), new TlsObservation.Offer(StartTls.OFFERED, Optional.empty()), handshake, new Capabilities(Map.of()),
            Optional.empty());
    }
}
