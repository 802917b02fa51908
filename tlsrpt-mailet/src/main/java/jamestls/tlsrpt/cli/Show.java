package jamestls.tlsrpt.cli;

import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.storage.Database;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.SqlDestinationStore;
import jamestls.tlsrpt.store.SqlReportStore;
import jamestls.tlsrpt.store.TallyView;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What is counted, and what was sent. */
@Command(name = "show", mixinStandardHelpOptions = true,
    description = "Shows what is counted for which day and domain, and what was sent where, when, and with what answer; which "
        + "addresses are left alone, and which hosts have had their reports for today.")
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
            SqlReportStore reports = new SqlReportStore(database);
            List<TallyView.Line> lines = new TallyView(database).lines(Optional.ofNullable(day), name, MAX);
            Limits limits = Limits.of(new SqlDestinationStore(database), conf.destinations().mostPerHost(), name, Instant.now());
            List<Map<String, Object>> all = new ArrayList<>();
            List<ReportRecord> failing = new ArrayList<>();
            for (TallyView.Line line : lines) {
                List<ReportRecord> sent = reports.of(line.key()).stream().filter(each -> each.dispatch().part() == line.part()).toList();
                all.add(object(line, sent));
                sent.stream().filter(each -> each.state() != ReportRecord.State.ACCEPTED && !each.result().isEmpty()).forEach(failing::add);
                if (!json) {
                    text(line, sent).forEach(out::println);
                }
            }
            if (json) {
                out.println(Json.of(withFailing(limits.object(all), failing)));
            } else if (lines.isEmpty()) {
                out.println("nothing is counted" + name.map(each -> " for " + each).orElse("")
                    + Optional.ofNullable(day).map(each -> " on " + each).orElse(""));
            }
            if (!json) {
                failing(failing).forEach(out::println);
                limits.text().forEach(out::println);
            }
            return lines.isEmpty() ? ExitCode.NOTHING.number() : ExitCode.OK.number();
        }
    }

    /** What did not arrive, by destination and reason, so that nobody has to look for it among all that did. */
    private static List<String> failing(List<ReportRecord> records) {
        Map<String, Long> reasons = new TreeMap<>(records.stream()
            .collect(Collectors.groupingBy(each -> each.destination() + ": " + each.result(), Collectors.counting())));
        List<String> lines = new ArrayList<>();
        reasons.forEach((reason, reports) -> lines.add((lines.isEmpty() ? "reports that did not arrive:\n" : "")
            + "    " + (reports == 1 ? "" : reports + " to ") + reason));
        return lines;
    }

    private static Map<String, Object> withFailing(Map<String, Object> object, List<ReportRecord> records) {
        object.put("failing", records.stream().map(each -> Json.object("day", each.key().day().toString(),
            "domain", each.key().domain().ascii(), "uri", each.destination(), "state", each.state().name(), "reason", each.result()))
            .toList());
        return object;
    }

    private static List<String> text(TallyView.Line line, List<ReportRecord> sent) {
        List<String> text = new ArrayList<>();
        text.add(line.key().day() + "  " + line.key().domain()
            + line.key().submitter().map(submitter -> " as " + submitter).orElse("")
            + (line.part() == 1 ? "" : " (part " + line.part() + ")") + "  sessions: "
            + line.sessions() + ", failed: " + line.failed() + "  " + line.state());
        for (ReportRecord each : sent) {
            text.add("    " + each.destination() + "  " + each.at() + "  " + each.state().name().toLowerCase(Locale.ROOT)
                + (each.result().isEmpty() || each.result().equals("accepted") ? "" : ": " + each.result())
                + (each.tries() > 1 ? ", try " + each.tries() : "") + each.retryAt().map(at -> ", again at " + at).orElse(""));
        }
        return text;
    }

    private static Map<String, Object> object(TallyView.Line line, List<ReportRecord> sent) {
        Map<String, Object> object = Json.object("day", line.key().day().toString(), "domain", line.key().domain().ascii(),
            "part", line.part(), "sessions", line.sessions(), "failed", line.failed(), "state", line.state());
        line.key().submitter().ifPresent(submitter -> object.put("submitter", submitter.ascii()));
        object.put("destinations", sent.stream().map(each -> {
                Map<String, Object> destination = Json.object("uri", each.destination(), "report-id", each.reportId(),
                    "state", each.state().name(), "at", each.at().toString(), "tries", each.tries(), "answer", each.result());
                each.retryAt().ifPresent(at -> destination.put("retry-at", at.toString()));
                return destination;
            }).toList());
        return object;
    }
}
