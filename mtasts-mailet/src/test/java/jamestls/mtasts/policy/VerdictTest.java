package jamestls.mtasts.policy;

import static jamestls.mtasts.policy.Verdict.Ruling.NEXT_HOST;
import static jamestls.mtasts.policy.Verdict.Ruling.RETRY_IN_CLEAR;
import static jamestls.mtasts.policy.Verdict.Ruling.RETRY_WITH_TLS;
import static jamestls.mtasts.policy.Verdict.Ruling.SEND;
import static jamestls.mtasts.policy.Verdict.TlsLevel.AUTHENTICATED;
import static jamestls.mtasts.policy.Verdict.TlsLevel.NONE;
import static jamestls.mtasts.policy.Verdict.TlsLevel.UNAUTHENTICATED;
import static jamestls.outcome.Violation.ResultType.CERTIFICATE_EXPIRED;
import static jamestls.outcome.Violation.ResultType.CERTIFICATE_HOST_MISMATCH;
import static jamestls.outcome.Violation.ResultType.STARTTLS_NOT_SUPPORTED;
import static jamestls.outcome.Violation.ResultType.STS_POLICY_FETCH_ERROR;
import static jamestls.outcome.Violation.ResultType.VALIDATION_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.mtasts.policy.TlsDemand.Listing;
import jamestls.mtasts.policy.TlsDemand.Opportunistic;
import jamestls.mtasts.policy.TlsDemand.RequireTls;
import jamestls.mtasts.policy.TlsDemand.Strictness;
import jamestls.mtasts.policy.TlsDemand.Sts;
import jamestls.mtasts.policy.TlsDemand.Waived;
import jamestls.mtasts.policy.Verdict.Ruling;
import jamestls.mtasts.policy.Verdict.TlsLevel;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.smtp.Capabilities;
import jamestls.smtp.SessionFailure;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpReply;
import jamestls.smtp.TlsObservation;
import jamestls.smtp.TlsObservation.Handshake;
import jamestls.smtp.TlsObservation.StartTls;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The truth table: demand × observation. docs/reference/decisions.md shows it to people. */
class VerdictTest {

    private static final DomainName DOMAIN = DomainName.of("example.org");
    private static final AppliedPolicy POLICY =
        new AppliedPolicy(PolicyType.STS, DOMAIN, List.of("version: STSv1"), List.of("mx.example.org"));
    private static final AppliedPolicy NO_POLICY = AppliedPolicy.none(DOMAIN);

    private static final TlsDemand OPPORTUNISTIC = new Opportunistic(NO_POLICY, Optional.empty());
    private static final Sts ENFORCE = new Sts(POLICY, Strictness.ENFORCED, Listing.LISTED);
    private static final TlsDemand ENFORCE_UNLISTED = new Sts(POLICY, Strictness.ENFORCED, Listing.NOT_LISTED);
    private static final TlsDemand TESTING = new Sts(POLICY, Strictness.REPORT_ONLY, Listing.LISTED);
    private static final TlsDemand TESTING_UNLISTED = new Sts(POLICY, Strictness.REPORT_ONLY, Listing.NOT_LISTED);
    private static final TlsDemand REQUIRETLS = new RequireTls(Optional.of(ENFORCE));
    private static final TlsDemand REQUIRETLS_WITHOUT_POLICY = new RequireTls(Optional.empty());
    private static final TlsDemand WAIVED = new Waived();

    private static final List<Violation> GOOD = List.of();
    private static final List<Violation> EXPIRED = List.of(new Violation(CERTIFICATE_EXPIRED, ""));
    private static final List<Violation> WRONG_NAME = List.of(new Violation(CERTIFICATE_HOST_MISMATCH, ""));

    private static final TlsObservation REFUSED_CONNECTION = seen(StartTls.UNKNOWN, new Handshake.NotAttempted(), Phase.CONNECT);
    private static final TlsObservation BAD_GREETING = seen(StartTls.UNKNOWN, new Handshake.NotAttempted(), Phase.GREETING);
    private static final TlsObservation CLEAR = seen(StartTls.NOT_OFFERED, new Handshake.NotAttempted(), null);
    private static final TlsObservation TLS_REFUSED = startTlsRefused();
    private static final TlsObservation BROKEN_TLS = seen(StartTls.OFFERED, new Handshake.Failed("handshake_failure"), Phase.HANDSHAKE);
    private static final TlsObservation TLS = seen(StartTls.OFFERED, completed(), null);
    private static final TlsObservation TLS_THEN_LOST = seen(StartTls.OFFERED, completed(), Phase.EHLO_AFTER_TLS);
    private static final TlsObservation TLS_THEN_REFUSED = new TlsObservation(
        new TlsObservation.Ends(DomainName.of("mx.example.org"), InetAddress.getLoopbackAddress(), Optional.empty()), Optional.empty(),
        Optional.empty(), new TlsObservation.Offer(StartTls.OFFERED, Optional.empty()), completed(), new Capabilities(Map.of()),
        Optional.of(new SessionFailure(Phase.EHLO_AFTER_TLS, "busy", Optional.of(new SmtpReply(421, List.of("4.3.2 busy"))))));
    private static final TlsObservation TLS_WITH_REQUIRETLS =
        seen(StartTls.OFFERED, Optional.empty(), completed(), null, Map.of("REQUIRETLS", ""));

    static Stream<Arguments> table() {
        return Stream.of(
            // demand, seen, certificate, ruling, level, reported as: "met", "" for not at all, or the result types
            row("no policy, no connection", OPPORTUNISTIC, REFUSED_CONNECTION, GOOD, NEXT_HOST, NONE, ""),
            row("no policy, bad greeting", OPPORTUNISTIC, BAD_GREETING, GOOD, NEXT_HOST, NONE, ""),
            row("no policy, clear text server", OPPORTUNISTIC, CLEAR, GOOD, SEND, NONE, STARTTLS_NOT_SUPPORTED),
            row("no policy, STARTTLS refused", OPPORTUNISTIC, TLS_REFUSED, GOOD, SEND, NONE, VALIDATION_FAILURE),
            row("no policy, broken TLS", OPPORTUNISTIC, BROKEN_TLS, GOOD, RETRY_IN_CLEAR, NONE, VALIDATION_FAILURE),
            row("no policy, any certificate", OPPORTUNISTIC, TLS, EXPIRED, SEND, UNAUTHENTICATED, "met"),
            row("no policy, good certificate", OPPORTUNISTIC, TLS, GOOD, SEND, UNAUTHENTICATED, "met"),
            row("no policy, lost after TLS", OPPORTUNISTIC, TLS_THEN_LOST, GOOD, RETRY_WITH_TLS, UNAUTHENTICATED, VALIDATION_FAILURE),
            row("no policy, lost after the first reply under TLS", OPPORTUNISTIC, TLS_THEN_REFUSED, GOOD, NEXT_HOST, UNAUTHENTICATED, ""),

            row("enforce, no connection", ENFORCE, REFUSED_CONNECTION, GOOD, NEXT_HOST, NONE, ""),
            row("enforce, clear text server", ENFORCE, CLEAR, GOOD, NEXT_HOST, NONE, STARTTLS_NOT_SUPPORTED),
            row("enforce, STARTTLS refused", ENFORCE, TLS_REFUSED, GOOD, NEXT_HOST, NONE, VALIDATION_FAILURE),
            row("enforce, broken TLS", ENFORCE, BROKEN_TLS, GOOD, NEXT_HOST, NONE, VALIDATION_FAILURE),
            row("enforce, expired certificate", ENFORCE, TLS, EXPIRED, NEXT_HOST, UNAUTHENTICATED, CERTIFICATE_EXPIRED),
            row("enforce, wrong name", ENFORCE, TLS, WRONG_NAME, NEXT_HOST, UNAUTHENTICATED, CERTIFICATE_HOST_MISMATCH),
            row("enforce, all in order", ENFORCE, TLS, GOOD, SEND, AUTHENTICATED, "met"),
            row("enforce, lost after TLS", ENFORCE, TLS_THEN_LOST, GOOD, NEXT_HOST, UNAUTHENTICATED, ""),
            row("enforce, unlisted host all the same", ENFORCE_UNLISTED, TLS, GOOD, NEXT_HOST, UNAUTHENTICATED, VALIDATION_FAILURE),

            row("testing, no connection", TESTING, REFUSED_CONNECTION, GOOD, NEXT_HOST, NONE, ""),
            row("testing, clear text server", TESTING, CLEAR, GOOD, SEND, NONE, STARTTLS_NOT_SUPPORTED),
            row("testing, broken TLS", TESTING, BROKEN_TLS, GOOD, RETRY_IN_CLEAR, NONE, VALIDATION_FAILURE),
            row("testing, lost after TLS", TESTING, TLS_THEN_LOST, GOOD, RETRY_WITH_TLS, UNAUTHENTICATED, VALIDATION_FAILURE),
            row("testing, lost after the first reply under TLS", TESTING, TLS_THEN_REFUSED, GOOD, NEXT_HOST, UNAUTHENTICATED, ""),
            row("waived, lost after TLS", WAIVED, TLS_THEN_LOST, GOOD, RETRY_WITH_TLS, UNAUTHENTICATED, ""),
            row("testing, wrong name", TESTING, TLS, WRONG_NAME, SEND, UNAUTHENTICATED, CERTIFICATE_HOST_MISMATCH),
            row("testing, unlisted host", TESTING_UNLISTED, TLS, GOOD, SEND, UNAUTHENTICATED, VALIDATION_FAILURE),
            row("testing, all in order", TESTING, TLS, GOOD, SEND, AUTHENTICATED, "met"),

            row("REQUIRETLS, keyword there", REQUIRETLS, TLS_WITH_REQUIRETLS, GOOD, SEND, AUTHENTICATED, "met"),
            row("REQUIRETLS, keyword missing", REQUIRETLS, TLS, GOOD, NEXT_HOST, AUTHENTICATED, "met"),
            row("REQUIRETLS, clear text server", REQUIRETLS, CLEAR, GOOD, NEXT_HOST, NONE, STARTTLS_NOT_SUPPORTED),
            row("REQUIRETLS, expired certificate", REQUIRETLS, TLS_WITH_REQUIRETLS, EXPIRED, NEXT_HOST, UNAUTHENTICATED,
                CERTIFICATE_EXPIRED),
            row("REQUIRETLS, nothing authenticates the host", REQUIRETLS_WITHOUT_POLICY, TLS_WITH_REQUIRETLS, GOOD, NEXT_HOST, NONE, ""),

            row("waived, clear text server", WAIVED, CLEAR, GOOD, SEND, NONE, ""),
            row("waived, any certificate", WAIVED, TLS, EXPIRED, SEND, UNAUTHENTICATED, ""),
            row("waived, broken TLS", WAIVED, BROKEN_TLS, GOOD, RETRY_IN_CLEAR, NONE, ""),
            row("waived, no connection", WAIVED, REFUSED_CONNECTION, GOOD, NEXT_HOST, NONE, ""));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("table")
    void verdictShouldFollowTheTable(String name, TlsDemand demand, TlsObservation seen, List<Violation> certificate, Ruling ruling,
                                     TlsLevel level, String reported) {
        Verdict verdict = Verdict.of(demand, seen, pkix(certificate));

        assertThat(verdict.ruling()).isEqualTo(ruling);
        assertThat(verdict.level()).isEqualTo(level);
        assertThat(inWords(verdict)).isEqualTo(reported);
    }

    @Test
    void enforceShouldForbidConnectingToAnUnlistedHost() {
        assertThat(Verdict.beforeConnecting(ENFORCE_UNLISTED)).hasValueSatisfying(verdict -> {
            assertThat(verdict.ruling()).isEqualTo(NEXT_HOST);
            assertThat(verdict.shortfall()).containsExactly(new Violation(VALIDATION_FAILURE, "MX does not match policy"));
            assertThat(inWords(verdict)).isEqualTo("validation-failure");
        });
    }

    @Test
    void requireTlsShouldForbidConnectingWhereNothingAuthenticatesTheHost() {
        assertThat(Verdict.beforeConnecting(REQUIRETLS_WITHOUT_POLICY)).isPresent();
        assertThat(Verdict.beforeConnecting(new RequireTls(Optional.of((Sts) ENFORCE_UNLISTED)))).isPresent();
        assertThat(Verdict.beforeConnecting(REQUIRETLS)).isEmpty();
    }

    @Test
    void everythingElseShouldBeWorthAConnection() {
        assertThat(Stream.of(OPPORTUNISTIC, ENFORCE, TESTING, TESTING_UNLISTED, WAIVED).map(Verdict::beforeConnecting))
            .allMatch(Optional::isEmpty);
    }

    @Test
    void missingKeywordShouldBeToldFromMissingTls() {
        assertThat(Verdict.of(REQUIRETLS, TLS, pkix(GOOD)).shortfall()).allMatch(Verdict::isMissingRequireTls).hasSize(1);
        assertThat(Verdict.of(REQUIRETLS, CLEAR, pkix(GOOD)).shortfall()).noneMatch(Verdict::isMissingRequireTls).hasSize(1);
    }

    @Test
    void policyThatCannotBeHadShouldBeReportedForEverySession() {
        TlsDemand unfetched = new Opportunistic(new AppliedPolicy(PolicyType.STS, DOMAIN, List.of(), List.of()),
            Optional.of(new Violation(STS_POLICY_FETCH_ERROR, "HTTP 301")));

        Verdict verdict = Verdict.of(unfetched, TLS, pkix(GOOD));

        assertThat(verdict.ruling()).isEqualTo(SEND);
        assertThat(verdict.level()).isEqualTo(UNAUTHENTICATED);
        assertThat(inWords(verdict)).isEqualTo("sts-policy-fetch-error");
    }

    @Test
    void refusalOfStartTlsShouldBeReportedWithItsCode() {
        assertThat(Verdict.of(ENFORCE, TLS_REFUSED, pkix(GOOD)).shortfall())
            .containsExactly(new Violation(VALIDATION_FAILURE, "STARTTLS reply 454"));
    }

    @Test
    void allFaultsShouldBeNamedNotOnlyTheFirst() {
        List<Violation> both = List.of(EXPIRED.getFirst(), WRONG_NAME.getFirst());

        assertThat(Verdict.of(ENFORCE, TLS, pkix(both)).shortfall()).containsExactlyElementsOf(both);
    }

    @Test
    void secondSessionInClearShouldNotBeReportedAgain() {
        assertThat(Verdict.inClear(seen(StartTls.OFFERED, new Handshake.NotAttempted(), null)))
            .isEqualTo(new Verdict(SEND, NONE, List.of(), List.of()));
        assertThat(Verdict.inClear(REFUSED_CONNECTION).ruling()).isEqualTo(NEXT_HOST);
    }

    @Test
    void reasonShouldBeReportedWhereTheTypeSaysTooLittle() {
        // RFC 8460 §4.3.3
        assertThat(Verdict.of(ENFORCE, BROKEN_TLS, pkix(GOOD)).shortfall())
            .containsExactly(new Violation(VALIDATION_FAILURE, "handshake_failure"));
        assertThat(Verdict.of(ENFORCE, seen(StartTls.OFFERED, new Handshake.NotAttempted(), Phase.STARTTLS), pkix(GOOD)).shortfall())
            .containsExactly(new Violation(VALIDATION_FAILURE, "it broke"));
        assertThat(Verdict.of(ENFORCE, seen(StartTls.OFFERED, new Handshake.NotAttempted(), null), pkix(GOOD)).shortfall())
            .containsExactly(new Violation(VALIDATION_FAILURE, "STARTTLS not used"));
        assertThat(Verdict.of(OPPORTUNISTIC, TLS_THEN_LOST, pkix(GOOD)).shortfall())
            .containsExactly(new Violation(VALIDATION_FAILURE, "closed-after-handshake"));
        assertThat(Verdict.beforeConnecting(REQUIRETLS_WITHOUT_POLICY).orElseThrow().shortfall())
            .containsExactly(new Violation(VALIDATION_FAILURE, "REQUIRETLS needs DNSSEC or an enforced MTA-STS policy"));
    }

    @Test
    void clearTextShouldBeNoWayOutWhereThePortSpeaksNothingButTls() {
        Verdict inClear = Verdict.of(OPPORTUNISTIC, BROKEN_TLS, pkix(GOOD));
        Verdict send = Verdict.of(OPPORTUNISTIC, TLS, pkix(GOOD));

        assertThat(inClear.withoutClearText()).isEqualTo(new Verdict(NEXT_HOST, NONE, inClear.shortfall(), inClear.forReport()));
        assertThat(send.withoutClearText()).isEqualTo(send);
    }

    @Test
    void serverThatHangsUpAgainShouldGetClearTextAndBeCountedOnce() {
        Verdict again = Verdict.of(OPPORTUNISTIC, TLS_THEN_LOST, pkix(GOOD));
        Verdict send = Verdict.of(OPPORTUNISTIC, TLS, pkix(GOOD));

        assertThat(again.afterSecondClose()).isEqualTo(new Verdict(RETRY_IN_CLEAR, UNAUTHENTICATED, again.shortfall(), List.of()));
        assertThat(send.afterSecondClose()).isEqualTo(send);
    }

    @Test
    void levelShouldBeAWordInTheLog() {
        assertThat(Stream.of(TlsLevel.values())).extracting(TlsLevel::toString).containsExactly("none", "unauthenticated", "authenticated");
    }

    private static CertificateFaults pkix(List<Violation> faults) {
        return new CertificateFaults(faults, List.of());
    }

    private static Arguments row(String name, TlsDemand demand, TlsObservation seen, List<Violation> certificate, Ruling ruling,
                                 TlsLevel level, Object reported) {
        return Arguments.of(name, demand, seen, certificate, ruling, level,
            reported instanceof ResultType type ? type.wireName() : reported);
    }

    private static String inWords(Verdict verdict) {
        return String.join("+", verdict.forReport().stream().map(judged -> switch (judged) {
            case PolicyVerdict.Met met -> "met";
            case PolicyVerdict.Violated violated ->
                String.join(",", violated.violations().stream().map(violation -> violation.type().wireName()).toList());
        }).toList());
    }

    private static Handshake completed() {
        return new Handshake.Completed("TLSv1.3", "TLS_AES_128_GCM_SHA256", List.of());
    }

    private static TlsObservation startTlsRefused() {
        return seen(StartTls.OFFERED, Optional.of(new SmtpReply(454, List.of("TLS not available"))), new Handshake.NotAttempted(),
            null, Map.of());
    }

    private static TlsObservation seen(StartTls startTls, Handshake handshake, Phase failedIn) {
        return seen(startTls, Optional.empty(), handshake, failedIn, Map.of());
    }

    private static TlsObservation seen(StartTls startTls, Optional<SmtpReply> startTlsReply, Handshake handshake, Phase failedIn,
                                       Map<String, String> keywords) {
        return new TlsObservation(
            new TlsObservation.Ends(DomainName.of("mx.example.org"), InetAddress.getLoopbackAddress(), Optional.empty()), Optional.empty(),
            Optional.empty(), new TlsObservation.Offer(startTls, startTlsReply), handshake, new Capabilities(keywords),
            Optional.ofNullable(failedIn).map(phase -> new SessionFailure(phase, "it broke", Optional.empty())));
    }
}
