package jamestls.mtasts.cli;

import jamestls.cli.Cli;
import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.mtasts.sts.PolicyLint;
import jamestls.mtasts.sts.PolicyLint.LintNote;
import jamestls.mtasts.sts.RecordLint;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Checks a policy file or TXT records before they are published. */
@Command(name = "lint", mixinStandardHelpOptions = true,
    description = "Checks a policy file, or the TXT records at _mta-sts.DOMAIN, before they are published.",
    footer = {"", "Exit codes: 0 valid, 1 invalid, 2 wrong usage, 3 the file can't be read", "", "Examples:",
        "  java -jar mtasts-mailet.jar lint mta-sts.txt",
        "  curl -s https://mta-sts.example.org/.well-known/mta-sts.txt | java -jar mtasts-mailet.jar lint -",
        "  java -jar mtasts-mailet.jar lint --txt 'v=STSv1; id=20260101T000000;' --json"})
final class Lint implements Callable<Integer> {

    /** The most bytes read: more than a policy may have, so that a policy that is too large is reported. */
    private static final int MAX_READ = 1024 * 1024;

    @Spec
    private CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private Input input;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    private static final class Input {

        @Parameters(paramLabel = "FILE", description = "the policy file; - for standard input")
        private String file;

        @Option(names = "--txt", paramLabel = "RECORD", description = "a TXT record with its strings joined; may be repeated")
        private List<String> records;
    }

    @Override
    public Integer call() throws IOException {
        boolean valid = input.records != null ? lintRecords() : lintFile();
        return (valid ? ExitCode.OK : ExitCode.PROBLEM).number();
    }

    private boolean lintRecords() {
        RecordLint lint = RecordLint.of(input.records);
        boolean valid = lint.id().isPresent();
        if (json) {
            print(Json.of(Json.object("input", "TXT", "valid", valid, "id", lint.id().orElse(null),
                "problems", json(lint.problems(), "record"))));
        } else {
            print("TXT: " + (valid ? "valid" : "invalid"));
            lint.id().ifPresent(id -> print("  id " + id));
            print(lint.problems(), "record");
        }
        return valid;
    }

    private boolean lintFile() throws IOException {
        PolicyLint lint = PolicyLint.of(read());
        boolean valid = lint.policy().isPresent();
        String name = input.file.equals("-") ? "standard input" : input.file;
        if (json) {
            Map<String, Object> object = Json.object("input", name, "valid", valid);
            lint.policy().ifPresent(policy -> object.putAll(PolicyText.json(policy)));
            object.put("problems", json(lint.problems(), "line"));
            object.put("advice", json(lint.advice(), "line"));
            print(Json.of(object));
        } else {
            print(name + ": " + (valid ? "valid" : "invalid"));
            lint.policy().ifPresent(policy -> print("  " + PolicyText.of(policy)));
            print(lint.problems(), "line");
            if (!lint.advice().isEmpty()) {
                print("advice");
                print(lint.advice(), "line");
            }
        }
        return valid;
    }

    private byte[] read() throws IOException {
        return Cli.read(input.file, MAX_READ);
    }

    private static List<Map<String, Object>> json(List<LintNote> notes, String unit) {
        return notes.stream().map(note -> {
            Map<String, Object> object = note.line() == 0 ? Json.object() : Json.object(unit, note.line());
            object.putAll(Json.object("text", note.text(), "remedy", note.remedy()));
            return object;
        }).toList();
    }

    private void print(List<LintNote> notes, String unit) {
        for (LintNote note : notes) {
            print("  " + (note.line() == 0 ? "" : unit + " " + note.line() + ": ") + note.text());
            print("    -> " + note.remedy());
        }
    }

    private void print(String line) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(line);
    }
}
