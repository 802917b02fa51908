package jamestls.tlsrpt.report;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.peer;
import static jamestls.tlsrpt.Samples.sts;
import static jamestls.tlsrpt.Samples.tlsa;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.Violation.ResultType;
import jamestls.tlsrpt.Vectors;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.FailureKey;
import jamestls.tlsrpt.store.ReportPeriod;
import jamestls.tlsrpt.store.TallyKey;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReportCheckTest {

    @TestFactory
    Stream<DynamicTest> checkShouldGoByTheLetter() {
        return Vectors.tests("report-json", (input, expected) -> {
            String json = input.isTextual() ? input.asText() : input.toString();
            List<String> problems = ReportCheck.problems(json.getBytes(StandardCharsets.UTF_8));
            assertThat(problems.isEmpty()).as("%s", problems).isEqualTo(expected.path("strict_valid").asBoolean());
        });
    }

    @Test
    void detailWithMoreSessionsThanFailedShouldBeAProblem() {
        String json = Vectors.one("report-json", "detail-no-ips").path("input").toString()
            .replaceFirst("\"failed-session-count\":\\d+", "\"failed-session-count\":9999");
        assertThat(ReportCheck.problems(json.getBytes(StandardCharsets.UTF_8))).containsExactly("failed-session-count is not valid");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"organization-name\" | \ufeff{\"organization-name\" | a byte order mark",
        "Sender Example | \\ud800 | a text with a lone surrogate",
        "Sender Example | \uffff | a text with a lone surrogate or a noncharacter",
        ",\"mx-host\":[\"mx1.rcpt.example\"] | `` | mx-host is missing",
        "\"mx-host\":[\"mx1.rcpt.example\"] | \"mx-host\":[\"b\u00fc.example\"] | mx-host is not valid",
        "\"policy-string\":[\"version: STSv1\",\"mode: enforce\","
            + "\"mx: mx1.rcpt.example\",\"max_age: 86400\"], | `` | policy-string is missing",
        "\"version: STSv1\" | \"[\\\"version: STSv1\\\"]\" | policy-string is not valid",
        "2026-03-01T23:59:59Z | 2026-02-28T23:59:59Z | end-datetime is before start-datetime",
        "3 1 1 0a0b | 3 1 1 0a 0b | policy-string is not valid",
        "3 1 1 0a0b | 3 1 1 0a0 | policy-string is not valid"})
    void invalidReportShouldHaveAProblem(String right, String wrong, String problem) {
        assertThat(ours()).contains(right);
        assertThat(ReportCheck.problems(ours().replace(right, wrong).getBytes(StandardCharsets.UTF_8))).singleElement().asString()
            .contains(problem);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"T00:00:00Z | t00:00:00z", "2001:db8::25 | ::ffff:198.51.100.1",
        "mx1.rcpt.example\"] | *.rcpt.example\"]",
        "3 1 1 0a0b | \\# 2 0301"})
    void whatTheRfcsAllowShouldBeValid(String ours, String others) {
        assertThat(ours()).contains(ours);
        assertThat(ReportCheck.problems(ours().replace(ours, others.replace("\\#", "\\\\#")).getBytes(StandardCharsets.UTF_8))).isEmpty();
    }

    @Test
    void policyThatCouldNotBeFetchedShouldBeOptional() {
        String json = ours().replace(",\"mx-host\":[\"mx1.rcpt.example\"]", "")
            .replaceFirst("\"policy-string\":\\[\"version[^]]*],", "").replace("certificate-expired", "sts-policy-fetch-error");
        assertThat(ReportCheck.problems(json.getBytes(StandardCharsets.UTF_8))).isEmpty();
    }

    /** A report with policies of both types, and a failure with all fields. */
    private static String ours() {
        TallyKey key = new TallyKey(DAY, RCPT);
        Peer peer = peer();
        FailureKey failure = new FailureKey(ResultType.CERTIFICATE_EXPIRED, peer.sendingIp(), peer.mxHost(), peer.helo(),
            peer.receivingIp(), "");
        DomainTally tally = new DomainTally(key, new ReportPeriod(1, key.firstSecond()), key.lastSecond(), 3, 1,
            List.of(new PolicyTally(sts(), 1, 1, Map.of(failure, 1L)), new PolicyTally(tlsa(), 1, 0, Map.of())));
        return new String(ReportJson.write(new TlsReport(REPORTER, tally)), StandardCharsets.UTF_8);
    }

    @Property
    void anyBytesShouldBeCheckedWithoutException(@ForAll byte[] bytes) {
        assertThat(ReportCheck.problems(bytes)).isNotEmpty();
    }
}
