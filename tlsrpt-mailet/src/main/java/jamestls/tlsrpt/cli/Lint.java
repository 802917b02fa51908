package jamestls.tlsrpt.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.net.Sanitized;
import jamestls.tlsrpt.report.ReceivedFile;
import jamestls.tlsrpt.report.ReportCheck;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Validates a received report against RFC 8460. */
@Command(name = "lint", mixinStandardHelpOptions = true,
    description = "Validates a received report (JSON, gzip, or the whole mail) against RFC 8460, and prints a summary.")
final class Lint implements Callable<Integer> {

    private static final int MAX_BYTES = 64 << 20;
    /** Protects against decompression bombs; RFC 8460 §5.2 mentions 10 MB, compressed. */
    private static final int MAX_INFLATED = 256 << 20;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "FILE", description = "the file; - for standard input")
    private String file;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        byte[] bytes = read();
        ReceivedFile received = ReceivedFile.of(bytes, MAX_INFLATED);
        List<String> problems = new ArrayList<>(received.problems());
        if (received.json().length > 0) {
            problems.addAll(ReportCheck.problems(received.json()));
        } else {
            problems.add("no report found");
        }
        Map<String, Object> summary = summary(received.json());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(Json.of(Json.object("form", received.form(), "report", summary, "problems", problems)));
        } else {
            out.println("form: " + received.form());
            summary.forEach((name, value) -> out.println(name + ": " + printable(value.toString())));
            problems.forEach(problem -> out.println("problem: " + printable(problem)));
            out.println(problems.isEmpty() ? "in order" : problems.size() + (problems.size() == 1 ? " problem" : " problems"));
        }
        return problems.isEmpty() ? ExitCode.OK.number() : ExitCode.PROBLEM.number();
    }

    private byte[] read() throws IOException {
        if (!file.equals("-") && Files.isDirectory(Path.of(file))) {
            throw new IOException(file + ": is a directory");
        }
        try (InputStream in = file.equals("-") ? System.in : Files.newInputStream(Path.of(file))) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw new IOException(file + " is larger than " + MAX_BYTES + " octets");
            }
            return bytes;
        }
    }

    private static Map<String, Object> summary(byte[] report) {
        Map<String, Object> summary = new LinkedHashMap<>();
        try {
            JsonNode tree = new ObjectMapper().readTree(report);
            put(summary, "organization", tree.path("organization-name"));
            put(summary, "contact", tree.path("contact-info"));
            put(summary, "report-id", tree.path("report-id"));
            put(summary, "from", tree.path("date-range").path("start-datetime"));
            put(summary, "to", tree.path("date-range").path("end-datetime"));
            List<String> policies = new ArrayList<>();
            tree.path("policies").forEach(policy -> policies.add(policy.path("policy").path("policy-type").asText() + " "
                + policy.path("policy").path("policy-domain").asText() + " met: "
                + policy.path("summary").path("total-successful-session-count").asText("?") + ", violated: "
                + policy.path("summary").path("total-failure-session-count").asText("?")));
            summary.put("policies", policies);
        } catch (IOException e) {
            // ReportCheck has this problem, too
            return summary;
        }
        return summary;
    }

    private static void put(Map<String, Object> summary, String name, JsonNode value) {
        if (value.isTextual()) {
            summary.put(name, value.asText());
        }
    }

    private static String printable(String text) {
        return Sanitized.ascii(text, Integer.MAX_VALUE);
    }
}
