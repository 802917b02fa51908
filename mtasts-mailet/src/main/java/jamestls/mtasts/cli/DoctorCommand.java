package jamestls.mtasts.cli;

import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.install.Doctor;
import jamestls.install.Finding;
import jamestls.install.Finding.Severity;
import jamestls.install.Refusal;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Checks the configuration of a James server for mistakes. */
@Command(name = "doctor", mixinStandardHelpOptions = true,
    description = "Checks James's conf directory for mistakes. Changes nothing.",
    footer = {"", "Exit codes: 0 no problem (there may be advice), 1 a problem, 2 wrong usage, 3 the directory can't be read", "",
        "Examples:",
        "  java -jar mtasts-mailet.jar doctor --conf /opt/james/conf",
        "  java -jar mtasts-mailet.jar doctor --conf /opt/james/conf --online --json"})
final class DoctorCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--conf", paramLabel = "DIR", required = true, description = "James's conf directory")
    private Path conf;

    @Option(names = "--extensions", paramLabel = "DIR",
        description = "James's directory for extensions; default: extensions-jars beside conf")
    private Path extensions;

    @Option(names = "--james", paramLabel = "VERSION|DIR",
        description = "the version of James, or the directory with its libraries; default: the libraries beside conf")
    private String james;

    @Option(names = "--online", description = "query DNS, too: DNSSEC, the DKIM key of reports, the name in EHLO")
    private boolean online;

    @Option(names = "--dns", paramLabel = "SERVERS", description = "resolvers to use, such as 127.0.0.1:5353; default: those of James")
    private String dns;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        List<Finding> findings;
        try {
            findings = Doctor.examine(new Doctor.Options(conf, extensions, james, online, dns));
        } catch (Refusal e) {
            throw new IOException(e.getMessage(), e);
        }
        PrintWriter out = spec.commandLine().getOut();
        boolean problem = findings.stream().anyMatch(finding -> finding.severity() == Severity.PROBLEM);
        if (json) {
            out.println(Json.of(Json.object("ok", !problem, "findings", findings.stream().map(finding -> Json.object(
                "severity", finding.severity().name().toLowerCase(Locale.ROOT), "file", finding.file(), "line", finding.line(),
                "text", finding.text(), "remedy", finding.remedy())).toList())));
        } else {
            for (Severity severity : Severity.values()) {
                List<Finding> ofKind = findings.stream().filter(finding -> finding.severity() == severity).toList();
                if (!ofKind.isEmpty()) {
                    out.println(severity == Severity.PROBLEM ? "problems" : "advice");
                    ofKind.forEach(finding -> Confirmation.print(finding, out));
                }
            }
            out.println(problem ? "problems found" : "no problem found");
        }
        return (problem ? ExitCode.PROBLEM : ExitCode.OK).number();
    }
}
