package jamestls.outcome;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome.CountedSession;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation.ResultType;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What a session came to, as reports need it. */
class TlsOutcomeTest {

    private static final DomainName DOMAIN = DomainName.of("rcpt.example");
    private static final AppliedPolicy POLICY = AppliedPolicy.none(DOMAIN);
    private static final Violation EXPIRED = new Violation(ResultType.CERTIFICATE_EXPIRED, "");

    @Test
    void typesShouldBeThoseOfTheRegistry() {
        // RFC 8460 §6.6
        assertThat(Stream.of(ResultType.values()).map(ResultType::wireName)).containsExactlyInAnyOrder("starttls-not-supported",
            "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted", "validation-failure", "tlsa-invalid",
            "dnssec-invalid", "dane-required", "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid");
        assertThat(ResultType.values()).allSatisfy(type -> assertThat(ResultType.ofWireName(type.wireName())).contains(type));
        assertThat(Stream.of("Certificate-Expired", "CERTIFICATE_EXPIRED", "").map(ResultType::ofWireName)).allMatch(Optional::isEmpty);
    }

    @Test
    void policyTypesShouldBeThoseOfTheRfc() {
        // RFC 8460 §4.4
        assertThat(Stream.of(PolicyType.values()).map(PolicyType::wireName)).containsExactlyInAnyOrder("tlsa", "sts", "no-policy-found");
    }

    @Test
    void policyThatIsNotThereShouldHaveNothingToQuote() {
        assertThat(AppliedPolicy.none(DOMAIN)).isEqualTo(new AppliedPolicy(PolicyType.NO_POLICY_FOUND, DOMAIN, List.of(), List.of()));
    }

    @Test
    void textOfAPolicyShouldBeSplitIntoVisibleLines() {
        // RFC 8460 §4.5: one line of the policy, or one record, each
        List<String> published = List.of("version: STSv1\r\nmode: enforce", "x-note: caf\u00e9\u001b[2J");

        assertThat(new AppliedPolicy(PolicyType.STS, DOMAIN, published, List.of()).policyStrings())
            .containsExactly("version: STSv1", "mode: enforce", "x-note: caf\u00e9?[2J");
        assertThat(new AppliedPolicy(PolicyType.TLSA, DOMAIN, List.of("3 1 1 00", "2 0 1 ff"), List.of()).policyStrings())
            .containsExactly("3 1 1 00", "2 0 1 ff");
    }

    @Test
    void reasonShouldBePrintableAsciiAndBounded() {
        String hostile = "\u001b[2J certificate of m\u00e4x\r\nX-Injected: yes";

        assertThat(new Violation(ResultType.VALIDATION_FAILURE, hostile).reason())
            .isEqualTo("?[2J certificate of m?x??X-Injected: yes");
        assertThat(new Violation(ResultType.VALIDATION_FAILURE, "x".repeat(301)).reason()).isEqualTo("x".repeat(300));
    }

    @Test
    void violationShouldBeShownWithItsReason() {
        assertThat(EXPIRED).hasToString("certificate-expired");
        assertThat(new Violation(ResultType.VALIDATION_FAILURE, "STARTTLS reply 454"))
            .hasToString("validation-failure (STARTTLS reply 454)");
    }

    @Test
    void heloShouldBePrintableAsciiAndBounded() {
        assertThat(calling("mx.rcpt.example").helo()).contains("mx.rcpt.example");
        assertThat(calling("mx\u0007 of\u00fc").helo()).as("one word").contains("mx??of?");
        assertThat(calling("x".repeat(256)).helo()).contains("x".repeat(255));
        assertThat(calling(" \t").helo()).as("nothing was said").isEmpty();
        assertThat(Peer.unknown().helo()).isEmpty();
    }

    @Test
    void peerThatWasNotConnectedToShouldHaveANameOnly() {
        assertThat(Peer.named(DOMAIN)).isEqualTo(new Peer(Optional.empty(), Optional.of(DOMAIN), Optional.empty(), Optional.empty()));
        assertThat(Peer.unknown()).isEqualTo(new Peer(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty()));
    }

    @Test
    void outcomeShouldHaveAVerdict() {
        assertThatThrownBy(() -> outcome(List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThat(outcome(List.of(new PolicyVerdict.Met(POLICY))).verdicts()).hasSize(1);
    }

    @Test
    void violatedPolicyShouldSayHow() {
        assertThatThrownBy(() -> new PolicyVerdict.Violated(POLICY, List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThat(new PolicyVerdict.Violated(POLICY, List.of(EXPIRED)).violations()).containsExactly(EXPIRED);
    }

    @Test
    void outcomeShouldNotChangeWithTheListsItWasMadeOf() {
        List<Violation> violations = new ArrayList<>(List.of(EXPIRED));
        List<PolicyVerdict> verdicts = new ArrayList<>(List.of(new PolicyVerdict.Violated(POLICY, violations)));
        List<String> strings = new ArrayList<>(List.of("version: STSv1"));
        List<String> hosts = new ArrayList<>(List.of("mx.rcpt.example"));
        TlsOutcome outcome = outcome(verdicts);
        AppliedPolicy policy = new AppliedPolicy(PolicyType.STS, DOMAIN, strings, hosts);
        violations.clear();
        verdicts.clear();
        strings.clear();
        hosts.clear();

        assertThat(outcome).isEqualTo(outcome(List.of(new PolicyVerdict.Violated(POLICY, List.of(EXPIRED)))));
        assertThat(policy.policyStrings()).containsExactly("version: STSv1");
        assertThat(policy.mxHosts()).containsExactly("mx.rcpt.example");
    }

    @Test
    void outcomeShouldBelongToNoSenderAndNoSessionUnlessSaid() {
        TlsOutcome outcome = outcome(List.of(new PolicyVerdict.Met(POLICY)));

        assertThat(outcome.sendingDomain()).isEmpty();
        assertThat(outcome.session()).isEmpty();
        assertThat(new TlsOutcome(Instant.EPOCH, DOMAIN, Peer.unknown(), outcome.verdicts(), Optional.of(DOMAIN)).session()).isEmpty();
    }

    @Test
    void sessionShouldEnterEachReportOnce() {
        CountedSession session = new CountedSession();

        assertThat(session.enter(List.of("a.example"))).isTrue();
        assertThat(session.enter(List.of("b.example"))).isTrue();
        assertThat(session.enter(List.of("a.example"))).as("equal names are one report").isFalse();
        assertThat(new CountedSession().enter(List.of("a.example"))).as("another session").isTrue();
    }

    @Test
    void sessionShouldEnterNoMoreThanAThousandReports() {
        CountedSession session = new CountedSession();
        for (int i = 0; i < 1_000; i++) {
            assertThat(session.enter(i)).isTrue();
        }

        assertThat(session.enter(1_000)).isFalse();
    }

    private static Peer calling(String helo) {
        return new Peer(Optional.empty(), Optional.of(DOMAIN), Optional.of(helo), Optional.empty());
    }

    private static TlsOutcome outcome(List<PolicyVerdict> verdicts) {
        return new TlsOutcome(Instant.EPOCH, DOMAIN, Peer.unknown(), verdicts);
    }
}
