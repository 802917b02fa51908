package jamestls.mtasts.cli;

import jamestls.cli.Cli;
import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.cli.Progress;
import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.check.CheckResult;
import jamestls.mtasts.check.CheckResult.Line;
import jamestls.mtasts.check.CheckResult.Severity;
import jamestls.mtasts.check.Judge;
import jamestls.mtasts.check.Judge.Memory;
import jamestls.mtasts.check.OwnDomainSettings;
import jamestls.mtasts.check.OwnDomainStore;
import jamestls.mtasts.check.StrictSender;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.StorageOutage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Checks domains as a strict sender sees them from outside. */
@Command(name = "check", mixinStandardHelpOptions = true,
    description = "Checks domains as a strict sender sees them: records, policy, each mail host, and where reports go. Sends no mail.",
    footer = {"", "Exit codes: 0 no problem (there may be advice), 1 a problem, 2 wrong usage, 3 something could not be determined,",
        "4 a domain publishes neither MTA-STS nor DANE", "", "Examples:",
        "  java -jar mtasts-mailet.jar check example.org",
        "  java -jar mtasts-mailet.jar check --file domains.txt --json",
        "  java -jar mtasts-mailet.jar check --conf /opt/james/conf",
        "  java -jar mtasts-mailet.jar check lab.example --dns 127.0.0.1:5353 --smtp-port 2525 --port 8443 --allow-private"})
final class Check implements Callable<Integer> {

    private static final int MAX_FILE = 1024 * 1024;
    private static final int MAX_LOOKS = 8;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DOMAIN", arity = "0..*", description = "the domains; default: 'ownDomains' of the server named by --conf")
    private List<String> names = new ArrayList<>();

    @Option(names = "--file", paramLabel = "FILE", description = "a file with one domain on each line; - for standard input")
    private String file;

    @Option(names = "--warn-days", paramLabel = "DAYS",
        description = "an expiry within so many days is a problem; default: 'warnDays' of the server, else 14")
    private Integer warnDays;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Mixin
    private MailetOptions options;

    @Override
    public Integer call() throws ConfigurationException, IOException, InterruptedException {
        if (warnDays != null && (warnDays < 1 || warnDays > OwnDomainSettings.MAX_WARN_DAYS)) {
            throw new ParameterException(spec.commandLine(), "--warn-days " + warnDays + ": 1 to " + OwnDomainSettings.MAX_WARN_DAYS);
        }
        Set<DomainName> domains = named();
        try (Outbound outbound = options.open(Map.of())) {
            if (domains.isEmpty()) {
                domains.addAll(outbound.settings().own().domains());
            }
            if (domains.isEmpty()) {
                throw new ParameterException(spec.commandLine(), "name a domain, a --file, or with --conf a server with the parameter "
                    + "ownDomains");
            }
            Duration warn = warnDays != null ? Duration.ofDays(warnDays) : outbound.settings().own().warn();
            List<CheckResult> results = check(outbound.strictSender(), List.copyOf(domains), warn, remembered(outbound, domains));
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                out.println(Json.of(Json.object("domains", results.stream().map(CheckResult::json).toList())));
            } else {
                results.forEach(result -> lines(result).forEach(out::println));
            }
            return exitCode(results).number();
        }
    }

    private Set<DomainName> named() throws IOException {
        List<String> texts = new ArrayList<>(names);
        if (file != null) {
            new String(Cli.read(file, MAX_FILE), StandardCharsets.UTF_8).lines().map(line -> line.replaceFirst("#.*", "").strip())
                .filter(line -> !line.isEmpty()).forEach(texts::add);
        }
        return texts.stream().map(text -> Held.domain(text, spec)).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** What the daily checks of the server remember of these domains; its database is only read. */
    private Map<DomainName, Memory> remembered(Outbound outbound, Set<DomainName> domains) {
        Map<DomainName, Memory> remembered = new HashMap<>();
        Optional<DatabaseAddress> address = options.isOfServer() ? outbound.settings().sts().database()
            .filter(each -> !(each instanceof DatabaseAddress.SqliteFile sqlite) || Files.exists(sqlite.file())) : Optional.empty();
        address.ifPresent(database -> {
            try (Database reading = Database.readOnly(database, List.of(OwnDomainStore.TABLES))) {
                OwnDomainStore store = new OwnDomainStore(reading);
                domains.forEach(domain -> remembered.put(domain, store.snapshot(domain).memory()));
            } catch (StorageOutage e) {
                // a check without memory tells nearly as much
                remembered.clear();
            }
        });
        return remembered;
    }

    private List<CheckResult> check(StrictSender sender, List<DomainName> domains, Duration warn, Map<DomainName, Memory> remembered)
            throws InterruptedException {
        try (Progress progress = Progress.of(spec.commandLine().getErr(), "checked", domains.size());
             ExecutorService looks = Executors.newFixedThreadPool(MAX_LOOKS, Thread.ofVirtual().factory())) {
            List<Future<CheckResult>> running = domains.stream().map(domain -> looks.submit(() -> {
                try {
                    return Judge.of(sender.look(domain, List.of()), sender.certificates(),
                        remembered.getOrDefault(domain, Memory.NONE), warn);
                } finally {
                    progress.step();
                }
            })).toList();
            List<CheckResult> results = new ArrayList<>();
            for (Future<CheckResult> each : running) {
                results.add(each.get());
            }
            return results;
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        }
    }

    /** What is in order is on one line, so that the rest fits on a screen. */
    private static List<String> lines(CheckResult result) {
        List<String> lines = new ArrayList<>();
        lines.add(result.domain().ascii());
        for (Line line : result.lines()) {
            if (line.severity() != Severity.FINE) {
                lines.add(String.format("  %-8s %s: %s", line.severity().wireName(), line.subject(), line.text()));
                lines.add("    -> " + line.remedy());
            }
        }
        result.lines().stream().filter(line -> line.severity() == Severity.FINE)
            .forEach(line -> lines.add("  ok       " + line.subject() + ": " + line.text()));
        return lines;
    }

    private static ExitCode exitCode(List<CheckResult> results) {
        if (results.stream().anyMatch(result -> result.has(Severity.PROBLEM))) {
            return ExitCode.PROBLEM;
        }
        if (results.stream().anyMatch(result -> result.has(Severity.UNKNOWN))) {
            return ExitCode.UNKNOWN;
        }
        return results.stream().allMatch(CheckResult::publishes) ? ExitCode.OK : ExitCode.NOTHING;
    }
}
