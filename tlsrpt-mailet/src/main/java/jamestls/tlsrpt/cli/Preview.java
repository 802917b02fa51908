package jamestls.tlsrpt.cli;

import jamestls.cli.ExitCode;
import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.storage.Database;
import jamestls.tlsrpt.report.ReportJson;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.report.TlsReport;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyView;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints the report about a domain. */
@Command(name = "preview", mixinStandardHelpOptions = true,
    description = "Prints the report about a domain as it would be sent, or was sent: one line of JSON for each part of the day.")
final class Preview implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DOMAIN", converter = Main.Domain.class, description = "recipient domain")
    private DomainName domain;

    @Option(names = "--day", paramLabel = "YYYY-MM-DD", converter = Main.Day.class, description = "the UTC day; default: today")
    private LocalDate day;

    @Option(names = "--json", description = "no effect: a report is JSON")
    private boolean json;

    @Mixin
    private ReportingOptions conf;

    @Override
    public Integer call() throws IOException, ConfigurationException {
        Reporters reporters = conf.reporters();
        TallyKey key = new TallyKey(day == null ? LocalDate.now(ZoneOffset.UTC) : day, domain);
        PrintWriter out = spec.commandLine().getOut();
        try (Database database = conf.database()) {
            List<DomainTally> tallies = new ArrayList<>(new TallyView(database).tallies(key));
            for (DomainName submitter : new TreeSet<>(reporters.submitters().values())) {
                tallies.addAll(new TallyView(database).tallies(new TallyKey(key.day(), key.domain(), Optional.of(submitter))));
            }
            for (DomainTally tally : tallies) {
                out.println(new String(ReportJson.write(new TlsReport(reporters.of(tally.key()), tally)), StandardCharsets.UTF_8));
            }
            if (tallies.isEmpty()) {
                spec.commandLine().getErr().println("nothing is counted for " + key.domain() + " on " + key.day());
            }
            return tallies.isEmpty() ? ExitCode.NOTHING.number() : ExitCode.OK.number();
        }
    }
}
