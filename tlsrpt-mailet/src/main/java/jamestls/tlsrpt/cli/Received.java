package jamestls.tlsrpt.cli;

import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.config.ConfigurationException;
import jamestls.dns.DomainName;
import jamestls.storage.Database;
import jamestls.tlsrpt.inbox.Alarm;
import jamestls.tlsrpt.inbox.AlarmStore;
import jamestls.tlsrpt.inbox.InboxView;
import jamestls.tlsrpt.inbox.InboxView.OfCause;
import jamestls.tlsrpt.inbox.InboxView.OfDay;
import jamestls.tlsrpt.inbox.InboxView.OfReporter;
import jamestls.tlsrpt.inbox.InboxView.Selection;
import jamestls.tlsrpt.inbox.InboxView.Sums;
import jamestls.tlsrpt.inbox.ReceivedReport.Trust;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Shows the reports that others sent. */
@Command(name = "received", mixinStandardHelpOptions = true,
    description = "Shows what others reported about our domains: sessions by day, reporter and cause, the alarms, and the single reports "
        + "of the last days. Reports of senders that are not verified are shown apart, with --unverified.")
final class Received implements Callable<Integer> {

    private static final int MAX = 1_000;
    private static final int MAX_DAYS = 3_660;

    @Spec
    private CommandSpec spec;

    @Option(names = "--domain", paramLabel = "DOMAIN", converter = Main.Domain.class, description = "this domain only")
    private DomainName domain;

    @Option(names = "--day", paramLabel = "YYYY-MM-DD", converter = Main.Day.class, description = "this UTC day only")
    private LocalDate day;

    @Option(names = "--days", paramLabel = "N", defaultValue = "30", description = "the last N days; default: ${DEFAULT-VALUE}")
    private int days;

    @Option(names = "--unverified", description = "the reports of senders that are not verified, instead of the others")
    private boolean unverified;

    @Option(names = "--reports", description = "the single reports, too")
    private boolean reports;

    @Option(names = "--alarms", description = "the alarms only")
    private boolean alarmsOnly;

    @Option(names = "--json", description = "print one JSON object")
    private boolean json;

    @Mixin
    private InboxOptions conf;

    /** What is shown. */
    private record Shown(Trust trust, List<OfDay> days, List<OfReporter> reporters, List<OfCause> causes, List<Alarm> alarms,
                         List<InboxView.Line> reports) {

        boolean isEmpty() {
            return days.isEmpty() && alarms.isEmpty() && reports.isEmpty();
        }
    }

    @Override
    public Integer call() throws IOException, ConfigurationException {
        if (days < 1 || days > MAX_DAYS) {
            throw new ParameterException(spec.commandLine(), "--days is a number from 1 to " + MAX_DAYS);
        }
        PrintWriter out = spec.commandLine().getOut();
        try (Database database = conf.database()) {
            Shown shown = read(database);
            if (json) {
                out.println(Json.of(object(shown)));
            } else {
                lines(shown).forEach(out::println);
            }
            return shown.isEmpty() ? ExitCode.NOTHING.number() : ExitCode.OK.number();
        }
    }

    private Shown read(Database database) {
        InboxView view = new InboxView(database);
        Optional<DomainName> name = Optional.ofNullable(domain);
        LocalDate last = day != null ? day : LocalDate.now(ZoneOffset.UTC);
        LocalDate first = day != null ? day : last.minusDays(days - 1L);
        Trust trust = unverified ? Trust.UNVERIFIED : Trust.VERIFIED;
        Selection selection = new Selection(name, trust, first, last);
        List<Alarm> alarms = unverified ? List.of() : new AlarmStore(database).since(first, MAX).stream()
            .filter(alarm -> !alarm.day().isAfter(last) && (domain == null || domain.equals(alarm.domain()))).toList();
        if (alarmsOnly) {
            return new Shown(trust, List.of(), List.of(), List.of(), alarms, List.of());
        }
        List<InboxView.Line> single = !reports ? List.of() : view.reports(name, Optional.ofNullable(day), MAX).stream()
            .filter(line -> line.origin().trust() == trust && !line.day().isBefore(first)).toList();
        return new Shown(trust, view.byDay(selection), view.byReporter(selection, MAX), view.byCause(selection, MAX), alarms, single);
    }

    private List<String> lines(Shown shown) {
        List<String> lines = new ArrayList<>();
        if (shown.isEmpty()) {
            lines.add("nothing was " + (alarmsOnly ? "alarming" : "received") + (domain == null ? "" : " about " + domain)
                + (day == null ? " in " + days + " days" : " on " + day));
            return lines;
        }
        if (unverified) {
            lines.add("The senders of these reports are not verified: anybody can have written them.");
        }
        shown.days.forEach(each -> lines.add(each.day() + "  " + text(each.sums()) + ", reporters: " + each.sums().reporters()));
        add(lines, "by reporter:", shown.reporters.stream().map(each -> each.submitter() + "  " + text(each.sums())).toList());
        add(lines, "by cause:", shown.causes.stream().map(each -> each.type() + (each.mxHost().isEmpty() ? "" : " at " + each.mxHost())
            + "  failed: " + each.failures() + ", reporters: " + each.reporters() + ", " + each.first() + " to " + each.last()).toList());
        add(lines, "alarms:", shown.alarms.stream().map(each -> each.at() + "  " + each.text()).toList());
        List<String> single = new ArrayList<>();
        for (InboxView.Line each : shown.reports) {
            single.add(each.received() + "  " + each.origin().submitter() + " about " + each.domain() + " on " + each.day() + ", sessions: "
                + each.sessions() + ", failed: " + each.failed() + ", " + each.origin().reportId());
            each.notes().forEach(note -> single.add("    " + note));
        }
        add(lines, "reports:", single);
        return lines;
    }

    private static void add(List<String> lines, String title, List<String> more) {
        if (!more.isEmpty()) {
            lines.add(title);
            more.forEach(line -> lines.add("    " + line));
        }
    }

    private static String text(Sums sums) {
        return "sessions: " + sums.sessions() + ", failed: " + sums.failed();
    }

    private static Map<String, Object> object(Shown shown) {
        return Json.object("senders", shown.trust.name().toLowerCase(Locale.ROOT),
            "days", shown.days.stream().map(each -> object("day", each.day(), each.sums())).toList(),
            "reporters", shown.reporters.stream().map(each -> object("reporter", each.submitter(), each.sums())).toList(),
            "causes", shown.causes.stream().map(each -> Json.object("result-type", each.type(), "mx-host", each.mxHost(), "failed",
                each.failures(), "reporters", each.reporters(), "first", each.first().toString(), "last", each.last().toString()))
                .toList(),
            "alarms", shown.alarms.stream().map(each -> Json.object("at", each.at().toString(), "direction",
                each.direction().name().toLowerCase(Locale.ROOT), "domain", each.domain().ascii(), "text", each.text())).toList(),
            "reports", shown.reports.stream().map(each -> Json.object("received", each.received().toString(), "reporter",
                each.origin().submitter().ascii(), "domain", each.domain().ascii(), "day", each.day().toString(),
                "report-id", each.origin().reportId(), "organization", each.origin().organization(), "contact", each.origin().contact(),
                "sessions", each.sessions(), "failed", each.failed(), "notes", each.notes())).toList());
    }

    private static Map<String, Object> object(String name, Object value, Sums sums) {
        return Json.object(name, value.toString(), "sessions", sums.sessions(), "failed", sums.failed(), "reports", sums.reports(),
            "reporters", sums.reporters(), "sts", object(sums.sts()), "tlsa", object(sums.tlsa()), "no-policy", object(sums.noPolicy()));
    }

    private static Map<String, Object> object(InboxView.Sessions sessions) {
        return Json.object("successes", sessions.successes(), "failures", sessions.failures());
    }
}
