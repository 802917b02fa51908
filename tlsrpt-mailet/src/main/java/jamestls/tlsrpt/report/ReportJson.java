package jamestls.tlsrpt.report;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import jamestls.outcome.AppliedPolicy;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.FailureKey;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Writes reports in JSON (RFC 8460 §4.4, §4.5). Unknown values are omitted: there is no null and no empty text. Equal counts give equal
 * bytes.
 */
public final class ReportJson {

    private static final JsonFactory JSON = new JsonFactory().disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);

    /** @param text orders entries with equal counts; computed once, because sorting needs it often */
    private record Detail(FailureKey failure, long count, String text) {
    }

    private ReportJson() {
    }

    /** The report in UTF-8, without line ends. */
    public static byte[] write(TlsReport report) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            write(report, bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        return bytes.toByteArray();
    }

    /** Writes the report to a stream, in UTF-8, and does not close it. */
    public static void write(TlsReport report, OutputStream out) throws IOException {
        try (JsonGenerator json = JSON.createGenerator(out)) {
            json.writeStartObject();
            json.writeStringField("organization-name", report.reporter().organization());
            json.writeObjectFieldStart("date-range");
            json.writeStringField("start-datetime", DateTimeFormatter.ISO_INSTANT.format(report.start()));
            json.writeStringField("end-datetime", DateTimeFormatter.ISO_INSTANT.format(report.end()));
            json.writeEndObject();
            json.writeStringField("contact-info", report.reporter().contact());
            json.writeStringField("report-id", report.id().toString());
            json.writeArrayFieldStart("policies");
            for (PolicyTally policy : sorted(report.tally().policies())) {
                writePolicy(json, policy);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
    }

    private static List<PolicyTally> sorted(List<PolicyTally> policies) {
        return policies.size() == 1 ? policies : policies.stream()
            .sorted(Comparator.comparing((PolicyTally tally) -> tally.policy().type())
                .thenComparing(tally -> tally.policy().policyDomain())
                .thenComparing(tally -> tally.policy().toString()))
            .toList();
    }

    private static void writePolicy(JsonGenerator json, PolicyTally tally) throws IOException {
        AppliedPolicy policy = tally.policy();
        json.writeStartObject();
        json.writeObjectFieldStart("policy");
        json.writeStringField("policy-type", policy.type().wireName());
        writeStrings(json, "policy-string", policy.policyStrings());
        json.writeStringField("policy-domain", policy.policyDomain().ascii());
        // always an array (RFC 8460 §4.4, erratum 6241), though the RFC's own example has a string
        writeStrings(json, "mx-host", policy.mxHosts());
        json.writeEndObject();
        json.writeObjectFieldStart("summary");
        json.writeNumberField("total-successful-session-count", tally.successes());
        json.writeNumberField("total-failure-session-count", tally.failures());
        json.writeEndObject();
        if (!tally.details().isEmpty()) {
            json.writeArrayFieldStart("failure-details");
            for (Detail detail : mostFrequentFirst(tally.details())) {
                writeDetail(json, detail.failure(), detail.count());
            }
            json.writeEndArray();
        }
        json.writeEndObject();
    }

    private static List<Detail> mostFrequentFirst(Map<FailureKey, Long> details) {
        return details.entrySet().stream()
            .map(entry -> new Detail(entry.getKey(), entry.getValue(), entry.getKey().toString()))
            .sorted(Comparator.comparingLong(Detail::count).reversed().thenComparing(Detail::text))
            .toList();
    }

    private static void writeDetail(JsonGenerator json, FailureKey failure, long count) throws IOException {
        json.writeStartObject();
        json.writeStringField("result-type", failure.type().wireName());
        if (failure.sendingIp().isPresent()) {
            json.writeStringField("sending-mta-ip", IpText.of(failure.sendingIp().get()));
        }
        if (failure.mxHost().isPresent()) {
            json.writeStringField("receiving-mx-hostname", failure.mxHost().get().ascii());
        }
        if (failure.helo().isPresent()) {
            json.writeStringField("receiving-mx-helo", failure.helo().get());
        }
        if (failure.receivingIp().isPresent()) {
            json.writeStringField("receiving-ip", IpText.of(failure.receivingIp().get()));
        }
        json.writeNumberField("failed-session-count", count);
        if (!failure.reason().isEmpty()) {
            json.writeStringField("failure-reason-code", failure.reason());
        }
        json.writeEndObject();
    }

    private static void writeStrings(JsonGenerator json, String name, List<String> values) throws IOException {
        if (!values.isEmpty()) {
            json.writeArrayFieldStart(name);
            for (String value : values) {
                json.writeString(value);
            }
            json.writeEndArray();
        }
    }
}
