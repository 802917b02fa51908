package jamestls.tlsrpt.report;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.peer;
import static jamestls.tlsrpt.Samples.sts;
import static jamestls.tlsrpt.Samples.tlsa;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.Violation.ResultType;
import jamestls.tlsrpt.Vectors;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.FailureKey;
import jamestls.tlsrpt.store.ReportPeriod;
import jamestls.tlsrpt.store.TallyKey;
import java.io.IOException;
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
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "/organization-name | - | organization-name is missing", "/organization-name | 7 | organization-name is not valid",
        "/date-range | - | date-range is not an object", "/date-range | [] | date-range is not an object",
        "/date-range/start-datetime | - | start-datetime is missing", "/date-range/end-datetime | - | end-datetime is missing",
        "/date-range/start-datetime | \"2026-03-01 00:00:00Z\" | start-datetime is not valid",
        "/date-range/end-datetime | \"2026-03-01T23:59:59\" | end-datetime is not valid",
        "/contact-info | - | contact-info is missing", "/contact-info | \"nobody\" | contact-info is not valid",
        "/contact-info | 7 | contact-info is not valid",
        "/report-id | - | report-id is missing", "/report-id | \"\" | report-id is not valid",
        "/policies | - | policies is missing", "/policies | {} | policies is not valid",
        "/policies/1/policy | - | policy is not an object",
        "/policies/1/policy/policy-type | - | policy-type is missing",
        "/policies/1/policy/policy-type | \"dane\" | policy-type is not valid",
        "/policies/1/policy/policy-domain | - | policy-domain is missing",
        "/policies/1/policy/policy-domain | \"b\u00fc.example\" | policy-domain is not valid",
        "/policies/1/policy/policy-string | [7] | policy-string is not valid",
        "/policies/0/policy/policy-string | \"3 1 1 0a0b\" | policy-string is not valid",
        "/policies/1/policy/policy-string | [\"x\", \" {}\"] | policy-string is not valid",
        "/policies/1/policy/mx-host | [7] | mx-host is not valid", "/policies/0/policy/mx-host | \"x\" | mx-host is not valid",
        "/policies/0/summary | - | summary is not an object",
        "/policies/1/summary/total-successful-session-count | - | total-successful-session-count is missing",
        "/policies/1/summary/total-successful-session-count | -1 | total-successful-session-count is not valid",
        "/policies/1/summary/total-successful-session-count | 1.0 | total-successful-session-count is not valid",
        "/policies/1/summary/total-successful-session-count | \"1\" | total-successful-session-count is not valid",
        "/policies/1/summary/total-successful-session-count | 9007199254740992 | total-successful-session-count is not valid",
        "/policies/0/summary/total-failure-session-count | - | total-failure-session-count is missing",
        "/policies/0/summary/total-failure-session-count | 1e1 | total-failure-session-count is not valid",
        "/policies/1/failure-details | {} | failure-details is not valid",
        "/policies/1/failure-details/0 | 7 | failure-details is not an object",
        "/policies/1/failure-details/0/result-type | - | result-type is missing",
        "/policies/1/failure-details/0/result-type | \"tls-failed\" | result-type is not valid",
        "/policies/1/failure-details/0/failed-session-count | - | failed-session-count is missing",
        "/policies/1/failure-details/0/failed-session-count | 2 | failed-session-count is not valid",
        "/policies/1/failure-details/0/failed-session-count | -1 | failed-session-count is not valid",
        "/policies/1/failure-details/0/sending-mta-ip | \"192.0.2.256\" | sending-mta-ip is not valid",
        "/policies/1/failure-details/0/receiving-ip | \"mx.example\" | receiving-ip is not valid",
        "/policies/1/failure-details/0/receiving-mx-hostname | 7 | receiving-mx-hostname is not valid",
        "/policies/1/failure-details/0/receiving-mx-helo | 7 | receiving-mx-helo is not valid",
        "/policies/1/failure-details/0/failure-reason-code | 7 | failure-reason-code is not valid",
        "/policies/1/failure-details/0/additional-information | \"no uri\" | additional-information is not valid",
        "/policies/1/failure-details/0/additional-information | \"reports/7\" | additional-information is not valid",
        "/policies/1/policy/policy-string | [\"\\udfff\"] | a text with a lone surrogate or a noncharacter",
        "/policies/1/policy/policy-string | [\"\ufdd0\"] | a text with a lone surrogate or a noncharacter",
        "/policies/1/policy/policy-string | [\"\ufdef\"] | a text with a lone surrogate or a noncharacter",
        "/policies/1/policy/policy-string | [\"\\ud83f\\udffe\"] | a text with a lone surrogate or a noncharacter",
        "/policies/1/failure-details/0/more | {\"\\ud800\": 1} | a name with a lone surrogate or a noncharacter"})
    void memberThatIsMissingOrWrongShouldBeNamed(String member, String value, String problem) throws IOException {
        assertThat(ReportCheck.problems(with(member, value))).containsExactly(problem);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "/date-range/end-datetime | \"2026-03-01T00:00:00Z\"", "/policies/1/policy/policy-domain | \"RCPT.example\"",
        "/policies/1/summary/total-successful-session-count | 9007199254740991",
        "/policies/1/failure-details/0/failed-session-count | 0",
        "/policies/1/failure-details/0/additional-information | \"https://sender.example/reports/7\"",
        "/policies/1/policy/policy-string | [\"\ufdcf\", \"\ufdf0\", \"\ufffd\", \"\ud7ff\", \"\ue000\"]",
        "/policies/1/failure-details/0/sending-mta-ip | -", "/policies/1/failure-details | -"})
    void memberWithinItsBoundsShouldBeValid(String member, String value) throws IOException {
        assertThat(ReportCheck.problems(with(member, value))).isEmpty();
    }

    @Test
    void otherDocumentsShouldBeNoReport() {
        assertThat(ReportCheck.problems("[]".getBytes(StandardCharsets.UTF_8))).containsExactly("the report is not an object");
        assertThat(ReportCheck.problems((ours() + "{}").getBytes(StandardCharsets.UTF_8))).containsExactly("more than one report");
        assertThat(ReportCheck.problems("{\n\"a\" 1}".getBytes(StandardCharsets.UTF_8)))
            .containsExactly("not JSON, line 2, column 5");
        assertThat(ReportCheck.problems("{\"a\":1,\"a\":1}".getBytes(StandardCharsets.UTF_8))).first().asString().startsWith("not JSON");
    }

    @Test
    void problemsShouldBeBounded() throws IOException {
        assertThat(ReportCheck.problems(with("/policies", "[" + "7,".repeat(100) + "7]"))).hasSize(20);
    }

    /** Our report with another value of a member, or without it for "-". */
    private static byte[] with(String member, String value) throws IOException {
        JsonNode report = new ObjectMapper().readTree(ours());
        int end = member.lastIndexOf('/');
        String name = member.substring(end + 1);
        JsonNode parent = report.at(member.substring(0, end));
        if (value.equals("-")) {
            assertThat(((ObjectNode) parent).remove(name)).as(member).isNotNull();
        } else if (parent instanceof ArrayNode array) {
            array.set(Integer.parseInt(name), "REPLACED");
        } else {
            ((ObjectNode) parent).put(name, "REPLACED");
        }
        // the value as it is written: a tree would change some
        return report.toString().replace("\"REPLACED\"", value).getBytes(StandardCharsets.UTF_8);
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
