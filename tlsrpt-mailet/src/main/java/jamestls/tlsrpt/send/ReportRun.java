package jamestls.tlsrpt.send;

import jamestls.dns.Dns;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.TlsReport;
import jamestls.tlsrpt.store.Claim;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.ReportStore;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyStore;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns counts into reports and sends them. Several runs may go on at once: the claim decides which of them has a domain.
 */
public final class ReportRun {

    private static final Logger LOGGER = LoggerFactory.getLogger(ReportRun.class);
    private static final int MAX_CONCURRENT = 64;
    private static final int PAGE = 1_000;
    /** So many that a transaction is worth it, so few that several servers share a page. */
    private static final int CLAIMED_TOGETHER = 50;
    private static final int DETAILS_PER_PLACE = 1_000;
    /** Half of a lease: what slow destinations kept waiting for longer is left to whoever comes next. */
    private static final Duration FRESH_ENOUGH = Duration.ofMinutes(10);

    private final ReportSettings settings;
    private final TallyStore tallies;
    private final RuaLookup lookup;
    private final DestinationDispatcher dispatcher;
    private final GroupCommit<Claim.Result, Boolean> endings;
    private final ReportLog log;
    private final Clock clock;

    public ReportRun(ReportSettings settings, TallyStore tallies, ReportStore reports, Dns dns, Transports transports, ReportLog log,
                     Clock clock) {
        this.settings = settings;
        this.tallies = tallies;
        this.lookup = new RuaLookup(dns);
        this.dispatcher = new DestinationDispatcher(reports, transports, settings.guard(), settings.archive(), clock);
        this.endings = new GroupCommit<>(tallies::end);
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
        Queue<ReportResult> results = new ConcurrentLinkedQueue<>();
        try (BoundedExecutor executor = new BoundedExecutor(MAX_CONCURRENT)) {
            Optional<TallyKey> last = Optional.empty();
            List<TallyKey> page;
            do {
                page = tallies.present(due, last, PAGE);
                last = page.isEmpty() ? last : Optional.of(page.getLast());
                for (List<TallyKey> some : shuffled(page.stream().filter(ready).toList())) {
                    claimAndReport(some, due, executor, results);
                    drain(results, each);
                }
            } while (page.size() == PAGE && !Thread.currentThread().isInterrupted());
        } finally {
            drain(results, each);
        }
    }

    /** Neighbours together, because they are near each other in the store. */
    private static List<List<TallyKey>> shuffled(List<TallyKey> keys) {
        List<List<TallyKey>> some = new ArrayList<>();
        for (int from = 0; from < keys.size(); from += CLAIMED_TOGETHER) {
            some.add(keys.subList(from, Math.min(keys.size(), from + CLAIMED_TOGETHER)));
        }
        // several servers that begin at the same second do not stand in each other's way
        Collections.shuffle(some);
        return some;
    }

    private static void drain(Queue<ReportResult> results, Consumer<ReportResult> each) {
        for (ReportResult result = results.poll(); result != null; result = results.poll()) {
            each.accept(result);
        }
    }

    private void claimAndReport(List<TallyKey> keys, Due due, BoundedExecutor executor, Queue<ReportResult> results) {
        List<TallyKey> left = keys;
        while (!left.isEmpty() && !Thread.currentThread().isInterrupted()) {
            // a run may take hours, and a lease begins now
            List<Claim> claims = claims(left, due.at(clock.instant()));
            Instant claimed = clock.instant();
            for (Claim claim : claims) {
                boolean started = executor.start(size(claim),
                    () -> surelyReport(claim, claimed, due).ifPresent(results::add));
                if (!started) {
                    uninterrupted(() -> giveBack(claim, clock.instant()));
                }
            }
            Set<TallyKey> done = claims.stream().map(claim -> claim.tally().key()).collect(Collectors.toSet());
            // none: others have the rest. Some: there may be too much in them for one go
            left = claims.isEmpty() ? List.of() : left.stream().filter(key -> !done.contains(key)).toList();
        }
    }

    /** One day and domain that can't be read does not keep its neighbours from being reported. */
    private List<Claim> claims(List<TallyKey> keys, Due due) {
        try {
            return tallies.claim(keys, due);
        } catch (StorageOutage together) {
            List<Claim> claims = new ArrayList<>();
            int failures = 0;
            for (int i = 0; i < keys.size() && failures < 2; i++) {
                try {
                    tallies.claim(keys.get(i), due).ifPresent(claims::add);
                } catch (StorageOutage e) {
                    failures++;
                    LOGGER.error("tlsreport domain={} day={}: the store failed, it will be tried again: {}", keys.get(i).domain(),
                        keys.get(i).day(), e.getMessage());
                }
            }
            return claims;
        }
    }

    private static int size(Claim claim) {
        return 1 + claim.tally().policies().stream().mapToInt(policy -> policy.details().size()).sum() / DETAILS_PER_PLACE;
    }

    /** Without the store nothing is sent, because nobody would know of it. */
    private Optional<ReportResult> surelyReport(Claim claim, Instant claimed, Due due) {
        TallyKey key = claim.tally().key();
        try {
            if (clock.instant().isAfter(claimed.plus(FRESH_ENOUGH))) {
                giveBack(claim, clock.instant());
                return Optional.empty();
            }
            ReportResult result = surelyReport(claim, due);
            end(claim, result);
            log.finished(result);
            return Optional.of(result);
        } catch (StorageOutage e) {
            LOGGER.error("tlsreport domain={} day={}: the store failed, it will be tried again: {}", key.domain(), key.day(),
                e.getMessage());
            uninterrupted(() -> giveBack(claim, clock.instant().plus(RetryTimes.pauseAfter(claim.tries()))));
            return Optional.empty();
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport domain={} day={}: unexpected, what became of it may be missing in log and metrics", key.domain(),
                key.day(), e);
            return Optional.empty();
        }
    }

    /** An interrupted thread gets no connection to a database. */
    private static void uninterrupted(Runnable work) {
        boolean interrupted = Thread.interrupted();
        try {
            work.run();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void giveBack(Claim claim, Instant notBefore) {
        try {
            tallies.postpone(claim, notBefore);
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
                case ReportResult.NotWanted none -> endings.commit(Claim.Result.discarded(claim));
                case ReportResult.Sent done -> endings.commit(Claim.Result.settled(claim, done.word()));
                case ReportResult.GivenUp dropped -> endings.commit(Claim.Result.settled(claim, dropped.word()));
                case ReportResult.Expired expired -> endings.commit(Claim.Result.settled(claim, expired.word()));
                case ReportResult.Faulty faulty ->
                    endings.commit(Claim.Result.settled(claim, faulty.word() + ": " + ReportLog.printable(faulty.problems())));
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

    private ReportResult surelyReport(Claim claim, Due due) {
        DomainTally tally = claim.tally();
        try {
            return report(claim, due);
        } catch (StorageOutage e) {
            throw e;
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport domain={} day={}: unexpected", tally.key().domain(), tally.key().day(), e);
            return new ReportResult.Postponed(tally, "unexpected: " + e);
        }
    }

    private ReportResult report(Claim claim, Due due) {
        DomainTally tally = claim.tally();
        if (ReportSchedule.isTooOld(tally.key(), clock.instant())) {
            return new ReportResult.Expired(tally);
        }
        if (tally.sessions() < settings.minSessions()) {
            return new ReportResult.NotWanted(tally, "fewer than " + settings.minSessions() + " sessions");
        }
        return switch (lookup.of(tally.key().domain())) {
            case RuaLookup.NotWanted none -> new ReportResult.NotWanted(tally, none.reason());
            case RuaLookup.LookupFailed failed -> {
                Instant retryAt = clock.instant().plus(RetryTimes.pauseAfter(claim.tries()));
                dispatcher.lookupFailed(claim, new TlsReport(settings.reporters().of(tally.key()), tally).id(), failed.reason(), retryAt);
                yield new ReportResult.Postponed(tally, failed.reason(), Optional.of(retryAt));
            }
            case RuaLookup.Destinations destinations -> write(claim, settings.guard().rule(destinations.rua()), due);
        };
    }

    private ReportResult write(Claim claim, DestinationRules.Ruled destinations, Due due) {
        DomainTally tally = claim.tally();
        if (destinations.allowed().isEmpty()) {
            return new ReportResult.NotWanted(tally, destinations.denied().toString());
        }
        return switch (ReportFile.write(new TlsReport(settings.reporters().of(tally.key()), tally))) {
            case ReportFile.Faulty faulty -> new ReportResult.Faulty(tally, String.join(", ", faulty.problems()));
            case ReportFile.Ready ready -> dispatcher.send(claim, ready.files(), destinations, due);
        };
    }
}
