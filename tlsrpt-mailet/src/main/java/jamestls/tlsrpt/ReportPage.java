package jamestls.tlsrpt;

import jamestls.dns.DomainName;
import jamestls.page.DayChart;
import jamestls.page.Html;
import jamestls.page.Page;
import jamestls.page.PageContent;
import jamestls.storage.Database;
import jamestls.tlsrpt.store.PageQueries;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.ReportStore;
import jamestls.tlsrpt.store.SessionTotals;
import jamestls.tlsrpt.store.TallyView;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The part of the page about sessions with other servers and the reports sent about them. */
final class ReportPage implements PageContent {

    private static final int DAYS = 30;
    private static final int MOST_FAILURES = 20;
    private static final int LATEST = 20;
    private static final int MAX_LINES = 100;
    private static final int DAYS_OF_FAILURES = 7;
    /** How long the numbers of reports are kept, because counting them takes a second with a million reports. */
    private static final Duration FRESH = Duration.ofMinutes(1);

    private final Supplier<List<String>> problems;
    private final SessionTotals totals;
    private final ReportStore reports;
    private final Optional<Counts> database;
    private final Clock clock;
    private volatile Numbers lastNumbers;

    private record Numbers(Instant at, Map<ReportRecord.State, Long> byState) {
    }

    /**
     * What can be asked of a database of counts.
     *
     * @param reading the database, opened for reading only
     * @param lines counts of days and domains
     */
    record Counts(Database reading, PageQueries queries, TallyView lines) {

        Counts(Database reading) {
            this(reading, new PageQueries(reading), new TallyView(reading));
        }
    }

    /**
     * @param problems present problems of reporting, one sentence each
     * @param database empty if counts are in memory
     */
    ReportPage(Supplier<List<String>> problems, SessionTotals totals, ReportStore reports, Optional<Counts> database, Clock clock) {
        this.problems = problems;
        this.totals = totals;
        this.reports = reports;
        this.database = database;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "sessions and reports sent";
    }

    @Override
    public List<Attention> attention() {
        return problems.get().stream().map(problem -> new Attention(Urgency.SOON, problem + ".",
            "java -jar tlsrpt-mailet.jar show --conf conf")).toList();
    }

    @Override
    public void overview(Html page) {
        sessions(page);
        mostFailures(page);
        reports(page);
    }

    private void sessions(Html page) {
        page.element("h2", "Outgoing sessions by protection");
        DayChart chart = new DayChart("New sessions per day (UTC)", List.of("DANE", "MTA-STS", "no policy of the domain", "failed"),
            DayChart.Colours.PROTECTION);
        totals.lastDays(database.map(Counts::reading), DAYS).forEach(chart::day);
        if (chart.isEmpty()) {
            page.element("p", "No session has been counted yet. Send a mail to another domain, and look again.", "class", "empty");
        } else {
            chart.write(page);
        }
    }

    private void mostFailures(Html page) {
        page.element("h2", "Domains with most failed sessions, today and yesterday");
        if (database.isEmpty()) {
            page.element("p", "The counts are in memory (parameter database of TlsReporting) and can't be shown.", "class", "empty");
            return;
        }
        List<Row> rows = new ArrayList<>();
        for (LocalDate day : List.of(today(), today().minusDays(1))) {
            database.get().queries.mostFailures(day, MOST_FAILURES).forEach(line -> rows.add(new Row(day, line)));
        }
        if (rows.isEmpty()) {
            page.element("p", "None: every session went as the policies demand.", "class", "empty");
            return;
        }
        page.table("Failed sessions", new String[] {"Day (UTC)", "Domain", "#Sessions", "#Failed"}, table -> rows.forEach(each ->
            table.element("tr", row -> row
                .element("td", each.day.toString())
                .element("th", cell -> cell.link(Page.pathOf(each.line.domain()), each.line.domain()), "scope", "row")
                .element("td", Long.toString(each.line.sessions()), "class", "number")
                .element("td", Long.toString(each.line.failed()), "class", "number bad"))));
    }

    private record Row(LocalDate day, DomainLine line) {
    }

    private void reports(Html page) {
        page.element("h2", "Reports sent");
        List<ReportRecord> latest = reports.latest(LATEST);
        if (latest.isEmpty()) {
            page.element("p", "None yet. The reports of a day go out in the night after it, to the domains that ask for them.",
                "class", "empty");
            return;
        }
        if (database.isPresent()) {
            Map<ReportRecord.State, Long> numbers = numbers(database.get().queries);
            page.element("p", "Of the last three days: " + (numbers.isEmpty() ? "none" : String.join(", ",
                numbers.entrySet().stream().map(each -> each.getValue() + " " + word(each.getKey())).toList())) + ".");
        }
        table(page, latest);
    }

    private Map<ReportRecord.State, Long> numbers(PageQueries queries) {
        Numbers last = lastNumbers;
        if (last == null || Duration.between(last.at, clock.instant()).abs().compareTo(FRESH) > 0) {
            last = new Numbers(clock.instant(), queries.reports(today().minusDays(2)));
            lastNumbers = last;
        }
        return last.byState;
    }

    private static void table(Html page, List<ReportRecord> records) {
        String[] columns = {"Day (UTC)", "Domain", "Destination", "State", "Reason"};
        page.table("Reports at their destinations, the latest first", columns,
            table -> records.forEach(record -> table.element("tr", row -> row
                .element("td", record.key().day().toString())
                .element("th", cell -> cell.link(Page.pathOf(record.key().domain().ascii()), record.key().domain().ascii()), "scope", "row")
                .element("td", record.destination())
                .element("td", word(record.state()), "class", record.state() == ReportRecord.State.ACCEPTED ? "" : "bad")
                .element("td", record.result().equals("accepted") ? "" : record.result()))));
    }

    private static String word(ReportRecord.State state) {
        return state.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    @Override
    public Optional<List<DomainLine>> domains(String prefix, String after, int limit) {
        return database.map(all -> all.queries.domains(prefix, after, limit));
    }

    @Override
    public void domain(DomainName domain, Html page) {
        page.element("h3", "Outgoing sessions");
        if (database.isEmpty()) {
            page.element("p", "The counts are in memory and can't be shown.", "class", "empty");
            return;
        }
        List<TallyView.Line> lines = database.get().lines.lines(Optional.empty(), Optional.of(domain), MAX_LINES);
        if (lines.isEmpty()) {
            page.element("p", "No session with this domain is counted in the days that are kept.", "class", "empty");
            return;
        }
        page.table("Sessions", new String[] {"Day (UTC)", "#Sessions", "#Failed", "Report"}, table -> lines.forEach(line ->
            table.element("tr", row -> row
                .element("th", line.key().day().toString(), "scope", "row")
                .element("td", Long.toString(line.sessions()), "class", "number")
                .element("td", Long.toString(line.failed()), "class", line.failed() > 0 ? "number bad" : "number")
                .element("td", line.state()))));
        List<PageQueries.Failures> failures = lines.stream().filter(line -> line.failed() > 0).map(line -> line.key().day()).distinct()
            .limit(DAYS_OF_FAILURES).flatMap(day -> database.get().queries.failures(domain, day, MOST_FAILURES).stream()).toList();
        if (!failures.isEmpty()) {
            String[] columns = {"Day (UTC)", "Failure", "Host", "Reason", "#Sessions"};
            page.table("What failed", columns, table -> failures.forEach(each ->
                table.element("tr", row -> row.element("th", each.day().toString(), "scope", "row").element("td", each.type())
                    .element("td", each.mxHost()).element("td", each.reason())
                    .element("td", Long.toString(each.sessions()), "class", "number"))));
        }
        List<ReportRecord> sent = lines.stream().map(TallyView.Line::key).distinct().flatMap(key -> reports.of(key).stream()).toList();
        if (!sent.isEmpty()) {
            page.element("h3", "Reports sent");
            table(page, sent);
        }
    }

    private LocalDate today() {
        return clock.instant().atZone(ZoneOffset.UTC).toLocalDate();
    }
}
