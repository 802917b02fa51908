package jamestls.tlsrpt.send;

import jamestls.mtasts.dns.Dns;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.Reporter;
import jamestls.tlsrpt.report.Rua;
import jamestls.tlsrpt.report.TlsReport;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.ReportStore;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyStore;
import java.time.Clock;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns counts into reports and sends them. Several runs may go on at once: the claim decides which of them has a domain.
 */
public final class ReportRun {

    private static final Logger LOGGER = LoggerFactory.getLogger(ReportRun.class);
    private static final int ABREAST = 8;

    private final Reporter reporter;
    private final TallyStore tallies;
    private final ReportStore reports;
    private final RuaLookup lookup;
    private final Transports transports;
    private final ReportLog log;
    private final Clock clock;

    public ReportRun(Reporter reporter, TallyStore tallies, ReportStore reports, Dns dns, Transports transports, ReportLog log,
                     Clock clock) {
        this.reporter = reporter;
        this.tallies = tallies;
        this.reports = reports;
        this.lookup = new RuaLookup(dns);
        this.transports = transports;
        this.log = log;
        this.clock = clock;
    }

    /**
     * Reports every day and domain that is due, some at a time, and returns when all are through.
     *
     * @return one result for each that this run could claim
     */
    public List<ReportResult> run(Predicate<TallyKey> due) {
        tallies.forget(clock.instant().atZone(ZoneOffset.UTC).toLocalDate().minusDays(ReportSchedule.DAYS_KEPT));
        List<TallyKey> keys = tallies.present().stream().filter(due).sorted().toList();
        return Abreast.map(ABREAST, keys, this::claimAndReport).stream().flatMap(Optional::stream).toList();
    }

    private Optional<ReportResult> claimAndReport(TallyKey key) {
        Optional<ReportResult> result = tallies.claim(key, clock.instant()).map(this::surelyReport);
        result.filter(ReportResult.Postponed.class::isInstance).ifPresent(postponed -> tallies.putBack(postponed.tally()));
        result.ifPresent(log::finished);
        return result;
    }

    private ReportResult surelyReport(DomainTally tally) {
        try {
            return report(tally);
        } catch (RuntimeException e) {
            LOGGER.error("tlsreport domain={} day={}: unexpected", tally.key().domain(), tally.key().day(), e);
            return new ReportResult.Postponed(tally, "unexpected: " + e);
        }
    }

    private ReportResult report(DomainTally tally) {
        if (ReportSchedule.isTooOld(tally.key(), clock.instant())) {
            return new ReportResult.Expired(tally);
        }
        return switch (lookup.of(tally.key().domain())) {
            case RuaLookup.NoWish none -> new ReportResult.NotWanted(tally, none.reason());
            case RuaLookup.Unknown unknown -> new ReportResult.Postponed(tally, unknown.reason());
            case RuaLookup.Destinations destinations -> write(tally, destinations.rua());
        };
    }

    private ReportResult write(DomainTally tally, List<Rua> destinations) {
        return switch (ReportFile.write(new TlsReport(reporter, tally))) {
            case ReportFile.Faulty faulty -> new ReportResult.Faulty(tally, String.join(", ", faulty.problems()));
            case ReportFile.Ready ready -> send(tally, ready.file(), destinations);
        };
    }

    /** To each destination that is asked for; the report is delivered once one of them has it (RFC 8460 §3). */
    private ReportResult send(DomainTally tally, ReportFile file, List<Rua> destinations) {
        List<String> accepted = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        for (Rua destination : destinations) {
            switch (handOver(file, destination)) {
                case ReportTransport.Accepted done -> {
                    accepted.add(destination.uri());
                    record(file, destination, "accepted");
                }
                case ReportTransport.Refused no -> {
                    refused.add(destination.uri() + " (" + no.reason() + ")");
                    record(file, destination, ReportLog.printable(no.reason()));
                }
            }
        }
        return accepted.isEmpty()
            ? new ReportResult.Postponed(tally, String.join(" ", refused))
            : new ReportResult.Sent(tally, String.join(" ", accepted));
    }

    private ReportTransport.Handover handOver(ReportFile file, Rua destination) {
        try {
            return transports.send(file, destination);
        } catch (RuntimeException e) {
            LOGGER.error("tlsreport domain={}: unexpected at {}", file.report().domain(), destination.uri(), e);
            return new ReportTransport.Refused("unexpected: " + e);
        }
    }

    private void record(ReportFile file, Rua destination, String result) {
        TlsReport report = file.report();
        reports.add(new ReportRecord(report.tally().key(), report.id().toString(), clock.instant(), destination.uri(), result));
    }
}
