package jamestls.mtasts.policy;

import static jamestls.dns.Security.INSECURE;
import static jamestls.dns.Security.SECURE;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.dane.Tlsa;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.policy.PolicyDecider.DaneRequirement;
import jamestls.mtasts.policy.PolicyDecider.RecipientPolicy;
import jamestls.mtasts.policy.TlsDemand.Listing;
import jamestls.mtasts.policy.TlsDemand.Strictness;
import jamestls.mtasts.sts.StsLookup;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.mtasts.sts.StsPolicy.Mode;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The precedence rules. */
class PolicyDeciderTest {

    private static final DomainName DOMAIN = DomainName.of("example.org");
    private static final DomainName HOST = DomainName.of("mx.example.org");
    private static final StsLookup NO_STS = new StsLookup.NoPolicy("no record");
    private static final DaneLookup NO_DANE = new DaneLookup.NoDane("no records");
    private static final DaneLookup USABLE = found(SECURE, 3);
    private static final DaneLookup INSECURE_MX = found(INSECURE, 3);
    private static final DaneLookup UNUSABLE = found(SECURE, 1);
    private static final DaneLookup BOGUS = new DaneLookup.Unreachable(HOST, new Violation(ResultType.DNSSEC_INVALID, "expired"));
    private static final AppliedPolicy APPLIED_BY_ENFORCE = new AppliedPolicy(PolicyType.STS, DOMAIN,
        List.of("version: STSv1", "mode: enforce", "mx: mx.example.org", "max_age: 86400"), List.of("mx.example.org"));

    @Test
    void hostWithTlsaShouldHaveToSatisfyIt() {
        assertThat(decide(USABLE).logWord()).isEqualTo("dane");
        assertThat(decide(INSECURE_MX).logWord()).isEqualTo("dane-insecure-mx");
        assertThat(decide(UNUSABLE).logWord()).isEqualTo("dane-unauthenticated");
    }

    @Test
    void hostWithoutShouldObeyWhatHoldsOtherwise() {
        assertThat(decide(NO_DANE).logWord()).isEqualTo("none");
        assertThat(decide(new DaneLookup.NoAddress()).logWord()).isEqualTo("none");
    }

    @Test
    void lookupThatFailedShouldMakeTheHostUnreachable() {
        assertThat(decide(BOGUS)).isInstanceOf(TlsDemand.Unreachable.class);
        assertThat(decide(SECURE, BOGUS, SenderTlsRequest.REQUIRED,
            DaneRequirement.WHERE_PUBLISHED)).as("may pass, so it is no reason to bounce")
            .isInstanceOf(TlsDemand.Unreachable.class);
    }

    @Test
    void mandatoryDaneShouldHoldTheMailWithoutIt() {
        for (DaneLookup lookup : List.of(NO_DANE, UNUSABLE, INSECURE_MX)) {
            assertThat(decide(SECURE, lookup, SenderTlsRequest.AS_POLICY_SAYS, DaneRequirement.MANDATORY))
                .isInstanceOfSatisfying(TlsDemand.Unreachable.class, unreachable ->
                    assertThat(unreachable.why().type()).isEqualTo(ResultType.DANE_REQUIRED));
        }
        assertThat(decide(SECURE, USABLE, SenderTlsRequest.AS_POLICY_SAYS, DaneRequirement.MANDATORY).logWord()).isEqualTo("dane");
        assertThat(decide(SECURE, new DaneLookup.NoAddress(), SenderTlsRequest.AS_POLICY_SAYS, DaneRequirement.MANDATORY).logWord())
            .as("a host without address is just that").isEqualTo("none");
    }

    @Test
    void waivedTlsShouldWaiveDaneToo() {
        assertThat(decide(SECURE, USABLE, SenderTlsRequest.WAIVED, DaneRequirement.MANDATORY)).isEqualTo(new TlsDemand.Waived());
        assertThat(decide(SECURE, BOGUS, SenderTlsRequest.WAIVED, DaneRequirement.WHERE_PUBLISHED)).isEqualTo(new TlsDemand.Waived());
    }

    @Test
    void requireTlsShouldBeSatisfiedByDaneOrByDnssec() {
        assertThat(by(decide(SECURE, USABLE, SenderTlsRequest.REQUIRED,
            DaneRequirement.WHERE_PUBLISHED))).containsInstanceOf(TlsDemand.Dane.class);
        assertThat(by(decide(SECURE, NO_DANE, SenderTlsRequest.REQUIRED, DaneRequirement.WHERE_PUBLISHED)))
            .as("RFC 8689 §4.2.1").containsInstanceOf(TlsDemand.DnssecName.class);
        assertThat(by(decide(SECURE, UNUSABLE, SenderTlsRequest.REQUIRED, DaneRequirement.WHERE_PUBLISHED)))
            .containsInstanceOf(TlsDemand.DnssecName.class);
        assertThat(by(decide(INSECURE, found(INSECURE, 1), SenderTlsRequest.REQUIRED, DaneRequirement.WHERE_PUBLISHED))).isEmpty();
        assertThat(by(decide(INSECURE, INSECURE_MX, SenderTlsRequest.REQUIRED, DaneRequirement.WHERE_PUBLISHED))).isEmpty();
        assertThat(by(decide(INSECURE, NO_DANE, SenderTlsRequest.REQUIRED, DaneRequirement.WHERE_PUBLISHED))).isEmpty();
    }

    @Test
    void invalidPolicyShouldBeQuotedAsDeclared() {
        // RFC 8460 §4.5: "including any errors"
        Violation invalid = new Violation(ResultType.STS_POLICY_INVALID, "no mode");
        StsLookup sts = new StsLookup.Unusable(invalid, List.of("version: STSv1", "mod: enforce"));

        TlsDemand demand = PolicyDecider.decide(new RecipientPolicy(DOMAIN, sts, SECURE, DaneRequirement.WHERE_PUBLISHED), NO_DANE,
            SenderTlsRequest.AS_POLICY_SAYS, HOST);

        assertThat(demand).isEqualTo(new TlsDemand.Opportunistic(new AppliedPolicy(PolicyType.STS, DOMAIN,
            List.of("version: STSv1", "mod: enforce"), List.of()), Optional.of(invalid)));
    }

    @Test
    void requireTlsShouldBeSatisfiedByAnEnforcedPolicyOnly() {
        // RFC 8689 §4.2.1
        for (DaneLookup lookup : List.of(NO_DANE, INSECURE_MX, UNUSABLE)) {
            Optional<TlsDemand> enforced = by(decide(INSECURE, found(Mode.ENFORCE, "mx.example.org"), lookup, SenderTlsRequest.REQUIRED));

            assertThat(enforced.flatMap(TlsDemand::sts)).hasValueSatisfying(sts ->
                assertThat(sts.strictness()).isEqualTo(Strictness.ENFORCED));
            assertThat(by(decide(INSECURE, found(Mode.TESTING, "mx.example.org"), lookup, SenderTlsRequest.REQUIRED))).isEmpty();
        }
    }

    @Test
    void policyShouldDemandWhatItsModeAndItsPatternsSay() {
        assertThat(sts(Mode.ENFORCE, "mx.example.org"))
            .isEqualTo(new TlsDemand.Sts(APPLIED_BY_ENFORCE, Strictness.ENFORCED, Listing.LISTED));
        assertThat(sts(Mode.ENFORCE, "*.example.net")).isInstanceOfSatisfying(TlsDemand.Sts.class, sts ->
            assertThat(sts.listing()).isEqualTo(Listing.NOT_LISTED));
        assertThat(sts(Mode.TESTING, "*.example.org")).isInstanceOfSatisfying(TlsDemand.Sts.class, sts -> {
            assertThat(sts.strictness()).isEqualTo(Strictness.REPORT_ONLY);
            assertThat(sts.listing()).isEqualTo(Listing.LISTED);
        });
        assertThat(sts(Mode.NONE, "mx.example.org")).as("RFC 8461 §5")
            .isEqualTo(new TlsDemand.Opportunistic(AppliedPolicy.none(DOMAIN), Optional.empty()));
    }

    @Test
    void policyThatCannotBeHadShouldBeAsNoneButReported() {
        Violation problem = new Violation(ResultType.STS_POLICY_FETCH_ERROR, "HTTP 404");

        assertThat(decide(SECURE, new StsLookup.Unusable(problem, List.of()), NO_DANE, SenderTlsRequest.AS_POLICY_SAYS))
            .as("RFC 8461 §3.3, §6").isEqualTo(new TlsDemand.Opportunistic(
                new AppliedPolicy(PolicyType.STS, DOMAIN, List.of(), List.of()), Optional.of(problem)));
    }

    @Test
    void mandatoryDaneShouldSayWhatIsMissing() {
        assertThat(missing(NO_DANE)).isEqualTo("no records");
        assertThat(missing(UNUSABLE)).isEqualTo("no TLSA record of mx.example.org is usable");
        assertThat(missing(INSECURE_MX)).isEqualTo("the MX records of example.org are not secure");
    }

    @Test
    void sniShouldBeTheBaseDomainUnderDane() {
        TlsaSet aliased = Tlsa.set(List.of(Tlsa.wrong(3, 1, 1)), "mail.example.net");

        assertThat(decide(new DaneLookup.Found(aliased)).sni(HOST)).as("RFC 7672 §8.1").isEqualTo(DomainName.of("mail.example.net"));
        assertThat(decide(SECURE, new DaneLookup.Found(aliased), SenderTlsRequest.REQUIRED, DaneRequirement.WHERE_PUBLISHED).sni(HOST))
            .isEqualTo(DomainName.of("mail.example.net"));
        assertThat(decide(NO_DANE).sni(HOST)).isEqualTo(HOST);
    }

    private static Optional<TlsDemand> by(TlsDemand demand) {
        assertThat(demand).isInstanceOf(TlsDemand.RequireTls.class);
        return ((TlsDemand.RequireTls) demand).by();
    }

    private static String missing(DaneLookup lookup) {
        TlsDemand demand = decide(SECURE, lookup, SenderTlsRequest.AS_POLICY_SAYS, DaneRequirement.MANDATORY);
        return ((TlsDemand.Unreachable) demand).why().reason();
    }

    private static TlsDemand sts(Mode mode, String mx) {
        return decide(INSECURE, found(mode, mx), NO_DANE, SenderTlsRequest.AS_POLICY_SAYS);
    }

    private static StsLookup found(Mode mode, String mx) {
        String text = "version: STSv1\nmode: " + mode.wireName() + "\nmx: " + mx + "\nmax_age: 86400\n";
        return new StsLookup.Found(((ParsedPolicy.Valid) StsPolicy.parse(text.getBytes(StandardCharsets.US_ASCII))).policy(),
            Optional.empty());
    }

    private static TlsDemand decide(Security mx, StsLookup sts, DaneLookup lookup, SenderTlsRequest wish) {
        return PolicyDecider.decide(new RecipientPolicy(DOMAIN, sts, mx, DaneRequirement.WHERE_PUBLISHED), lookup, wish, HOST);
    }

    private static TlsDemand decide(DaneLookup lookup) {
        return decide(SECURE, lookup, SenderTlsRequest.AS_POLICY_SAYS, DaneRequirement.WHERE_PUBLISHED);
    }

    private static TlsDemand decide(Security mx, DaneLookup lookup, SenderTlsRequest request, DaneRequirement duty) {
        return PolicyDecider.decide(new RecipientPolicy(DOMAIN, NO_STS, mx, duty), lookup, request, HOST);
    }

    private static DaneLookup found(Security mx, int usage) {
        return new DaneLookup.Found(Tlsa.set(mx, List.of(Tlsa.wrong(usage, 1, 1)), HOST.ascii()));
    }
}
