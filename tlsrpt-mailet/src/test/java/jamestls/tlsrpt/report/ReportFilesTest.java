package jamestls.tlsrpt.report;

import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.peer;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.FailureKey;
import jamestls.tlsrpt.store.ReportPeriod;
import jamestls.tlsrpt.store.TallyKey;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReportFilesTest {

    private static final TallyKey KEY = new TallyKey(LocalDate.of(2026, 3, 1), RCPT);

    @Test
    void reportThatIsTooLargeShouldBeDividedIntoFilesThatHaveEveryCountOnce() {
        List<PolicyTally> policies = IntStream.range(0, 7).mapToObj(ReportFilesTest::policy).toList();
        TlsReport report = new TlsReport(REPORTER,
            new DomainTally(KEY, new ReportPeriod(1, KEY.firstSecond()), KEY.lastSecond(), 910, 210, policies));
        int whole = ((ReportFile.Ready) ReportFile.write(report)).files().getFirst().gzip().length;

        List<ReportFile> files = ((ReportFile.Ready) ReportFile.write(report, whole / 2)).files();

        assertThat(files).hasSizeBetween(2, 7).allMatch(file -> file.gzip().length <= whole / 2);
        List<ParsedReport> parsed = files.stream().map(file -> ParsedReport.ofGzip(file.gzip())).toList();
        assertThat(parsed).extracting(ParsedReport::id).doesNotHaveDuplicates()
            .first().isEqualTo("20260301_1of" + files.size() + ".rcpt.example@sender.example");
        assertThat(files).extracting(file -> ReportName.of(file.report()).gzipped()).doesNotHaveDuplicates()
            .last().asString().endsWith("!file" + files.size() + "of" + files.size() + ".json.gz");
        List<ParsedReport.Policy> all = parsed.stream().flatMap(each -> each.policies().stream()).toList();
        assertThat(all).extracting(ParsedReport.Policy::domain).hasSize(7).doesNotHaveDuplicates();
        assertThat(all).allMatch(policy -> policy.successes() == 100 && policy.failures() == 30 && policy.details().size() == 30);
    }

    @Test
    void reportThatViolatesTheRfcShouldNotBecomeAFile() {
        Reporters.Reporter wrong = new Reporters.Reporter("Sender\uffff", "tls@sender.example", "tls@sender.example");
        DomainTally tally = new DomainTally(KEY, new ReportPeriod(1, KEY.firstSecond()), KEY.lastSecond(), 910, 210, List.of(policy(1)));

        assertThat(ReportFile.write(new TlsReport(wrong, tally)))
            .isEqualTo(new ReportFile.Faulty(List.of("a text with a lone surrogate or a noncharacter")));
        assertThat(ReportCheck.problems(new ReportFile(new TlsReport(REPORTER, tally), new byte[10]))).containsExactly("not gzip");
    }

    @Test
    void policyThatIsTooLargeShouldLoseDetailsAndNoCounts() {
        TlsReport report = new TlsReport(REPORTER,
            new DomainTally(KEY, new ReportPeriod(1, KEY.firstSecond()), KEY.lastSecond(), 130, 30, List.of(policy(1))));
        int whole = ((ReportFile.Ready) ReportFile.write(report)).files().getFirst().gzip().length;

        assertThat(((ReportFile.Ready) ReportFile.write(report, whole)).files()).as("its exact size").singleElement()
            .satisfies(file -> assertThat(ParsedReport.ofGzip(file.gzip()).policies().getFirst().details()).hasSize(30));
        assertThat(((ReportFile.Ready) ReportFile.write(report, whole - 1)).files()).singleElement().satisfies(file -> {
            ParsedReport.Policy policy = ParsedReport.ofGzip(file.gzip()).policies().getFirst();
            assertThat(policy.failures()).isEqualTo(30);
            assertThat(policy.details().size()).isBetween(1, 29);
        });
        assertThat(ReportFile.write(report, 10)).isEqualTo(
            new ReportFile.Faulty(List.of("one policy is larger than 10 octets even without details")));
    }

    private static PolicyTally policy(int number) {
        Map<FailureKey, Long> details = new HashMap<>();
        IntStream.range(0, 30).forEach(i -> details.put(FailureKey.of(peer(),
            new Violation(ResultType.VALIDATION_FAILURE, "reason " + (number * 31 + i) * 7919L)), 1L));
        return new PolicyTally(new AppliedPolicy(PolicyType.TLSA, DomainName.of("mx" + number + ".rcpt.example"),
            List.of("3 1 1 " + "0123456789abcdef".repeat(4)), List.of()), 100, 30, details);
    }
}
