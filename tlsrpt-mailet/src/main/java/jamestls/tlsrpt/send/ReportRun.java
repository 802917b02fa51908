package jamestls.tlsrpt.send;

import jamestls.mtasts.dns.Dns;
import jamestls.mtasts.storage.StorageOutage;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.TlsReport;
import jamestls.tlsrpt.store.Claim;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.ReportStore;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyStore;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
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

    private final ReportSettings settings;
    private final TallyStore tallies;
    private final RuaLookup lookup;
    private final Rounds rounds;
    private final ReportLog log;
    private final Clock clock;

    public ReportRun(ReportSettings settings, TallyStore tallies, ReportStore reports, Dns dns, Transports transports, ReportLog log,
                     Clock clock) {
        this.settings = settings;
        this.tallies = tallies;
        this.lookup = new RuaLookup(dns);
        this.rounds = new Rounds(reports, transports, settings.guard(), settings.archive(), clock);
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
            List<TallyKey> keys = new ArrayList<>(page.stream().filter(ready).toList());
            // several servers that begin at the same second do not stand in each other's way
            Collections.shuffle(keys);
            Abreast.map(ABREAST, keys, key -> surelyClaimAndReport(key, due)).stream().flatMap(Optional::stream).forEach(each);
        } while (page.size() == PAGE && !Thread.currentThread().isInterrupted());
    }

    /** Without the store nothing is sent, because nobody would know of it. */
    private Optional<ReportResult> surelyClaimAndReport(TallyKey key, Due due) {
        Optional<Claim> claim = Optional.empty();
        try {
            claim = tallies.claim(key, due);
            Optional<ReportResult> result = claim.map(Claim::tally).map(tally -> surelyReport(tally, due));
            if (result.isPresent()) {
                end(claim.get(), result.get());
                log.finished(result.get());
            }
            return result;
        } catch (StorageOutage e) {
            LOGGER.error("tlsreport domain={} day={}: the store failed, it will be tried again: {}", key.domain(), key.day(),
                e.getMessage());
            claim.ifPresent(this::giveBack);
            return Optional.empty();
        }
    }

    private void giveBack(Claim claim) {
        try {
            tallies.postpone(claim, clock.instant().plus(RetryTimes.pauseAfter(claim.tries())));
        } catch (StorageOutage e) {
            LOGGER.debug("it comes back when its lease is over", e);
        }
    }

    private void end(Claim claim, ReportResult result) {
        // an interrupted thread gets no connection to a database
        boolean interrupted = Thread.interrupted();
        try {
            boolean held = switch (result) {
                case ReportResult.Postponed later -> tallies.postpone(claim,
                    interrupted ? clock.instant()
                        : later.notBefore().orElseGet(() -> clock.instant().plus(RetryTimes.pauseAfter(claim.tries()))));
                case ReportResult.PartlySent some -> tallies.postpone(claim, interrupted ? clock.instant() : some.notBefore());
                case ReportResult.NotWanted none -> tallies.discard(claim);
                case ReportResult.Sent done -> tallies.settle(claim, done.word());
                case ReportResult.GivenUp dropped -> tallies.settle(claim, dropped.word());
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

    private ReportResult surelyReport(DomainTally tally, Due due) {
        try {
            return report(tally, due);
        } catch (StorageOutage e) {
            throw e;
        } catch (RuntimeException e) {
            LOGGER.error("tlsreport domain={} day={}: unexpected", tally.key().domain(), tally.key().day(), e);
            return new ReportResult.Postponed(tally, "unexpected: " + e);
        }
    }

    private ReportResult report(DomainTally tally, Due due) {
        if (ReportSchedule.isTooOld(tally.key(), clock.instant())) {
            return new ReportResult.Expired(tally);
        }
        if (tally.sessions() < settings.minSessions()) {
            return new ReportResult.NotWanted(tally, "fewer than " + settings.minSessions() + " sessions");
        }
        return switch (lookup.of(tally.key().domain())) {
            case RuaLookup.NoWish none -> new ReportResult.NotWanted(tally, none.reason());
            case RuaLookup.Unknown unknown -> new ReportResult.Postponed(tally, unknown.reason());
            case RuaLookup.Destinations destinations -> write(tally, settings.guard().rule(destinations.rua()), due);
        };
    }

    private ReportResult write(DomainTally tally, DestinationGuard.Ruled destinations, Due due) {
        if (destinations.go().isEmpty()) {
            return new ReportResult.NotWanted(tally, destinations.denied().toString());
        }
        return switch (ReportFile.write(new TlsReport(settings.reporters().of(tally.key()), tally))) {
            case ReportFile.Faulty faulty -> new ReportResult.Faulty(tally, String.join(", ", faulty.problems()));
            case ReportFile.Ready ready -> rounds.go(tally, ready.files(), destinations.go(), due);
        };
    }
}
