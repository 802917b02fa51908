package jamestls.tlsrpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;

/** A report parsed by the schema of RFC 8460 §4.4, independently of the code that writes reports. */
public record ParsedReport(String organization, Instant start, Instant end, String contact, String id, List<Policy> policies) {

    public record Policy(String type, List<String> strings, String domain, List<String> mxHosts, long successes, long failures,
                         List<Detail> details) {
    }

    /** The text members by name. */
    public record Detail(Map<String, String> texts, long count) {
    }

    public static ParsedReport ofGzip(byte[] gzip) {
        try (GZIPInputStream content = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            return of(content.readAllBytes());
        } catch (IOException e) {
            throw new AssertionError("not gzip", e);
        }
    }

    /** Parses a report and fails the test if a third-party validator rejects it. */
    public static ParsedReport of(byte[] json) {
        assertThat(ReportSchema.problems(json)).isEmpty();
        try {
            JsonNode report = new ObjectMapper().readTree(json);
            JsonNode range = report.get("date-range");
            return new ParsedReport(report.get("organization-name").textValue(), Instant.parse(range.get("start-datetime").textValue()),
                Instant.parse(range.get("end-datetime").textValue()), report.get("contact-info").textValue(),
                report.get("report-id").textValue(), all(report.get("policies")).stream().map(ParsedReport::policy).toList());
        } catch (IOException e) {
            throw new AssertionError("not JSON", e);
        }
    }

    private static Policy policy(JsonNode element) {
        JsonNode policy = element.get("policy");
        JsonNode summary = element.get("summary");
        return new Policy(policy.get("policy-type").textValue(), texts(policy.get("policy-string")),
            policy.get("policy-domain").textValue(), texts(policy.get("mx-host")),
            summary.get("total-successful-session-count").longValue(),
            summary.get("total-failure-session-count").longValue(),
            all(element.get("failure-details")).stream().map(ParsedReport::detail).toList());
    }

    private static Detail detail(JsonNode detail) {
        Map<String, String> texts = new TreeMap<>();
        detail.fields().forEachRemaining(field -> Optional.ofNullable(field.getValue().textValue())
            .ifPresent((Consumer<String>) text -> texts.put(field.getKey(), text)));
        return new Detail(texts, detail.get("failed-session-count").longValue());
    }

    private static List<String> texts(JsonNode array) {
        return all(array).stream().map(JsonNode::textValue).toList();
    }

    private static List<JsonNode> all(JsonNode array) {
        List<JsonNode> elements = new ArrayList<>();
        if (array != null) {
            array.forEach(elements::add);
        }
        return elements;
    }
}
