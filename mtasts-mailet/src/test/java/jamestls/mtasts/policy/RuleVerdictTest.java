package jamestls.mtasts.policy;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.mtasts.dane.DaneLookup;
import jamestls.mtasts.dane.Tlsa;
import jamestls.mtasts.policy.PolicyDecider.DaneRequirement;
import jamestls.mtasts.policy.PolicyDecider.RecipientPolicy;
import jamestls.mtasts.sts.StsLookup;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.smtp.Capabilities;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.TlsObservation.Handshake;
import jamestls.smtp.TlsObservation.StartTls;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The truth table: level of a rule × demand of the domain × what was seen. */
class RuleVerdictTest {

    private static final Instant NOW = Instant.parse("2026-12-01T12:00:00Z");
    private static final String END = " until=2026-12-24 reason=\"ticket 4711\"";
    private static final DomainName DOMAIN = DomainName.of("example.org");
    private static final DomainName HOST = DomainName.of("mx.example.org");
    private static final List<Violation> BAD = List.of(new Violation(ResultType.CERTIFICATE_EXPIRED, "expired"));

    private enum Own { NONE, ENFORCE, UNLISTED, DANE, BOGUS_TLSA }

    private enum Seen { CLEAR, TLS_OLD, TLS_BAD, TLS_GOOD }

    @ParameterizedTest
    @CsvSource({
        // rule, demand of the domain; rulings over clear text, TLS 1.2 and a good certificate, TLS 1.3 and a bad one, and a good one
        "may,                NONE,       SEND,      SEND,      SEND,      SEND",
        "encrypt,            NONE,       NEXT_HOST, SEND,      SEND,      SEND",
        "tls>=1.3,           NONE,       NEXT_HOST, NEXT_HOST, SEND,      SEND",
        "dane,               NONE,       SEND,      SEND,      SEND,      SEND",
        "dane tls>=1.3,      NONE,       NEXT_HOST, NEXT_HOST, SEND,      SEND",
        "dane-only,          NONE,       never,     never,     never,     never",
        "verify,             NONE,       NEXT_HOST, SEND,      NEXT_HOST, SEND",
        "secure,             NONE,       NEXT_HOST, SEND,      NEXT_HOST, SEND",
        "secure tls>=1.3,    NONE,       NEXT_HOST, NEXT_HOST, NEXT_HOST, SEND",
        // only raised
        "may,                ENFORCE,    NEXT_HOST, SEND,      NEXT_HOST, SEND",
        "encrypt,            ENFORCE,    NEXT_HOST, SEND,      NEXT_HOST, SEND",
        "tls>=1.3,           ENFORCE,    NEXT_HOST, NEXT_HOST, NEXT_HOST, SEND",
        "may,                UNLISTED,   never,     never,     never,     never",
        "secure,             UNLISTED,   never,     never,     never,     never",
        "dane-only,          ENFORCE,    never,     never,     never,     never",
        "may,                DANE,       NEXT_HOST, SEND,      NEXT_HOST, SEND",
        "dane-only,          DANE,       NEXT_HOST, SEND,      NEXT_HOST, SEND",
        "secure,             DANE,       NEXT_HOST, SEND,      NEXT_HOST, SEND",
        "may,                BOGUS_TLSA, never,     never,     never,     never",
        // in its place
        "none END,           NONE,       SEND,      SEND,      SEND,      SEND",
        "none END,           ENFORCE,    SEND,      SEND,      SEND,      SEND",
        "may END,            ENFORCE,    SEND,      SEND,      SEND,      SEND",
        "may END,            UNLISTED,   SEND,      SEND,      SEND,      SEND",
        "may END,            DANE,       SEND,      SEND,      SEND,      SEND",
        "may END,            BOGUS_TLSA, SEND,      SEND,      SEND,      SEND",
        "encrypt END,        ENFORCE,    NEXT_HOST, SEND,      SEND,      SEND",
        "encrypt END,        BOGUS_TLSA, NEXT_HOST, SEND,      SEND,      SEND",
        "tls>=1.3 END,       ENFORCE,    NEXT_HOST, NEXT_HOST, SEND,      SEND",
        "verify END,         DANE,       NEXT_HOST, SEND,      NEXT_HOST, SEND",
        "secure END,         UNLISTED,   NEXT_HOST, SEND,      NEXT_HOST, SEND",
        "dane END,           ENFORCE,    SEND,      SEND,      SEND,      SEND",
        "dane END,           DANE,       NEXT_HOST, SEND,      NEXT_HOST, SEND",
        "dane END,           BOGUS_TLSA, never,     never,     never,     never",
        "dane-only END,      ENFORCE,    never,     never,     never,     never",
        "dane-only END,      DANE,       NEXT_HOST, SEND,      NEXT_HOST, SEND"})
    void ruleShouldMeet(String rule, Own own, String clear, String oldTls, String badTls, String goodTls) {
        TlsDemand demand = demand(own, SenderTlsRequest.AS_POLICY_SAYS, rule);
        List<String> rulings = Arrays.stream(Seen.values()).map(seen -> Verdict.beforeConnecting(demand).isPresent() ? "never"
            : verdict(demand, seen).ruling().name()).toList();

        assertThat(rulings).containsExactly(clear, oldTls, badTls, goodTls);
        for (Seen seen : Seen.values()) {
            assertThat(counted(verdict(demand, seen))).as("what is counted does not depend on the rule")
                .isEqualTo(counted(verdict(demand(own, SenderTlsRequest.AS_POLICY_SAYS, rule.startsWith("dane-only") ? "dane-only" : "may"),
                    seen)));
        }
    }

    @Test
    void whatALowerRuleLetsPassShouldBeTold() {
        assertThat(verdict(demand(Own.ENFORCE, SenderTlsRequest.AS_POLICY_SAYS, "may END"), Seen.TLS_BAD).letPass()).isEqualTo(BAD);
        assertThat(verdict(demand(Own.ENFORCE, SenderTlsRequest.AS_POLICY_SAYS, "may END"), Seen.TLS_GOOD).letPass()).isEmpty();
        assertThat(verdict(demand(Own.NONE, SenderTlsRequest.AS_POLICY_SAYS, "may END"), Seen.CLEAR).letPass()).isEmpty();
        assertThat(verdict(demand(Own.NONE, SenderTlsRequest.AS_POLICY_SAYS, "none END"), Seen.CLEAR).letPass()).isNotEmpty();
        assertThat(verdict(demand(Own.BOGUS_TLSA, SenderTlsRequest.AS_POLICY_SAYS, "may END"), Seen.TLS_GOOD).letPass())
            .extracting(Violation::type).containsExactly(ResultType.DNSSEC_INVALID);
    }

    @Test
    void requireTlsShouldNeverBeLowered() {
        for (String level : List.of("none END", "may END", "encrypt END", "dane END")) {
            for (Own own : Own.values()) {
                TlsDemand bare = demand(own, SenderTlsRequest.REQUIRED, "concurrency=1");
                TlsDemand ruled = demand(own, SenderTlsRequest.REQUIRED, level);
                for (Seen seen : Seen.values()) {
                    assertThat(verdict(ruled, seen).ruling()).as(level + " " + own + " " + seen).isEqualTo(Verdict.Ruling.NEXT_HOST);
                    assertThat(verdict(bare, seen).ruling()).isEqualTo(Verdict.Ruling.NEXT_HOST);
                }
                assertThat(ruled.avoidsTls()).isFalse();
            }
        }
    }

    @Test
    void waivedTlsShouldWaiveRulesToo() {
        for (String level : List.of("none END", "secure", "dane-only")) {
            assertThat(demand(Own.ENFORCE, SenderTlsRequest.WAIVED, level)).isEqualTo(new TlsDemand.Waived());
        }
    }

    @Test
    void rulesOfDomainAndHostShouldBothHold() {
        TlsDemand raised = demand(Own.ENFORCE, SenderTlsRequest.AS_POLICY_SAYS, "may END", "mx:mx.example.org encrypt");
        assertThat(verdict(raised, Seen.CLEAR).ruling()).isEqualTo(Verdict.Ruling.NEXT_HOST);
        assertThat(verdict(raised, Seen.TLS_BAD).ruling()).isEqualTo(Verdict.Ruling.SEND);
        assertThat(raised.logWord()).isEqualTo("override:may+encrypt");

        TlsDemand kept = demand(Own.NONE, SenderTlsRequest.AS_POLICY_SAYS, "secure", "mx:mx.example.org may END");
        assertThat(verdict(kept, Seen.TLS_BAD).ruling()).as("the stricter of both").isEqualTo(Verdict.Ruling.NEXT_HOST);
        assertThat(demand(Own.ENFORCE, SenderTlsRequest.AS_POLICY_SAYS, "encrypt").logWord()).isEqualTo("sts-enforce+encrypt");
    }

    @ParameterizedTest
    @CsvSource({"verify, UNAUTHENTICATED", "verify match=nexthop, AUTHENTICATED", "verify match=hostname:nexthop, UNAUTHENTICATED",
        "secure, AUTHENTICATED", "encrypt, UNAUTHENTICATED"})
    void nameFromAnMxRecordShouldAuthenticateNobody(String rule, Verdict.TlsLevel level) {
        assertThat(verdict(demand(Own.NONE, SenderTlsRequest.AS_POLICY_SAYS, rule), Seen.TLS_GOOD).level()).isEqualTo(level);
    }

    @ParameterizedTest
    @CsvSource({"secure, example.org|.example.org", "verify, mx.example.org", "secure match=.a.example:nexthop, .a.example|example.org"})
    void namesShouldBeThoseOfTheLevelUnlessGiven(String rule, String names) {
        assertThat(demand(Own.NONE, SenderTlsRequest.AS_POLICY_SAYS, rule).namesByRule()).containsExactly(List.of(names.split("\\|")));
    }

    @Test
    void ruleThatAsksForNothingMoreShouldLeaveTheDemand() {
        for (Own own : Own.values()) {
            TlsDemand bare = demand(own, SenderTlsRequest.AS_POLICY_SAYS);
            assertThat(demand(own, SenderTlsRequest.AS_POLICY_SAYS, "may")).isEqualTo(bare);
            assertThat(demand(own, SenderTlsRequest.AS_POLICY_SAYS, "dane")).isEqualTo(bare);
            assertThat(demand(own, SenderTlsRequest.AS_POLICY_SAYS, "concurrency=2")).isEqualTo(bare);
        }
        assertThat(demand(Own.ENFORCE, SenderTlsRequest.AS_POLICY_SAYS, "may END", "mx:mx.example.org concurrency=2").logWord())
            .isEqualTo("override:may");
    }

    @Test
    void demandWithRulesShouldTellWhatItNeeds() {
        TlsDemand overDane = demand(Own.DANE, SenderTlsRequest.AS_POLICY_SAYS, "encrypt");
        assertThat(overDane.tlsaRecords()).isPresent().isEqualTo(demand(Own.DANE, SenderTlsRequest.AS_POLICY_SAYS).tlsaRecords());
        assertThat(demand(Own.ENFORCE, SenderTlsRequest.AS_POLICY_SAYS, "encrypt").needsPkix()).isTrue();
        TlsDemand encrypt = demand(Own.NONE, SenderTlsRequest.AS_POLICY_SAYS, "encrypt tls>=1.3");
        assertThat(encrypt.needsPkix()).isFalse();
        assertThat(encrypt.namesByRule()).isEmpty();
        assertThat(demand(Own.ENFORCE, SenderTlsRequest.AS_POLICY_SAYS, "tls>=1.3").logWord()).isEqualTo("sts-enforce+tls1.3");
    }

    @Test
    void ruleThatHoldsMailShouldTellWhyAndWhatWasReached() {
        Verdict verdict = verdict(demand(Own.ENFORCE, SenderTlsRequest.AS_POLICY_SAYS, "tls>=1.3"), Seen.TLS_OLD);

        assertThat(verdict.level()).isEqualTo(Verdict.TlsLevel.UNAUTHENTICATED);
        assertThat(verdict.shortfall()).singleElement().satisfies(fault ->
            assertThat(fault.reason()).isEqualTo("TLSv1.2, and a rule of this server asks for TLS 1.3"));
    }

    private static String counted(Verdict verdict) {
        return verdict.forReport().stream().map(PolicyVerdict::toString).toList().toString();
    }

    private static TlsDemand demand(Own own, SenderTlsRequest request, String... rules) {
        StsLookup sts = switch (own) {
            case ENFORCE -> policy("mx.example.org");
            case UNLISTED -> policy("other.example.org");
            case NONE, DANE, BOGUS_TLSA -> new StsLookup.NoPolicy("no record");
        };
        DaneLookup dane = switch (own) {
            case DANE -> new DaneLookup.Found(Tlsa.set(Security.SECURE, List.of(Tlsa.wrong(3, 1, 1)), HOST.ascii()));
            case BOGUS_TLSA -> new DaneLookup.Unreachable(HOST, new Violation(ResultType.DNSSEC_INVALID, "expired"));
            case NONE, ENFORCE, UNLISTED -> new DaneLookup.NoDane("no records");
        };
        List<Rule> parsed = Arrays.stream(rules).map(rule -> rule.startsWith("mx:") ? rule : "example.org " + rule)
            .map(rule -> RuleGrammar.rule(rule.replace(" END", END), NOW)).toList();
        return PolicyDecider.decide(new RecipientPolicy(DOMAIN, sts, Security.INSECURE, DaneRequirement.WHERE_PUBLISHED), dane, request,
            HOST, parsed);
    }

    private static StsLookup policy(String mx) {
        String text = "version: STSv1\nmode: enforce\nmax_age: 86400\nmx: " + mx + "\n";
        StsPolicy policy = ((ParsedPolicy.Valid) StsPolicy.parse(text.getBytes(StandardCharsets.US_ASCII))).policy();
        return new StsLookup.Found(policy, Optional.empty());
    }

    private static Verdict verdict(TlsDemand demand, Seen seen) {
        List<Violation> faults = seen == Seen.TLS_BAD ? BAD : List.of();
        Handshake handshake = seen == Seen.CLEAR ? new Handshake.NotAttempted()
            : new Handshake.Completed(seen == Seen.TLS_OLD ? "TLSv1.2" : "TLSv1.3", "suite", List.of());
        StartTls startTls = seen == Seen.CLEAR ? StartTls.NOT_OFFERED : StartTls.OFFERED;
        return Verdict.of(demand, new TlsObservation(new TlsObservation.Ends(HOST, InetAddress.getLoopbackAddress(), Optional.empty()),
            Optional.empty(), Optional.empty(), new TlsObservation.Offer(startTls, Optional.empty()), handshake,
            new Capabilities(Map.of()), Optional.empty()), new CertificateFaults(faults, faults, faults));
    }
}
