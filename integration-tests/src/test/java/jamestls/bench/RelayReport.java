package jamestls.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.stream.StreamSupport;

/** The results of {@link RelayBench} as a table in Markdown and as a picture in SVG, both made from {@code relay.json}. */
final class RelayReport {

    /** A sender as {@code relay.json} calls it, and as a reader knows it. */
    record Sender(String key, String title) {
    }

    /** In the order of the picture; whoever has no result is left out. */
    static final List<Sender> SENDERS = List.of(new Sender("secure", "SecureRemoteDelivery"), new Sender("postfix_reuse", "Postfix, reuse"),
        new Sender("postfix", "Postfix"), new Sender("exim", "Exim"), new Sender("stock", "RemoteDelivery"));

    private RelayReport() {
    }

    /** Writes {@code relay.md} and {@code relay.svg} beside {@code relay.json}. */
    static void write(Path directory) throws IOException {
        JsonNode results = new ObjectMapper().readTree(directory.resolve("relay.json").toFile());
        Files.writeString(directory.resolve("relay.md"), table(results));
        Files.writeString(directory.resolve("relay.svg"), RelayPicture.of(cases(results)));
    }

    /** Without what else was measured in the same run. */
    static List<JsonNode> cases(JsonNode results) {
        return StreamSupport.stream(results.spliterator(), false).filter(each -> each.has("rtt_ms")).toList();
    }

    static String table(JsonNode results) {
        StringBuilder table = new StringBuilder("""
            | RTT | destinations | size | ours | share of limit | limit | queue alone | RemoteDelivery | Postfix | Postfix, reuse | Exim |
            |---|---|---|---|---|---|---|---|---|---|---|
            """);
        for (JsonNode each : cases(results)) {
            StringJoiner row = new StringJoiner(" | ", "| ", " |\n");
            row.add(each.path("rtt_ms").asInt() + " ms").add(each.path("destinations").asText()).add(size(each))
                .add("**" + cell(each, "secure") + "**")
                .add(each.has("share_of_limit") ? String.format(Locale.ROOT, "%.2f", each.get("share_of_limit").asDouble()) : "–");
            List.of("limit", "queue", "stock", "postfix", "postfix_reuse", "exim").forEach(key -> row.add(cell(each, key)));
            table.append(row);
        }
        return table.toString();
    }

    static String size(JsonNode each) {
        return each.path("size").asInt() / 1_024 + " KB";
    }

    static String perSecond(double value) {
        return String.format(Locale.ROOT, "%,d", Math.round(value));
    }

    private static String cell(JsonNode each, String key) {
        if (!each.has(key + "_per_s")) {
            return "–";
        }
        String rate = perSecond(each.get(key + "_per_s").asDouble());
        return each.has(key + "_cpu_ms_per_mail")
            ? rate + String.format(Locale.ROOT, " (%.2f ms)", each.get(key + "_cpu_ms_per_mail").asDouble()) : rate;
    }
}
