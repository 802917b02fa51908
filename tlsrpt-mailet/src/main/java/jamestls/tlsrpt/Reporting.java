package jamestls.tlsrpt;

import jamestls.dns.Dns;
import jamestls.dns.DomainName;
import jamestls.outcome.TlsOutcomeSink;
import jamestls.outcome.TlsOutcomes;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.collect.CountingRules;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.report.Reporter;
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
import jamestls.tlsrpt.send.ReportSettings;
import jamestls.tlsrpt.send.ReportTimer;
import jamestls.tlsrpt.send.ReturnedReports;
import jamestls.tlsrpt.send.SharedMailIds;
import jamestls.tlsrpt.send.SuppressionList;
import jamestls.tlsrpt.send.TlsReportingSettings;
import jamestls.tlsrpt.send.Transports;
import jamestls.tlsrpt.store.Stores;
import jamestls.tlsrpt.store.TallyKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.james.metrics.api.MetricFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Wires and owns everything that counts sessions and sends reports; one for all TlsReporting entries of a server. */
final class Reporting {

    private static final Logger LOGGER = LoggerFactory.getLogger(Reporting.class);
    private static final Duration TIMER_PAUSE = Duration.ofSeconds(30);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Stores stores;
    private final TlsReportingSettings settings;
    private final OutcomeJournal journal;
    /** What sessions go through on their way into the journal. */
    private final TlsOutcomeSink counting;
    private final ReturnedReports losses;
    private final DkimMonitor signatures;
    private final SharedMailIds ids;
    private final DestinationGuard guard;
    private final ReportTimer timer;
    private final ReportNow now;
    private final OverdueCheck late;
    private final FromDomainCheck fromDomains;
    private final Transports transports;
    private final Clock clock;
    private final Map<DomainName, List<String>> signingProblems;
    private final Runnable release;

    /**
     * @param stores closed by {@link #stop}
     * @param signingProblems what keeps receivers from taking our report mails, by their author's domain
     * @param release lets go of what DNS and transports hold, once nothing uses them any more
     */
    Reporting(TlsReportingSettings settings, Stores stores, SharedMailIds ids, Dns dns, Transports transports,
              Map<DomainName, List<String>> signingProblems, Runnable release, MetricFactory metrics, Clock clock) {
        DestinationSettings destinations = settings.destinations();
        Counters counters = Counters.of(metrics);
        SuppressionList dead = new SuppressionList(stores.destinations(), clock);
        this.ids = ids;
        this.losses = new ReturnedReports(stores.reports(), dead, counters, clock);
        this.signatures = new DkimMonitor(new DkimVerifier(dns), counters, clock);
        this.guard = new DestinationGuard(destinations.rules(), destinations.mostPerHost(), stores.destinations(), dead,
            counters, clock);
        ReportSettings reports = new ReportSettings(settings.reporters(), guard, destinations.minSessions(), destinations.archive());
        ReportRun run = new ReportRun(reports, stores.tallies(), stores.reports(), dns, transports,
            new ReportLog(metrics), clock);
        this.stores = stores;
        this.settings = settings;
        this.journal = new OutcomeJournal(stores.tallies(), metrics, clock);
        this.counting = new CountingRules(settings.reporters().submitters(), destinations.mxHosts(), journal);
        this.timer = new ReportTimer(run, this::dueAt, this::keepHouse, clock, TIMER_PAUSE);
        this.now = new ReportNow(run, clock);
        this.late = new OverdueCheck(stores.tallies(), this::dueAt, clock);
        this.fromDomains = new FromDomainCheck(dns, settings.reporters().all().stream().map(Reporter::submitter).toList(), clock);
        this.transports = transports;
        this.clock = clock;
        this.signingProblems = Map.copyOf(signingProblems);
        this.release = release;
    }

    ReportNow now() {
        return now;
    }

    /** What is not in order, a sentence each. */
    List<String> problems() {
        List<String> problems = new ArrayList<>(signatures.problems());
        // what was read in the configuration, as long as no mail says better
        signingProblems.forEach((author, own) -> problems.addAll(signatures.isKnown(author) ? List.of() : own));
        OutcomeJournal.State state = journal.state();
        state.failingSince().ifPresent(since -> problems.add("since " + since + " sessions can't be stored, " + state.waiting()
            + " wait in memory: " + state.failure()));
        if (state.dropped() > 0) {
            problems.add(state.dropped() + " sessions were not counted since the start; the log says why");
        }
        problems.addAll(transports.problems());
        problems.addAll(fromDomains.problems());
        late.problem().ifPresent(problems::add);
        return problems;
    }

    /** A mail that may be a bounce of a report. @return whether it is */
    boolean takeReturned(byte[] head) {
        Optional<ReturnedMail> returned = ReturnedMail.of(head, ids.get());
        returned.ifPresent(losses::returned);
        return returned.isPresent();
    }

    /** @throws StorageOutage when the store's secret can't be read */
    private Instant dueAt(TallyKey key) {
        return settings.schedule().dueAt(key, settings.reporters().of(key).submitter(), ids.get().secret());
    }

    private void keepHouse() {
        LocalDate firstKept = clock.instant().atZone(ZoneOffset.UTC).toLocalDate().minusDays(settings.store().retentionDays());
        eachOf(guard::save, fromDomains::refresh, () -> stores.forget(firstKept));
    }

    void start(TlsOutcomes outcomes) {
        outcomes.subscribe(counting);
        outcomes.addListener(losses);
        outcomes.addListener(signatures);
        timer.start();
    }

    void stop(TlsOutcomes outcomes) {
        eachOf(() -> outcomes.unsubscribe(counting), () -> outcomes.removeListener(losses), () -> outcomes.removeListener(signatures),
            () -> timer.stop(PATIENCE), () -> now.stop(PATIENCE), journal::close, guard::save, release, stores::close);
    }

    /** Takes every step, whatever the ones before it throw. */
    private static void eachOf(Runnable... steps) {
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (StorageOutage e) {
                LOGGER.warn("tlsreport: the store failed: {}", e.getMessage());
            } catch (RuntimeException | Error e) {
                LOGGER.error("tlsreport: unexpected, going on", e);
            }
        }
    }
}
