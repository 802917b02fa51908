package jamestls.tlsrpt.cli;

import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.config.ConfigurationException;
import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import jamestls.rua.RuaRecord;
import jamestls.storage.Database;
import jamestls.tlsrpt.send.DestinationRules;
import jamestls.tlsrpt.store.TallyView;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Explains why a domain gets reports or does not. */
@Command(name = "why", mixinStandardHelpOptions = true,
    description = "Explains why a domain gets reports or does not: looks up its TLSRPT record, applies the rules, shows the counts.")
final class Why implements Callable<Integer> {

    private static final int LAST_LINES = 5;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "DOMAIN", converter = Main.Domain.class, description = "domain part of the recipients")
    private DomainName domain;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Mixin
    private ReportingOptions conf;

    /** @param gets whether a report would be sent */
    private record Finding(boolean gets, int exitCode, List<String> reasons, List<String> destinations) {

        static Finding none(int exitCode, String reason) {
            return new Finding(false, exitCode, List.of(reason), List.of());
        }
    }

    @Override
    public Integer call() throws ConfigurationException {
        List<String> counted = counted(domain);
        Finding finding = find(domain, conf.dns());
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> object = Json.object("domain", domain.ascii(), "gets-reports", finding.gets(),
                "reasons", finding.reasons(), "destinations", finding.destinations(), "counted", counted);
            out.println(Json.of(object));
        } else {
            out.println(domain + (finding.gets() ? " gets reports" : " gets no report"));
            finding.reasons().forEach(reason -> out.println((finding.gets() ? "  not to: " : "  because: ") + reason));
            finding.destinations().forEach(destination -> out.println("  to: " + destination));
            counted.forEach(line -> out.println("  counted: " + line));
        }
        return finding.exitCode();
    }

    private Finding find(DomainName name, Dns dns) throws ConfigurationException {
        String where = "_smtp._tls." + name;
        return switch (dns.txt(name.child("_smtp._tls"))) {
            case DnsAnswer.Absent<String> absent -> Finding.none(ExitCode.NOTHING.number(), "there is no TXT record at " + where);
            case DnsAnswer.Bogus<String> bogus -> Finding.none(ExitCode.UNKNOWN.number(), "DNSSEC validation failed: "
                + DnsAnswer.withQuestion("TXT of " + where, bogus.reason()));
            case DnsAnswer.Failed<String> failed -> Finding.none(ExitCode.UNKNOWN.number(), "DNS look-up failed: "
                + DnsAnswer.withQuestion("TXT of " + where, failed.reason()));
            case DnsAnswer.Found<String> found -> switch (RuaRecord.select(found.records())) {
                case RuaRecord.None none -> Finding.none(ExitCode.PROBLEM.number(), none.reason() + " at " + where + ": "
                    + printable(String.join(" | ", found.records())));
                case RuaRecord.Found good -> applyRules(good.record());
            };
        };
    }

    private Finding applyRules(RuaRecord record) throws ConfigurationException {
        DestinationRules rules = conf.destinations().rules();
        DestinationRules.Ruled ruled = rules.rule(record.destinations());
        List<String> reasons = ruled.denied().stream().map(unusable -> unusable.uri() + ": " + unusable.reason()).toList();
        List<String> destinations = ruled.allowed().stream().map(after -> record.destinations().contains(after) ? after.uri()
            : record.destinations().stream().filter(each -> rules.apply(each).equals(after)).findFirst()
                .map(each -> after.uri() + " (in place of " + each.uri() + ")").orElse(after.uri())).toList();
        return new Finding(!destinations.isEmpty(), destinations.isEmpty() ? ExitCode.PROBLEM.number() : ExitCode.OK.number(), reasons,
            destinations);
    }

    private List<String> counted(DomainName name) {
        try (Database database = conf.database()) {
            List<String> lines = new TallyView(database).lines(Optional.empty(), Optional.of(name), LAST_LINES).stream()
                .map(line -> line.key().day() + ": " + line.sessions() + (line.sessions() == 1 ? " session, " : " sessions, ")
                    + line.state()).toList();
            return lines.isEmpty() ? List.of("nothing: no session was counted, or its counts were deleted") : lines;
        } catch (IOException | ConfigurationException e) {
            return List.of("not known: " + e.getMessage());
        }
    }

    private static String printable(String text) {
        return Sanitized.ascii(text, Integer.MAX_VALUE);
    }
}
