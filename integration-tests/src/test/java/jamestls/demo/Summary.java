package jamestls.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jamestls.scenario.ReceivedReport;
import jamestls.scenario.ScenarioResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** The demo's result for machines. */
final class Summary {

    private static final ObjectMapper JSON = new ObjectMapper();

    private Summary() {
    }

    static void write(Path file, String james, List<ScenarioResult> mails, List<ReceivedReport> reports, Duration time) {
        ObjectNode summary = JSON.createObjectNode().put("james", james);
        ArrayNode mailArray = summary.putArray("mails");
        for (ScenarioResult mail : mails) {
            mailArray.addObject()
                .put("domain", mail.scenario().domain())
                .put("result", mail.result().name().toLowerCase(Locale.ROOT))
                .put("tls", mail.tls().name().toLowerCase(Locale.ROOT))
                .put("reason", mail.reason());
        }
        ArrayNode reportArray = summary.putArray("reports");
        for (ReceivedReport report : reports) {
            ObjectNode node = reportArray.addObject()
                .put("domain", report.domain())
                .put("success", report.count("total-successful-session-count"))
                .put("failure", report.count("total-failure-session-count"));
            report.resultTypes().forEach(node.putArray("result-types")::add);
            node.put("dkim", report.dkim().name().toLowerCase(Locale.ROOT));
        }
        summary.put("seconds", time.toMillis() / 1000.0);
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, pretty(summary) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String pretty(JsonNode json) {
        return json.toPrettyString();
    }
}
