package jamestls.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.StreamSupport;

/** Holds a report against RFC 8460 §4.4 and against what happened in the scenario. */
public final class ReportCheck {

    private static final Set<String> RESULT_TYPES = Set.of("starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
        "certificate-not-trusted", "validation-failure", "tlsa-invalid", "dnssec-invalid", "dane-required", "sts-policy-fetch-error",
        "sts-policy-invalid", "sts-webpki-invalid");

    private ReportCheck() {
    }

    /** Everything that is wrong with it; empty if nothing is. */
    public static List<String> deviations(ReceivedReport report, Scenario scenario) {
        List<String> wrong = new ArrayList<>(schema(report.json()));
        expect("success", scenario.report().success(), report.count("total-successful-session-count"), wrong);
        expect("failure", scenario.report().failure(), report.count("total-failure-session-count"), wrong);
        if (!report.resultTypes().equals(scenario.report().resultTypes())) {
            wrong.add("result types should be " + scenario.report().resultTypes() + " and are " + report.resultTypes());
        }
        List<String> types = new ArrayList<>();
        for (JsonNode policy : report.json().path("policies")) {
            String type = policy.at("/policy/policy-type").asText();
            types.add(type);
            String name = policy.at("/policy/policy-domain").asText();
            // RFC 8460 §1.1: for TLSA the base domain, which is the host's name
            boolean right = type.equals("tlsa") ? scenario.hosts().stream().anyMatch(host -> host.name().equals(name))
                : name.equals(scenario.domain());
            if (!right) {
                wrong.add("policy-domain of " + type + " is " + name);
            }
        }
        List<String> kinds = types.stream().distinct().sorted().toList();
        if (!kinds.equals(scenario.policyTypes())) {
            wrong.add("policy types should be " + scenario.policyTypes() + " and are " + kinds);
        }
        if (report.dkim() != ReceivedReport.Dkim.PASS) {
            wrong.add("its DKIM signature does not hold");
        }
        return wrong;
    }

    private static List<String> schema(JsonNode json) {
        List<String> wrong = new ArrayList<>();
        for (String text : List.of("organization-name", "contact-info", "report-id")) {
            if (!json.path(text).isTextual() || json.path(text).asText().isBlank()) {
                wrong.add("no " + text);
            }
        }
        Optional<Instant> start = time(json.at("/date-range/start-datetime"), wrong);
        Optional<Instant> end = time(json.at("/date-range/end-datetime"), wrong);
        if (start.isPresent() && end.isPresent() && !start.get().isBefore(end.get())) {
            wrong.add("the date range ends before it starts");
        }
        if (!json.path("policies").isArray() || json.path("policies").isEmpty()) {
            wrong.add("no policies");
        }
        for (JsonNode policy : json.path("policies")) {
            policy(policy, wrong);
        }
        return wrong;
    }

    private static void policy(JsonNode policy, List<String> wrong) {
        String type = policy.at("/policy/policy-type").asText();
        if (!Set.of("sts", "tlsa", "no-policy-found").contains(type)) {
            wrong.add("unknown policy-type " + type);
        }
        if (type.equals("sts") && !(policy.at("/policy/policy-string").isArray() && policy.at("/policy/mx-host").isArray())) {
            wrong.add("an sts policy must come with policy-string and mx-host, as arrays");
        }
        long failed = 0;
        for (JsonNode detail : policy.path("failure-details")) {
            failed += detail.path("failed-session-count").asLong();
            if (!RESULT_TYPES.contains(detail.path("result-type").asText())) {
                wrong.add("unregistered result-type " + detail.path("result-type"));
            }
            if (detail.has("sending-mta-ip") && !detail.path("sending-mta-ip").isTextual()) {
                wrong.add("sending-mta-ip is no text");
            }
        }
        if (!policy.at("/summary/total-successful-session-count").isIntegralNumber()
            || !policy.at("/summary/total-failure-session-count").isIntegralNumber()) {
            wrong.add("the summary must count sessions");
        }
        long total = policy.at("/summary/total-failure-session-count").asLong();
        boolean detailed = StreamSupport.stream(policy.path("failure-details").spliterator(), false).findAny().isPresent();
        if (total > 0 && (!detailed || failed < total)) {
            wrong.add(total + " failed sessions, of which " + failed + " are explained");
        }
    }

    private static Optional<Instant> time(JsonNode node, List<String> wrong) {
        try {
            return Optional.of(Instant.parse(node.asText()));
        } catch (DateTimeParseException e) {
            wrong.add("no time: " + node);
            return Optional.empty();
        }
    }

    private static void expect(String what, long expected, long actual, List<String> wrong) {
        if (expected != actual) {
            wrong.add(what + " should be " + expected + " and is " + actual);
        }
    }
}
