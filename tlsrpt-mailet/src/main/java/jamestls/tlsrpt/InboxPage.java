package jamestls.tlsrpt;

import jamestls.dns.DomainName;
import jamestls.outcome.OwnDomainEvents;
import jamestls.outcome.OwnDomainEvents.Event;
import jamestls.page.DayChart;
import jamestls.page.Html;
import jamestls.page.Page;
import jamestls.page.PageContent;
import jamestls.tlsrpt.inbox.Inbox;
import jamestls.tlsrpt.inbox.InboxView;
import jamestls.tlsrpt.inbox.InboxView.Selection;
import jamestls.tlsrpt.inbox.ReceivedReport.Trust;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The part of the page about reports that others sent about this server's own domains, beside what changed in these domains. */
final class InboxPage implements PageContent {

    private static final int DAYS = 30;
    private static final int MOST = 10;
    private static final int LATEST = 20;
    private static final int MAX_OWN = 50;

    private final Inbox inbox;
    private final InboxView view;
    private final OwnDomainEvents events;
    private final Clock clock;

    InboxPage(Inbox inbox, OwnDomainEvents events, Clock clock) {
        this.inbox = inbox;
        this.view = new InboxView(inbox.store().database());
        this.events = events;
        this.clock = clock;
    }

    @Override
    public String name() {
        return "reports received";
    }

    @Override
    public List<Attention> attention() {
        return inbox.problems().stream().map(problem -> new Attention(Urgency.SOON, problem + ".",
            "java -jar tlsrpt-mailet.jar received --conf conf")).toList();
    }

    @Override
    public void overview(Html page) {
        page.element("h2", "Reports received about our domains");
        Selection verified = last30Days(Optional.empty(), Trust.VERIFIED);
        List<Event> changes = new ArrayList<>();
        inbox.ownDomains().stream().sorted().limit(MAX_OWN).forEach(domain -> changes.addAll(events(domain)));
        if (chart(page, verified, changes)) {
            reporters(page, verified);
            causes(page, verified);
        } else {
            page.element("p", "None from a verified sender in the last 30 days. Publish a record at _smtp._tls of your domain; "
                + "java -jar mtasts-mailet.jar records shows which.", "class", "empty");
        }
        long apart = view.byDay(last30Days(Optional.empty(), Trust.UNVERIFIED)).stream().mapToLong(day -> day.sums().reports()).sum();
        if (apart > 0) {
            page.element("p", "Kept apart: " + apart + (apart == 1 ? " report" : " reports")
                + " whose senders could not be verified. They are in no number here.");
        }
        page.element("p", list -> inbox.ownDomains().stream().sorted().limit(MAX_OWN).forEach(domain ->
            list.link(Page.pathOf(domain.ascii()), domain.ascii()).text(" ")));
    }

    private Selection last30Days(Optional<DomainName> domain, Trust trust) {
        LocalDate today = today();
        return new Selection(domain, trust, today.minusDays(DAYS - 1L), today);
    }

    private List<Event> events(DomainName domain) {
        Instant now = clock.instant();
        return events.of(domain, now.minus(DAYS, ChronoUnit.DAYS), now);
    }

    /** @return whether there was anything to draw */
    private boolean chart(Html page, Selection selection, List<Event> changes) {
        Map<LocalDate, InboxView.Sums> sums = new HashMap<>();
        view.byDay(selection).forEach(day -> sums.put(day.day(), day.sums()));
        DayChart chart = new DayChart("Sessions that others report, per day (UTC); dashed lines: something changed on our side",
            List.of("successful", "failed"), DayChart.Colours.GOOD_AND_BAD);
        for (LocalDate day = selection.first(); !day.isAfter(selection.last()); day = day.plusDays(1)) {
            InboxView.Sums of = sums.get(day);
            chart.day(day, of == null ? 0 : of.sessions() - of.failed(), of == null ? 0 : of.failed());
        }
        changes.forEach(change -> chart.mark(change.time().atZone(ZoneOffset.UTC).toLocalDate(), change.domain() + ": " + change.text()));
        if (chart.isEmpty()) {
            return false;
        }
        chart.write(page);
        return true;
    }

    private void reporters(Html page, Selection selection) {
        page.table("By reporter, most failures first", new String[] {"Reporter", "#Reports", "#Sessions", "#Failed"}, table ->
            view.byReporter(selection, MOST).forEach(each -> table.element("tr", row -> row
                .element("th", each.submitter().ascii(), "scope", "row")
                .element("td", Long.toString(each.sums().reports()), "class", "number")
                .element("td", Long.toString(each.sums().sessions()), "class", "number")
                .element("td", Long.toString(each.sums().failed()), "class", each.sums().failed() > 0 ? "number bad" : "number"))));
    }

    private void causes(Html page, Selection selection) {
        List<InboxView.OfCause> causes = view.byCause(selection, MOST);
        if (causes.isEmpty()) {
            page.element("p", "No failure was reported.", "class", "empty");
            return;
        }
        page.table("By cause, most failures first", new String[] {"Failure", "Host", "#Sessions", "#Reporters", "First day", "Last day"},
            table -> causes.forEach(each -> table.element("tr", row -> row
                .element("th", each.type(), "scope", "row").element("td", each.mxHost())
                .element("td", Long.toString(each.failures()), "class", "number bad")
                .element("td", Long.toString(each.reporters()), "class", "number")
                .element("td", each.first().toString()).element("td", each.last().toString()))));
    }

    @Override
    public void domain(DomainName domain, Html page) {
        List<InboxView.Line> latest = view.reports(Optional.of(domain), Optional.empty(), LATEST);
        List<Event> changes = events(domain);
        if (latest.isEmpty() && changes.isEmpty() && !inbox.ownDomains().contains(domain)) {
            return;
        }
        page.element("h3", "Incoming: what others report");
        Selection verified = last30Days(Optional.of(domain), Trust.VERIFIED);
        if (chart(page, verified, changes)) {
            reporters(page, verified);
            causes(page, verified);
        }
        if (latest.isEmpty()) {
            page.element("p", "No report about this domain was received.", "class", "empty");
        } else {
            page.table("The latest reports", new String[] {"Day (UTC)", "Reporter", "#Sessions", "#Failed", "Remarks"}, table ->
                latest.forEach(each -> table.element("tr", row -> row
                    .element("td", each.day().toString()).element("th", each.origin().submitter().ascii(), "scope", "row")
                    .element("td", Long.toString(each.sessions()), "class", "number")
                    .element("td", Long.toString(each.failed()), "class", each.failed() > 0 ? "number bad" : "number")
                    .element("td", (each.origin().trust() == Trust.UNVERIFIED ? "sender not verified; " : "")
                        + String.join("; ", each.notes())))));
        }
        if (!changes.isEmpty()) {
            page.table("What changed on our side", new String[] {"Time", "Change"}, table -> changes.reversed().forEach(change ->
                table.element("tr", row -> row.element("td", change.time().truncatedTo(ChronoUnit.SECONDS).toString())
                    .element("td", change.text()))));
        }
    }

    private LocalDate today() {
        return clock.instant().atZone(ZoneOffset.UTC).toLocalDate();
    }
}
