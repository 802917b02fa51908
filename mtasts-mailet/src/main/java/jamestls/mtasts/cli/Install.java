package jamestls.mtasts.cli;

import jamestls.cli.ExitCode;
import jamestls.install.Backup;
import jamestls.install.Installation;
import jamestls.install.Plan;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Adds both mailets to the configuration of a James server. */
@Command(name = "install", mixinStandardHelpOptions = true,
    description = "Makes the changes in James's conf directory that SecureRemoteDelivery and TlsReporting need, "
        + "and keeps copies of what it changes.",
    footer = {"", "Exit codes: 0 done, or nothing to do, 1 refused, or not confirmed; nothing was changed,",
        "2 wrong usage, 3 a file can't be read or written", "", "Examples:",
        "  java -jar mtasts-mailet.jar install --conf /opt/james/conf --organization \"Example Org\" --contact postmaster@example.org",
        "  java -jar mtasts-mailet.jar install --conf conf --organization \"Example Org\" --contact tls@example.org "
            + "--helo mail.example.org --dry-run"})
final class Install implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--conf", paramLabel = "DIR", required = true, description = "James's conf directory")
    private Path conf;

    @Option(names = "--organization", paramLabel = "NAME", description = "your organization, named in the reports")
    private String organization;

    @Option(names = "--contact", paramLabel = "ADDRESS",
        description = "mail address for questions about the reports; they are signed for its domain")
    private String contact;

    @Option(names = "--from", paramLabel = "ADDRESS",
        description = "author of the report mails; default: tlsrpt in the domain of the contact")
    private String from;

    @Option(names = "--administrator", paramLabel = "ADDRESS",
        description = "user who may trigger the reports by mail and gets alarms; may be repeated; default: the contact")
    private List<String> administrators = new ArrayList<>();

    @Option(names = "--helo", paramLabel = "NAME",
        description = "this server's name in EHLO; needed where James's default domain has no dot")
    private String helo;

    @Option(names = "--extensions", paramLabel = "DIR",
        description = "James's directory for extensions, which gets both jars; default: extensions-jars beside conf, if it is there")
    private Path extensions;

    @Option(names = "--james", paramLabel = "VERSION|DIR",
        description = "the version of James, or the directory with its libraries; default: the libraries beside conf, else this jar's")
    private String james;

    @Option(names = "--reports-by", paramLabel = "PROCESSOR", description = "processor that sends the report mails, if there are several")
    private String reportsBy;

    @Option(names = "--report-inbox", paramLabel = "ADDRESS",
        description = "address at which TLS reports of others are read: adds TlsReportInbox")
    private String reportInbox;

    @Option(names = "--own-domain", paramLabel = "DOMAIN",
        description = "domain whose reports are read; may be repeated; default: that of --report-inbox")
    private List<String> ownDomains = new ArrayList<>();

    @Mixin
    private Confirmation confirmation;

    @Override
    public Integer call() throws IOException {
        return confirmation.answering(() -> {
            PrintWriter out = spec.commandLine().getOut();
            Plan plan = Installation.plan(new Installation.Options(conf,
                new Installation.Reports(organization, contact, from, administrators, reportsBy,
                    new Installation.Received(reportInbox, ownDomains)), helo, james, extensions));
            if (plan.isEmpty()) {
                out.println("nothing to do: already installed");
                return ExitCode.OK;
            }
            if (!confirmation.confirmed(plan)) {
                return confirmation.unconfirmed();
            }
            out.println("done; the previous files are in " + Backup.apply(plan));
            plan.afterwards().forEach(text -> out.println("- " + text));
            out.println("- Restart James and look for result=delivered in its log. To check all of this: doctor --conf " + conf);
            return ExitCode.OK;
        });
    }
}
