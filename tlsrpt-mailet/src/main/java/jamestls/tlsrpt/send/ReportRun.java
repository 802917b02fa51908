package jamestls.tlsrpt.send;

import jamestls.mtasts.dns.Dns;
import jamestls.mtasts.storage.StorageOutage;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.Reporter;
import jamestls.tlsrpt.report.Rua;
import jamestls.tlsrpt.report.TlsReport;
import jamestls.tlsrpt.store.Claim;
import jamestls.tlsrpt.store.Dispatch;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.ReportRecord.State;
import jamestls.tlsrpt.store.ReportStore;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyStore;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns counts into reports and sends them. Several runs may go on at once: the claim decides which of them has a domain.
 */
public final class ReportRun {

    private static final Logger LOGGER = LoggerFactory.getLogger(ReportRun.class);
    private static final int ABREAST = 32;
    private static final int PAGE = 1_000;

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
     * Reports every day and domain that is due, some at a time, and returns when all are through, or when interrupted.
     *
     * @param due which days
     * @param ready which days and domains of these
     * @param each gets one result for each part that this run could claim, on the caller's thread
     */
    public void run(Due due, Predicate<TallyKey> ready, Consumer<ReportResult> each) {
        Optional<TallyKey> last = Optional.empty();
        List<TallyKey> page;
        do {
            page = tallies.present(due, last, PAGE);
            last = page.isEmpty() ? last : Optional.of(page.getLast());
            Abreast.map(ABREAST, page.stream().filter(ready).toList(), key -> surelyClaimAndReport(key, due)).stream()
                .flatMap(Optional::stream).forEach(each);
        } while (page.size() == PAGE && !Thread.currentThread().isInterrupted());
    }

    /** Without the store nothing is sent, because nobody would know of it; what was claimed comes back when its lease is over. */
    private Optional<ReportResult> surelyClaimAndReport(TallyKey key, Due due) {
        try {
            Optional<Claim> claim = tallies.claim(key, due);
            Optional<ReportResult> result = claim.map(Claim::tally).map(this::surelyReport);
            result.ifPresent(done -> end(claim.get(), done));
            result.ifPresent(log::finished);
            return result;
        } catch (StorageOutage e) {
            LOGGER.error("tlsreport domain={} day={}: the store failed, it will be tried again: {}", key.domain(), key.day(),
                e.getMessage());
            return Optional.empty();
        }
    }

    private void end(Claim claim, ReportResult result) {
        // an interrupted thread gets no connection to a database
        boolean interrupted = Thread.interrupted();
        try {
            boolean held = switch (result) {
                case ReportResult.Postponed later -> tallies.postpone(claim,
                    interrupted ? clock.instant() : clock.instant().plus(RetryTimes.pauseAfter(claim.tries())));
                case ReportResult.NotWanted none -> tallies.discard(claim);
                case ReportResult.Sent done -> tallies.settle(claim, done.word());
                case ReportResult.Expired expired -> tallies.settle(claim, expired.word());
                case ReportResult.Faulty faulty -> tallies.settle(claim, faulty.word() + ": " + ReportLog.printable(faulty.problems()));
            };
            if (!held) {
                LOGGER.warn("tlsreport domain={} day={}: took so long that another one took it over", claim.tally().key().domain(),
                    claim.tally().key().day());
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private ReportResult surelyReport(DomainTally tally) {
        try {
            return report(tally);
        } catch (StorageOutage e) {
            throw e;
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
            Dispatch dispatch = new Dispatch(tally.key(), tally.part().number(), file.report().id().toString(), destination.uri());
            switch (handOverOnce(dispatch, file, destination)) {
                case ReportTransport.Accepted done -> accepted.add(destination.uri());
                case ReportTransport.Refused no -> refused.add(destination.uri() + " (" + no.reason() + ")");
            }
        }
        return accepted.isEmpty()
            ? new ReportResult.Postponed(tally, String.join(" ", refused))
            : new ReportResult.Sent(tally, String.join(" ", accepted));
    }

    /** A destination that has it already, from before a crash or another's refusal, does not get it again. */
    private ReportTransport.Handover handOverOnce(Dispatch dispatch, ReportFile file, Rua destination) {
        Optional<ReportRecord> before = reports.begin(dispatch, clock.instant());
        if (before.isPresent() && before.get().isFinal()) {
            return before.get().state() == State.ACCEPTED
                ? new ReportTransport.Accepted() : new ReportTransport.Refused(before.get().result());
        }
        ReportTransport.Handover handover = handOver(file, destination);
        switch (handover) {
            case ReportTransport.Accepted done -> finish(dispatch, State.ACCEPTED, "accepted");
            case ReportTransport.Refused no -> finish(dispatch, State.REFUSED, ReportLog.printable(no.reason()));
        }
        return handover;
    }

    private ReportTransport.Handover handOver(ReportFile file, Rua destination) {
        try {
            return transports.send(file, destination);
        } catch (RuntimeException e) {
            LOGGER.error("tlsreport domain={}: unexpected at {}", file.report().domain(), destination.uri(), e);
            return new ReportTransport.Refused("unexpected: " + e);
        }
    }

    private void finish(Dispatch dispatch, State state, String result) {
        reports.finish(dispatch, state, result, Optional.empty(), clock.instant());
    }
}
