package jamestls.mtasts.policy;

import static jamestls.mtasts.policy.Verdict.Ruling.NEXT_HOST;
import static jamestls.mtasts.policy.Verdict.Ruling.SEND;
import static jamestls.mtasts.policy.Verdict.TlsLevel.AUTHENTICATED;
import static jamestls.mtasts.policy.Verdict.TlsLevel.NONE;
import static jamestls.mtasts.policy.Verdict.TlsLevel.UNAUTHENTICATED;
import static jamestls.outcome.Violation.ResultType.CERTIFICATE_NOT_TRUSTED;
import static jamestls.outcome.Violation.ResultType.DNSSEC_INVALID;
import static jamestls.outcome.Violation.ResultType.STARTTLS_NOT_SUPPORTED;
import static jamestls.outcome.Violation.ResultType.STS_POLICY_FETCH_ERROR;
import static jamestls.outcome.Violation.ResultType.TLSA_INVALID;
import static jamestls.outcome.Violation.ResultType.VALIDATION_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.mtasts.dane.Tlsa;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.policy.TlsDemand.Dane;
import jamestls.mtasts.policy.TlsDemand.DnssecName;
import jamestls.mtasts.policy.TlsDemand.Listing;
import jamestls.mtasts.policy.TlsDemand.Opportunistic;
import jamestls.mtasts.policy.TlsDemand.RequireTls;
import jamestls.mtasts.policy.TlsDemand.Strictness;
import jamestls.mtasts.policy.TlsDemand.Sts;
import jamestls.mtasts.policy.TlsDemand.Unreachable;
import jamestls.mtasts.policy.Verdict.Ruling;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.smtp.Capabilities;
import jamestls.smtp.SessionFailure;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.TlsObservation.Handshake;
import jamestls.smtp.TlsObservation.StartTls;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The part of the truth table in which DANE has a say: demand × observation × what is wrong with the certificate. */
class DaneVerdictTest {

    private static final DomainName DOMAIN = DomainName.of("example.org");
    private static final DomainName HOST = DomainName.of("mx.example.org");
    private static final AppliedPolicy POLICY =
        new AppliedPolicy(PolicyType.STS, DOMAIN, List.of("version: STSv1"), List.of("mx.example.org"));

    private static final TlsDemand NO_STS = new Opportunistic(AppliedPolicy.none(DOMAIN), Optional.empty());
    private static final TlsDemand UNFETCHED = new Opportunistic(new AppliedPolicy(PolicyType.STS, DOMAIN, List.of(), List.of()),
        Optional.of(new Violation(STS_POLICY_FETCH_ERROR, "HTTP 404")));
    private static final Sts ENFORCE = new Sts(POLICY, Strictness.ENFORCED, Listing.LISTED);
    private static final Sts UNLISTED = new Sts(POLICY, Strictness.ENFORCED, Listing.NOT_LISTED);
    private static final Sts TESTING = new Sts(POLICY, Strictness.REPORT_ONLY, Listing.LISTED);

    private static final TlsaSet STRONG = Tlsa.set(List.of(Tlsa.wrong(3, 1, 1)), HOST.ascii());
    private static final TlsaSet INSECURE_MX = Tlsa.set(Security.INSECURE, List.of(Tlsa.wrong(3, 1, 1)), HOST.ascii());
    private static final TlsaSet UNUSABLE = Tlsa.set(List.of(Tlsa.wrong(1, 1, 1)), HOST.ascii());

    private static final TlsDemand DANE = new Dane(STRONG, NO_STS);
    private static final TlsDemand DANE_ENFORCE = new Dane(STRONG, ENFORCE);
    private static final TlsDemand WEAK = new Dane(UNUSABLE, NO_STS);
    private static final TlsDemand WEAK_ENFORCE = new Dane(UNUSABLE, ENFORCE);
    private static final TlsDemand INSECURE = new Dane(INSECURE_MX, NO_STS);
    private static final TlsDemand INSECURE_ENFORCE = new Dane(INSECURE_MX, ENFORCE);

    private static final TlsObservation NO_CONNECTION = seen(StartTls.UNKNOWN, new Handshake.NotAttempted(), Phase.CONNECT, Map.of());
    private static final TlsObservation CLEAR = seen(StartTls.NOT_OFFERED, new Handshake.NotAttempted(), null, Map.of());
    private static final TlsObservation BROKEN =
        seen(StartTls.OFFERED, new Handshake.Failed("handshake_failure"), Phase.HANDSHAKE, Map.of());
    private static final TlsObservation TLS = seen(StartTls.OFFERED, completed(), null, Map.of());
    private static final TlsObservation LOST = seen(StartTls.OFFERED, completed(), Phase.EHLO_AFTER_TLS, Map.of());
    private static final TlsObservation KEYWORD = seen(StartTls.OFFERED, completed(), null, Map.of("REQUIRETLS", ""));

    private static final List<Violation> GOOD = List.of();
    private static final List<Violation> NO_MATCH = List.of(new Violation(VALIDATION_FAILURE, "no TLSA record matched"));
    private static final List<Violation> NONE_USABLE = List.of(new Violation(TLSA_INVALID, ""));
    private static final List<Violation> UNTRUSTED = List.of(new Violation(CERTIFICATE_NOT_TRUSTED, ""));

    static Stream<Arguments> table() {
        return Stream.of(
            // demand, seen, wrong by DANE, wrong by PKIX, ruling, level, reported
            Arguments.of("dane, no connection", DANE, NO_CONNECTION, GOOD, GOOD, NEXT_HOST, NONE, ""),
            Arguments.of("dane, no STARTTLS", DANE, CLEAR, GOOD, GOOD, NEXT_HOST, NONE, "tlsa starttls-not-supported"),
            Arguments.of("dane, broken TLS", DANE, BROKEN, GOOD, GOOD, NEXT_HOST, NONE, "tlsa validation-failure"),
            Arguments.of("dane, match", DANE, TLS, GOOD, UNTRUSTED, SEND, AUTHENTICATED, "tlsa met"),
            Arguments.of("dane, no match", DANE, TLS, NO_MATCH, GOOD, NEXT_HOST, UNAUTHENTICATED, "tlsa validation-failure"),
            Arguments.of("dane, lost after TLS", DANE, LOST, GOOD, GOOD, NEXT_HOST, UNAUTHENTICATED, ""),

            Arguments.of("dane and enforce, both good", DANE_ENFORCE, TLS, GOOD, GOOD, SEND, AUTHENTICATED, "tlsa met + sts met"),
            Arguments.of("dane and enforce, PKIX bad", DANE_ENFORCE, TLS, GOOD, UNTRUSTED, SEND, AUTHENTICATED,
                "tlsa met + sts certificate-not-trusted"),
            Arguments.of("dane and enforce, DANE bad: not rescued", DANE_ENFORCE, TLS, NO_MATCH, GOOD, NEXT_HOST, UNAUTHENTICATED,
                "tlsa validation-failure + sts met"),
            Arguments.of("dane and enforce, no STARTTLS", DANE_ENFORCE, CLEAR, GOOD, GOOD, NEXT_HOST, NONE,
                "tlsa starttls-not-supported + sts starttls-not-supported"),
            Arguments.of("dane and enforce, unlisted", new Dane(STRONG, UNLISTED), TLS, GOOD, GOOD, SEND, AUTHENTICATED,
                "tlsa met + sts validation-failure"),
            Arguments.of("dane and testing, PKIX bad", new Dane(STRONG, TESTING), TLS, GOOD, UNTRUSTED, SEND, AUTHENTICATED,
                "tlsa met + sts certificate-not-trusted"),
            Arguments.of("dane and a policy that can't be had", new Dane(STRONG, UNFETCHED), TLS, GOOD, GOOD, SEND, AUTHENTICATED,
                "tlsa met + sts sts-policy-fetch-error"),

            Arguments.of("unusable, TLS", WEAK, TLS, NONE_USABLE, UNTRUSTED, SEND, UNAUTHENTICATED, "tlsa tlsa-invalid"),
            Arguments.of("unusable, no STARTTLS", WEAK, CLEAR, GOOD, GOOD, NEXT_HOST, NONE, "tlsa starttls-not-supported"),
            Arguments.of("unusable, broken TLS", WEAK, BROKEN, GOOD, GOOD, NEXT_HOST, NONE, "tlsa validation-failure"),
            Arguments.of("unusable and enforce, PKIX good", WEAK_ENFORCE, TLS, NONE_USABLE, GOOD, SEND, AUTHENTICATED,
                "tlsa tlsa-invalid + sts met"),
            Arguments.of("unusable and enforce, PKIX bad", WEAK_ENFORCE, TLS, NONE_USABLE, UNTRUSTED, NEXT_HOST, UNAUTHENTICATED,
                "tlsa tlsa-invalid + sts certificate-not-trusted"),
            Arguments.of("unusable and testing, PKIX bad", new Dane(UNUSABLE, TESTING), TLS, NONE_USABLE, UNTRUSTED, SEND, UNAUTHENTICATED,
                "tlsa tlsa-invalid + sts certificate-not-trusted"),

            Arguments.of("insecure MX, match", INSECURE, TLS, GOOD, UNTRUSTED, SEND, UNAUTHENTICATED, "tlsa met"),
            Arguments.of("insecure MX, no match", INSECURE, TLS, NO_MATCH, GOOD, NEXT_HOST, UNAUTHENTICATED, "tlsa validation-failure"),
            Arguments.of("insecure MX, no STARTTLS", INSECURE, CLEAR, GOOD, GOOD, NEXT_HOST, NONE, "tlsa starttls-not-supported"),
            Arguments.of("insecure MX and enforce, PKIX bad", INSECURE_ENFORCE, TLS, GOOD, UNTRUSTED, NEXT_HOST, UNAUTHENTICATED,
                "tlsa met + sts certificate-not-trusted"),
            Arguments.of("insecure MX and enforce, both good", INSECURE_ENFORCE, TLS, GOOD, GOOD, SEND, AUTHENTICATED,
                "tlsa met + sts met"),

            Arguments.of("REQUIRETLS by DANE", requiring(DANE), KEYWORD, GOOD, UNTRUSTED, SEND, AUTHENTICATED, "tlsa met"),
            Arguments.of("REQUIRETLS by DANE, no keyword", requiring(DANE), TLS, GOOD, UNTRUSTED, NEXT_HOST, AUTHENTICATED, "tlsa met"),
            Arguments.of("REQUIRETLS by DANE, no match", requiring(DANE), KEYWORD, NO_MATCH, GOOD, NEXT_HOST, UNAUTHENTICATED,
                "tlsa validation-failure"),
            Arguments.of("REQUIRETLS by DNSSEC and PKIX", requiring(new DnssecName(NO_STS)), KEYWORD, GOOD, GOOD, SEND, AUTHENTICATED,
                "no-policy-found met"),
            Arguments.of("REQUIRETLS by DNSSEC, lost after TLS", requiring(new DnssecName(NO_STS)), LOST, GOOD, GOOD, NEXT_HOST,
                UNAUTHENTICATED, ""),
            Arguments.of("REQUIRETLS by DNSSEC, PKIX bad", requiring(new DnssecName(NO_STS)), KEYWORD, GOOD, UNTRUSTED, NEXT_HOST,
                UNAUTHENTICATED, "no-policy-found met"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("table")
    void verdictShouldFollowTheTable(String name, TlsDemand demand, TlsObservation seen, List<Violation> dane, List<Violation> pkix,
                                     Ruling ruling, TlsLevel level, String reported) {
        Verdict verdict = Verdict.of(demand, seen, new CertificateFaults(pkix, dane));

        assertThat(verdict.ruling()).isEqualTo(ruling);
        assertThat(verdict.level()).isEqualTo(level);
        assertThat(inWords(verdict)).isEqualTo(reported);
    }

    @Test
    void unreachableHostShouldNotBeConnectedToAndBeReported() {
        Violation bogus = new Violation(DNSSEC_INVALID, "expired");

        assertThat(Verdict.beforeConnecting(new Unreachable(STRONG.applied(), bogus))).hasValueSatisfying(verdict -> {
            assertThat(verdict.ruling()).as("RFC 7672 §10").isEqualTo(NEXT_HOST);
            assertThat(verdict.shortfall()).containsExactly(bogus);
            assertThat(inWords(verdict)).isEqualTo("tlsa dnssec-invalid");
        });
    }

    @Test
    void unlistedHostShouldBeForbiddenWhereDaneProvesNothingOnly() {
        assertThat(Verdict.beforeConnecting(new Dane(STRONG, UNLISTED))).isEmpty();
        assertThat(Verdict.beforeConnecting(new Dane(UNUSABLE, UNLISTED))).isPresent();
        assertThat(Verdict.beforeConnecting(new Dane(INSECURE_MX, UNLISTED))).isPresent();
        assertThat(Stream.of(DANE, WEAK, INSECURE, requiring(DANE), requiring(new DnssecName(NO_STS))).map(Verdict::beforeConnecting))
            .allMatch(Optional::isEmpty);
    }

    @Test
    void shortfallShouldNameWhatHeldTheMail() {
        assertThat(Verdict.of(DANE, CLEAR, CertificateFaults.NONE).shortfall()).extracting(Violation::type)
            .containsExactly(STARTTLS_NOT_SUPPORTED);
        assertThat(Verdict.of(WEAK_ENFORCE, TLS, new CertificateFaults(UNTRUSTED, NONE_USABLE)).shortfall())
            .containsExactlyElementsOf(UNTRUSTED);
    }

    private static TlsDemand requiring(TlsDemand by) {
        return new RequireTls(Optional.of(by));
    }

    private static String inWords(Verdict verdict) {
        return verdict.forReport().stream().map(judged -> judged.policy().type().wireName() + " " + switch (judged) {
            case PolicyVerdict.Met met -> "met";
            case PolicyVerdict.Violated violated ->
                violated.violations().stream().map(violation -> violation.type().wireName()).collect(Collectors.joining(","));
        }).collect(Collectors.joining(" + "));
    }

    private static Handshake completed() {
        return new Handshake.Completed("TLSv1.3", "TLS_AES_128_GCM_SHA256", List.of());
    }

    private static TlsObservation seen(StartTls startTls, Handshake handshake, Phase failedIn, Map<String, String> keywords) {
        return new TlsObservation(new TlsObservation.Ends(HOST, InetAddress.getLoopbackAddress(), Optional.empty()), Optional.empty(),
            Optional.empty(), new TlsObservation.Offer(startTls, Optional.empty()), handshake, new Capabilities(keywords),
            Optional.ofNullable(failedIn).map(phase -> new SessionFailure(phase, "it broke", Optional.empty())));
    }
}
