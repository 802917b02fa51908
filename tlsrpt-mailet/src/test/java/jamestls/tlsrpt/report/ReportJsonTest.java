package jamestls.tlsrpt.report;

import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.peer;
import static jamestls.tlsrpt.Samples.sts;
import static jamestls.tlsrpt.Samples.tlsa;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.tlsrpt.report.TlsReport.Slice;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.FailureKey;
import jamestls.tlsrpt.store.ReportPeriod;
import jamestls.tlsrpt.store.TallyKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ReportJsonTest {

    private static final TallyKey KEY = new TallyKey(LocalDate.of(2026, 3, 1), RCPT);

    @Test
    void reportShouldEqualTheGoldenFile() throws IOException {
        TlsReport report = report(List.of(
            new PolicyTally(sts(), 5326, 303, Map.of(
                FailureKey.of(peer(), new Violation(ResultType.CERTIFICATE_EXPIRED, "")), 300L,
                FailureKey.of(Peer.named(DomainName.of("rogue.rcpt.example")),
                    new Violation(ResultType.VALIDATION_FAILURE, "MX not listed")), 3L)),
            new PolicyTally(tlsa(), 12, 0, Map.of()),
            new PolicyTally(AppliedPolicy.none(RCPT), 1, 1,
                Map.of(FailureKey.of(Peer.unknown(), new Violation(ResultType.STS_POLICY_FETCH_ERROR, "HTTP 301")), 1L))));

        try (InputStream golden = getClass().getResourceAsStream("/golden/report.json")) {
            ObjectMapper json = new ObjectMapper();
            assertThat(json.readTree(ReportJson.write(report)).toPrettyString()).isEqualTo(json.readTree(golden).toPrettyString());
        }
    }

    @Test
    void sameCountsShouldGiveTheSameBytes() {
        PolicyTally one = new PolicyTally(tlsa(), 1, 0, Map.of());
        PolicyTally two = new PolicyTally(sts(), 1, 0, Map.of());
        assertThat(ReportJson.write(report(List.of(one, two)))).isEqualTo(ReportJson.write(report(List.of(two, one))));
    }

    @Test
    void organizationShouldKeepNonAsciiCharacters() {
        TlsReport report = new TlsReport(new Reporters.Reporter("B\u00fccher \"&\" S\u00f6hne \ud83d\udcda", "a@x.example", "a@x.example"),
            report(List.of(new PolicyTally(sts(), 1, 0, Map.of()))).tally());
        assertThat(ParsedReport.of(ReportJson.write(report)).organization()).isEqualTo("B\u00fccher \"&\" S\u00f6hne \ud83d\udcda");
    }

    @Test
    void reportThatIsTooLargeShouldLoseDetailsButNoCount() {
        Map<FailureKey, Long> details = new HashMap<>();
        IntStream.range(0, 500).forEach(i ->
            details.put(FailureKey.of(peer(), new Violation(ResultType.VALIDATION_FAILURE, "reason " + i * 7919)), 2L));
        TlsReport report = report(List.of(new PolicyTally(sts(), 0, 1000, details)));
        int whole = ((ReportFile.Ready) ReportFile.write(report)).files().getFirst().gzip().length;

        ReportFile.Written folded = ReportFile.write(report, whole / 3);

        assertThat(folded).isInstanceOfSatisfying(ReportFile.Ready.class, ready -> {
            ParsedReport.Policy policy = ParsedReport.ofGzip(ready.files().getFirst().gzip()).policies().getFirst();
            assertThat(policy.failures()).isEqualTo(1000);
            assertThat(policy.details()).hasSizeLessThan(400);
            assertThat(policy.details().stream().mapToLong(ParsedReport.Detail::count).sum()).isEqualTo(1000);
        });
        assertThat(ReportFile.write(report, 10)).isInstanceOf(ReportFile.Faulty.class);
    }

    @Property(tries = 300)
    void anyTallyShouldPassTheCheckAndKeepItsCounts(@ForAll("tallies") List<PolicyTally> policies) {
        byte[] json = ReportJson.write(report(policies));

        assertThat(ReportCheck.problems(json)).isEmpty();
        ParsedReport parsed = ParsedReport.of(json);
        assertThat(parsed.policies()).hasSameSizeAs(policies);
        for (PolicyTally expected : policies) {
            ParsedReport.Policy policy = parsed.policies().stream()
                .filter(candidate -> candidate.domain().equals(expected.policy().policyDomain().ascii())).findFirst().orElseThrow();
            assertThat(policy.successes()).isEqualTo(expected.successes());
            assertThat(policy.failures()).isEqualTo(expected.failures());
            assertThat(policy.strings()).isEqualTo(expected.policy().policyStrings());
            assertThat(policy.details().stream().mapToLong(ParsedReport.Detail::count).sum())
                .isEqualTo(expected.details().values().stream().mapToLong(Long::longValue).sum());
        }
    }

    @Provide
    Arbitrary<List<PolicyTally>> tallies() {
        Arbitrary<Peer> peers = Arbitraries.of(Peer.unknown(), peer(), Peer.named(DomainName.of("xn--bcher-kva.example")));
        Arbitrary<FailureKey> failures = Combinators.combine(peers, Arbitraries.of(ResultType.class), Arbitraries.strings().ofMaxLength(20))
            .as((peer, type, reason) -> FailureKey.of(peer, new Violation(type, reason)));
        Arbitrary<Map<FailureKey, Long>> details = Arbitraries.maps(failures, Arbitraries.longs().between(1, 1L << 40)).ofMaxSize(8);
        Arbitrary<PolicyTally> policies = Combinators.combine(
                Arbitraries.of(PolicyType.class),
                Arbitraries.strings().alpha().ofMinLength(1).ofMaxLength(20),
                Arbitraries.strings().ofMaxLength(40).list().ofMinSize(1).ofMaxSize(4),
                Arbitraries.longs().between(0, 1L << 50), details)
            .as((type, label, strings, successes, failed) -> new PolicyTally(
                policy(type, label, strings), successes,
                failed.values().stream().mapToLong(Long::longValue).sum(), failed));
        return policies.list().ofMinSize(1).ofMaxSize(5).uniqueElements(tally -> tally.policy().policyDomain());
    }

    private static AppliedPolicy policy(PolicyType type, String label, List<String> texts) {
        DomainName domain = DomainName.of(label + ".example");
        return switch (type) {
            case STS -> new AppliedPolicy(type, domain, texts.stream().map(text -> "mx: " + text).toList(), List.of("*." + domain));
            case TLSA -> new AppliedPolicy(type, domain, texts.stream()
                .map(text -> ("3 1 1 " + HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8))).strip()).toList(), List.of());
            case NO_POLICY_FOUND -> AppliedPolicy.none(domain);
        };
    }

    private static TlsReport report(List<PolicyTally> policies) {
        return new TlsReport(REPORTER, new DomainTally(KEY, new ReportPeriod(1, KEY.firstSecond()), KEY.lastSecond(), 10, 5, policies));
    }

    @Test
    void idAndFileNameShouldContainTheStoreId() {
        TlsReport report = new TlsReport(REPORTER, new DomainTally(KEY, new ReportPeriod(2, NOON, "k3f9a0b2c1"), KEY.lastSecond(), 1, 0,
            List.of(new PolicyTally(sts(), 1, 0, Map.of()))), new Slice(1, 2));
        assertThat(report.id()).hasToString("20260301_k3f9a0b2c1-2_1of2.rcpt.example@sender.example");
        assertThat(ReportId.keysOf(report.id().toString())).contains(KEY);
        assertThat(ReportName.of(report).gzipped())
            .isEqualTo("sender.example!rcpt.example!1772366400!1772409599!k3f9a0b2c1part2file1of2.json.gz");
    }

    @Test
    void partOfADayShouldHaveItsOwnIdAndFileName() {
        TlsReport report = new TlsReport(REPORTER, new DomainTally(KEY, new ReportPeriod(2, NOON), KEY.lastSecond(), 1, 0,
            List.of(new PolicyTally(sts(), 1, 0, Map.of()))));
        assertThat(report.id()).hasToString("20260301-2.rcpt.example@sender.example");
        assertThat(ReportName.of(report).gzipped()).isEqualTo("sender.example!rcpt.example!1772366400!1772409599!part2.json.gz");
    }
}
