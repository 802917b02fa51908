package jamestls.tlsrpt.cli;

import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.storage.Database;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows counts and delivery records. */
@Command(name = "show", mixinStandardHelpOptions = true,
    description = "Shows the counted sessions by day and domain, the reports that were sent, with times and answers, the addresses that "
        + "get no reports, and the hosts that have reached their daily limit.")
final class Show implements Callable<Integer> {

    private static final int MAX = 10_000;

    @Spec
    private CommandSpec spec;

    @Option(names = "--day", paramLabel = "YYYY-MM-DD", converter = Main.Day.class, description = "this UTC day only")
    private LocalDate day;

    @Option(names = "--domain", paramLabel = "DOMAIN", converter = Main.Domain.class, description = "this domain only")
    private DomainName domain;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Mixin
    private ReportingOptions conf;

    @Override
    public Integer call() throws IOException, ConfigurationException {
        Optional<DomainName> name = Optional.ofNullable(domain);
        PrintWriter out = spec.commandLine().getOut();
        try (Database database = conf.database()) {
            CountedDays days = CountedDays.read(database, new CountedDays.Filter(Optional.ofNullable(day), name, MAX),
                conf.destinations().mostPerHost(), Instant.now());
            if (json) {
                out.println(Json.of(days.json()));
            } else {
                if (days.isEmpty()) {
                    out.println("nothing is counted" + name.map(each -> " for " + each).orElse("")
                        + Optional.ofNullable(day).map(each -> " on " + each).orElse(""));
                }
                days.lines().forEach(out::println);
            }
            return days.isEmpty() ? ExitCode.NOTHING.number() : ExitCode.OK.number();
        }
    }
}
