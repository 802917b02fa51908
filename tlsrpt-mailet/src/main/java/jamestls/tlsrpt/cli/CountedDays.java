package jamestls.tlsrpt.cli;

import jamestls.cli.Json;
import jamestls.dns.DomainName;
import jamestls.storage.Database;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.SqlDestinationStore;
import jamestls.tlsrpt.store.SqlReportStore;
import jamestls.tlsrpt.store.TallyView;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Counted days and domains with the delivery records of their reports, as text and JSON, for {@code show} and webadmin. */
public final class CountedDays {

    private final List<Part> parts;
    private final Limits limits;

    private CountedDays(List<Part> parts, Limits limits) {
        this.parts = parts;
        this.limits = limits;
    }

    /** One part of a day with the delivery records of its report. */
    private record Part(TallyView.Line line, List<ReportRecord> sent) {
    }

    /** Selects days and domains. */
    public record Filter(Optional<LocalDate> day, Optional<DomainName> domain, int max) {
    }

    /** @param cap configured daily limit of reports per host */
    public static CountedDays read(Database database, Filter filter, long cap, Instant now) {
        SqlReportStore reports = new SqlReportStore(database);
        List<Part> parts = new TallyView(database).lines(filter.day, filter.domain, filter.max).stream().map(line -> new Part(line,
            reports.of(line.key()).stream().filter(each -> each.dispatch().part() == line.part()).toList())).toList();
        return new CountedDays(parts, Limits.of(new SqlDestinationStore(database), cap, filter.domain, now));
    }

    boolean isEmpty() {
        return parts.isEmpty();
    }

    /** The result as text; empty if {@link #isEmpty}. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        parts.forEach(part -> lines.addAll(text(part.line, part.sent)));
        Map<String, Long> reasons = new TreeMap<>(failing().stream()
            .collect(Collectors.groupingBy(each -> each.destination() + ": " + each.result(), Collectors.counting())));
        if (!reasons.isEmpty()) {
            lines.add("reports that did not arrive:");
            reasons.forEach((reason, reports) -> lines.add("    " + (reports == 1 ? "" : reports + " to ") + reason));
        }
        lines.addAll(limits.text());
        return lines;
    }

    /** The result in JSON; docs/reports.md describes the members. */
    public Map<String, Object> json() {
        Map<String, Object> json = limits.object(parts.stream().map(part -> object(part.line, part.sent)).toList());
        json.put("failing", failing().stream().map(each -> Json.object("day", each.key().day().toString(),
            "domain", each.key().domain().ascii(), "uri", each.destination(), "state", each.state().name(), "reason", each.result()))
            .toList());
        return json;
    }

    /** Records of reports that did not arrive. */
    private List<ReportRecord> failing() {
        return parts.stream().flatMap(part -> part.sent.stream())
            .filter(each -> each.state() != ReportRecord.State.ACCEPTED && !each.result().isEmpty()).toList();
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
