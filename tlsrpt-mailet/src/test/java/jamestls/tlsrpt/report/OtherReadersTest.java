package jamestls.tlsrpt.report;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.peer;
import static jamestls.tlsrpt.Samples.sts;
import static jamestls.tlsrpt.Samples.tlsa;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome.Peer;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.FailureKey;
import jamestls.tlsrpt.store.ReportPeriod;
import jamestls.tlsrpt.store.TallyKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Our reports by the rules of the two readers that most receivers use: what they demand, and of which type, as their sources have it
 * (mail-auth, {@code src/report/tlsrpt}; parsedmarc, {@code parse_smtp_tls_report_json}).
 */
class OtherReadersTest {

    private static final JsonMapper JSON = JsonMapper.builder().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).build();
    private static final long MAX_U32 = (1L << 32) - 1;
    private static final Set<String> POLICY_TYPES = Set.of("tlsa", "sts", "no-policy-found");

    @Test
    void everyKindOfReportShouldBeReadByMailAuth() throws IOException {
        for (byte[] report : reports()) {
            assertThat(new MailAuth().problems(JSON.readTree(report))).as(text(report)).isEmpty();
        }
    }

    @Test
    void everyKindOfReportShouldBeReadByParsedmarc() throws IOException {
        for (byte[] report : reports()) {
            assertThat(new Parsedmarc().problems(JSON.readTree(report))).as(text(report)).isEmpty();
        }
    }

    /** The rules reject these faults of real reports, so their acceptance of ours means something. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"contact-info\": \"tlsrpt@sender.example\" | \"contact-info\": null | mail-auth",
        "\"mx-host\": [\"mx1.rcpt.example\"] | \"mx-host\": \"mx1.rcpt.example\" | mail-auth",
        "\"failed-session-count\": 300 | \"failed-session-count\": \"300\" | mail-auth",
        "\"failed-session-count\": 300 | \"failed-session-count\": 4294967296 | mail-auth",
        "2001:db8::25 | mx1.rcpt.example | mail-auth",
        "\"contact-info\": | \"contact\": | parsedmarc",
        "\"policy-type\": \"tlsa\" | \"policy-type\": \"dane\" | parsedmarc",
        "\"total-failure-session-count\" | \"total-failed-session-count\" | parsedmarc",
        "\"failed-session-count\" | \"failure-session-count\" | parsedmarc",
        "\"policy-domain\" | \"domain\" | parsedmarc"})
    void whatTheyRefuseShouldBeRefusedHere(String right, String wrong, String reader) throws IOException {
        assertThat(golden()).contains(right);
        JsonNode report = JSON.readTree(golden().replace(right, wrong));

        assertThat(reader.equals("mail-auth") ? new MailAuth().problems(report) : new Parsedmarc().problems(report)).isNotEmpty();
    }

    private static List<byte[]> reports() throws IOException {
        AppliedPolicy invalid = new AppliedPolicy(PolicyType.STS, RCPT, List.of("version: STSv1", "mode = enforce \u00fc?"), List.of());
        List<byte[]> reports = new ArrayList<>(List.of(golden().getBytes(StandardCharsets.UTF_8)));
        for (AppliedPolicy policy : List.of(sts(), tlsa(), AppliedPolicy.none(RCPT), invalid)) {
            reports.add(report(new PolicyTally(policy, policy.equals(invalid) ? 0 : 7, policy.equals(invalid) ? 1 : 0,
                policy.equals(invalid) ? Map.of(FailureKey.of(Peer.unknown(), new Violation(ResultType.STS_POLICY_INVALID, "no mode")), 1L)
                    : Map.of())));
            Map<FailureKey, Long> details = new HashMap<>();
            for (ResultType type : ResultType.values()) {
                for (Peer peer : List.of(Peer.unknown(), Peer.named(DomainName.of("mx1.rcpt.example")), peer())) {
                    details.put(FailureKey.of(peer, new Violation(type, "why not")), 3L);
                    details.put(FailureKey.of(peer, new Violation(type, "")), 2L);
                }
            }
            reports.add(report(new PolicyTally(policy, 0, 1_000, details)));
        }
        return reports;
    }

    private static byte[] report(PolicyTally policy) {
        TallyKey key = new TallyKey(DAY, RCPT);
        byte[] json = ReportJson.write(new TlsReport(REPORTER,
            new DomainTally(key, new ReportPeriod(1, key.firstSecond()), key.lastSecond(), 10, 5, List.of(policy))));
        assertThat(ReportCheck.problems(json)).as(text(json)).isEmpty();
        return json;
    }

    private static String text(byte[] json) {
        return new String(json, StandardCharsets.UTF_8);
    }

    private static String golden() throws IOException {
        try (InputStream golden = OtherReadersTest.class.getResourceAsStream("/golden/report.json")) {
            return text(golden.readAllBytes());
        }
    }

    /** Types are strict, most fields may be absent, null is for three of them. */
    private static final class MailAuth {

        private final List<String> problems = new ArrayList<>();

        List<String> problems(JsonNode report) {
            strings(report, "organization-name", "contact-info", "report-id");
            JsonNode range = report.path("date-range");
            for (String name : List.of("start-datetime", "end-datetime")) {
                expect(name, isRfc3339(range.path(name)));
            }
            optional(report, "policies", JsonNode::isArray);
            report.path("policies").forEach(this::policy);
            return problems;
        }

        private void policy(JsonNode element) {
            JsonNode policy = element.path("policy");
            expect("policy-type", policy.path("policy-type").isTextual());
            strings(policy, "policy-domain");
            for (String name : List.of("policy-string", "mx-host")) {
                optional(policy, name, JsonNode::isArray);
                policy.path(name).forEach(line -> expect(name, line.isTextual()));
            }
            JsonNode summary = element.path("summary");
            expect("summary", summary.isObject());
            optional(summary, "total-successful-session-count", MailAuth::isU32);
            optional(summary, "total-failure-session-count", MailAuth::isU32);
            optional(element, "failure-details", JsonNode::isArray);
            element.path("failure-details").forEach(this::detail);
        }

        private void detail(JsonNode detail) {
            expect("result-type", detail.path("result-type").isTextual());
            strings(detail, "receiving-mx-hostname", "failure-reason-code");
            optional(detail, "failed-session-count", MailAuth::isU32);
            for (String name : List.of("sending-mta-ip", "receiving-ip")) {
                optional(detail, name, ip -> ip.isNull() || ip.isTextual() && ip.textValue().matches("[0-9a-f:.]{2,45}"));
            }
            for (String name : List.of("receiving-mx-helo", "additional-information")) {
                optional(detail, name, text -> text.isNull() || text.isTextual());
            }
        }

        private void strings(JsonNode parent, String... names) {
            Arrays.stream(names).forEach(name -> optional(parent, name, JsonNode::isTextual));
        }

        private void optional(JsonNode parent, String name, Predicate<JsonNode> valid) {
            expect(name, parent.path(name).isMissingNode() || valid.test(parent.path(name)));
        }

        private void expect(String name, boolean valid) {
            if (!valid) {
                problems.add(name);
            }
        }

        private static boolean isU32(JsonNode node) {
            return node.isIntegralNumber() && node.canConvertToLong() && node.longValue() >= 0 && node.longValue() <= MAX_U32;
        }

        private static boolean isRfc3339(JsonNode node) {
            try {
                return node.isTextual() && OffsetDateTime.parse(node.textValue()) != null;
            } catch (DateTimeParseException notOne) {
                return false;
            }
        }
    }

    /** Fields are demanded, types hardly looked at. */
    private static final class Parsedmarc {

        private final List<String> problems = new ArrayList<>();

        List<String> problems(JsonNode report) {
            required(report, "organization-name", "date-range", "contact-info", "report-id", "policies");
            required(report.path("date-range"), "start-datetime", "end-datetime");
            if (!report.path("policies").isArray()) {
                problems.add("policies must be a list");
            }
            for (JsonNode element : report.path("policies")) {
                required(element.path("policy"), "policy-domain", "policy-type");
                if (!POLICY_TYPES.contains(element.path("policy").path("policy-type").asText())) {
                    problems.add("invalid policy type");
                }
                required(element.path("summary"), "total-successful-session-count", "total-failure-session-count");
                element.path("failure-details").forEach(detail -> required(detail, "result-type", "failed-session-count"));
                // anything but a list is dropped without a word
                if (element.path("policy").has("policy-string") && !element.path("policy").path("policy-string").isArray()) {
                    problems.add("policy-string is lost");
                }
            }
            return problems;
        }

        private void required(JsonNode parent, String... names) {
            Arrays.stream(names).filter(name -> !parent.has(name)).forEach(problems::add);
        }
    }
}
