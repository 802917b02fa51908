package jamestls.tlsrpt;

import jamestls.dns.Dns;
import jamestls.dns.DomainName;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.TlsOutcomeSink;
import jamestls.outcome.TlsOutcomes;
import jamestls.page.PageContent;
import jamestls.storage.AllSteps;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.collect.CountingRules;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.report.MailIds;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.report.ReturnedMail;
import jamestls.tlsrpt.send.Counters;
import jamestls.tlsrpt.send.DestinationGuard;
import jamestls.tlsrpt.send.DestinationSettings;
import jamestls.tlsrpt.send.DkimMonitor;
import jamestls.tlsrpt.send.FromDomainCheck;
import jamestls.tlsrpt.send.OverdueCheck;
import jamestls.tlsrpt.send.ReportLog;
import jamestls.tlsrpt.send.ReportNow;
import jamestls.tlsrpt.send.ReportRun;
import jamestls.tlsrpt.send.ReportTimer;
import jamestls.tlsrpt.send.ReportTransport;
import jamestls.tlsrpt.send.ReturnedReports;
import jamestls.tlsrpt.send.SuppressionList;
import jamestls.tlsrpt.send.TlsReportingSettings;
import jamestls.tlsrpt.store.ReportStore;
import jamestls.tlsrpt.store.SessionTotals;
import jamestls.tlsrpt.store.SqlReportStore;
import jamestls.tlsrpt.store.Stores;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyView;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.apache.james.metrics.api.MetricFactory;

/** Wires and owns everything that counts sessions and sends reports; one for all TlsReporting entries of a server. */
public final class Reporting {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Reporting.class);
    private static final Duration TIMER_INTERVAL = Duration.ofSeconds(30);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);
    /** Parts of one day and domain, with every identity. */
    private static final int MAX_LINES = 1_000;

    private final Stores stores;
    private final TlsReportingSettings settings;
    private final OutcomeJournal journal;
    /** Subscriber to TLS outcomes; it writes to the journal. */
    private final TlsOutcomeSink counting;
    private final ReturnedReports returnedReports;
    private final DkimMonitor dkimMonitor;
    private final DestinationGuard guard;
    private final ReportTimer timer;
    private final ReportNow reportNow;
    private final OverdueCheck overdueCheck;
    private final FromDomainCheck fromDomains;
    private final SessionTotals totals;
    /** Opened for reading only, so that the page does not wait for counting, nor counting for the page. */
    private final Optional<Database> pageDatabase;
    private final Network network;
    private final Clock clock;
    private final Map<DomainName, List<String>> signingProblems;
    private final TlsOutcomes.SessionCounter sessionCounter = new StoredSessions();
    /** Problem of the location of the database. */
    private final Optional<String> databaseProblem;

    /**
     * What reporting needs to reach receivers.
     *
     * @param ids for Message-ID fields of report mails
     * @param serverTakesMail whether James has a queue for report mails
     * @param close releases DNS and HTTPS resources; runs after the last use of them
     */
    record Network(Dns dns, ReportTransport.ByScheme transports, MailIds.Shared ids, BooleanSupplier serverTakesMail, Runnable close) {
    }

    /**
     * Wires everything; {@link #start} starts it.
     *
     * @param stores closed by {@link #stop}
     * @param network closed by {@link #stop}
     * @param signingProblems problems in the DKIM configuration of report mails, by author domain
     */
    Reporting(TlsReportingSettings settings, Stores stores, Network network, Map<DomainName, List<String>> signingProblems,
              MetricFactory metrics, Clock clock) {
        DestinationSettings destinations = settings.destinations();
        Counters counters = Counters.of(metrics);
        SuppressionList suppressions = new SuppressionList(stores.destinations(), clock);
        this.network = network;
        this.returnedReports = new ReturnedReports(stores.reports(), suppressions, counters, clock);
        this.dkimMonitor = new DkimMonitor(new DkimVerifier(network.dns()), counters, clock);
        this.guard = new DestinationGuard(destinations.rules(), destinations.mostPerHost(), stores.destinations(), suppressions,
            counters, clock);
        ReportRun.Settings reports = new ReportRun.Settings(settings.reporters(), guard, destinations.minSessions(),
            destinations.archive());
        ReportRun run = new ReportRun(reports, stores.tallies(), stores.reports(), network.dns(), network.transports(),
            new ReportLog(metrics), clock);
        this.stores = stores;
        this.settings = settings;
        this.journal = new OutcomeJournal(stores.tallies(), metrics, clock);
        this.counting = new CountingRules(settings.reporters().submitters(), destinations.mxHosts(), journal);
        this.timer = new ReportTimer(run, this::dueAt, this::housekeeping, network.serverTakesMail(), clock, TIMER_INTERVAL);
        this.reportNow = new ReportNow(run, clock);
        this.totals = new SessionTotals(stores.database(), clock);
        this.pageDatabase = settings.store().database().map(address -> Database.readOnly(address, Stores.MIGRATIONS));
        this.overdueCheck = new OverdueCheck(stores.tallies(), this::dueAt, clock);
        this.fromDomains =
            new FromDomainCheck(network.dns(), settings.reporters().all().stream().map(Reporters.Reporter::submitter).toList(), clock);
        this.clock = clock;
        this.signingProblems = Map.copyOf(signingProblems);
        this.databaseProblem = settings.store().database().flatMap(DatabaseAddress::objection);
    }

    /** Sends reports at the request of an administrator. */
    public ReportNow reportNow() {
        return reportNow;
    }

    /** Where counts and records are; empty if they are in memory. */
    public Optional<Database> database() {
        return stores.database();
    }

    /** The part of the page about sessions and reports. */
    PageContent page() {
        ReportStore reports = pageDatabase.<ReportStore>map(SqlReportStore::new).orElse(stores.reports());
        return new ReportPage(this::problems, totals, reports, pageDatabase.map(ReportPage.Counts::new), clock);
    }

    /** Rules and limits of destinations. */
    public DestinationSettings destinations() {
        return settings.destinations();
    }

    /** Counts as they are stored; unknown if they are in memory. */
    private final class StoredSessions implements TlsOutcomes.SessionCounter {

        @Override
        public Optional<TlsOutcomes.Sessions> today(DomainName recipientDomain) {
            return sessions(recipientDomain, Optional.of(currentDay()), currentDay());
        }

        @Override
        public Optional<TlsOutcomes.Sessions> lastDays(DomainName recipientDomain, int days) {
            return sessions(recipientDomain, Optional.empty(), currentDay().minusDays(days - 1L));
        }

        private Optional<TlsOutcomes.Sessions> sessions(DomainName recipientDomain, Optional<LocalDate> day, LocalDate first) {
            return stores.database().map(database -> {
                List<TallyView.Line> lines = new TallyView(database).lines(day, Optional.of(recipientDomain), MAX_LINES).stream()
                    .filter(line -> !line.key().day().isBefore(first)).toList();
                return new TlsOutcomes.Sessions(lines.stream().mapToLong(TallyView.Line::sessions).sum(),
                    lines.stream().mapToLong(TallyView.Line::failed).sum());
            });
        }

        private LocalDate currentDay() {
            return clock.instant().atZone(ZoneOffset.UTC).toLocalDate();
        }
    }

    /** Current problems for the health check, one sentence each. */
    List<String> problems() {
        List<String> problems = new ArrayList<>(dkimMonitor.problems());
        // the configuration counts only until a real report mail was verified
        signingProblems.forEach((author, own) -> problems.addAll(dkimMonitor.isKnown(author) ? List.of() : own));
        OutcomeJournal.State state = journal.state();
        state.failingSince().ifPresent(since -> problems.add("sessions can't be stored since " + since + ", " + state.waiting()
            + " are kept in memory: " + state.failure()));
        if (state.dropped() > 0) {
            problems.add(state.dropped() + " sessions were not counted since the start; see the log for the reason");
        }
        databaseProblem.ifPresent(problems::add);
        problems.addAll(network.transports().problems());
        problems.addAll(fromDomains.problems());
        overdueCheck.problem().ifPresent(problems::add);
        return problems;
    }

    /**
     * Processes a mail that may be a bounce of a report mail.
     *
     * @param head the first {@link ReturnedMail#MAX} octets of the mail
     * @return whether it is one
     */
    boolean handleBounce(byte[] head) {
        Optional<ReturnedMail> returned = ReturnedMail.of(head, network.ids().get());
        returned.ifPresent(returnedReports::returned);
        return returned.isPresent();
    }

    /** @throws StorageOutage if the store's secret can't be read */
    private Instant dueAt(TallyKey key) {
        return settings.schedule().dueAt(key, settings.reporters().of(key).submitter(), network.ids().get().secret());
    }

    private void housekeeping() {
        LocalDate firstKept = clock.instant().atZone(ZoneOffset.UTC).toLocalDate().minusDays(settings.store().retentionDays());
        AllSteps.run(LOGGER, "tlsreport", guard::save, totals::save, fromDomains::refresh, () -> stores.forget(firstKept));
    }

    void start(TlsOutcomes outcomes) {
        outcomes.subscribe(counting);
        outcomes.subscribe(totals);
        outcomes.addListener(returnedReports);
        outcomes.addListener(dkimMonitor);
        outcomes.addCounter(sessionCounter);
        timer.start();
    }

    void stop(TlsOutcomes outcomes) {
        AllSteps.run(LOGGER, "tlsreport", () -> outcomes.unsubscribe(counting), () -> outcomes.unsubscribe(totals),
            () -> outcomes.removeListener(returnedReports), () -> outcomes.removeListener(dkimMonitor),
            () -> outcomes.removeCounter(sessionCounter),
            () -> timer.stop(STOP_TIMEOUT), () -> reportNow.stop(STOP_TIMEOUT),
            journal::close, guard::save, totals::save, network.close(), () -> pageDatabase.ifPresent(Database::close), stores::close);
    }
}
