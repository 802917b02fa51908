package jamestls.tlsrpt.send;

import jamestls.dns.Dns;
import jamestls.net.SanitizedLogger;
import jamestls.rua.Rua;
import jamestls.storage.GroupCommit;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.Reporters;
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
import org.apache.james.metrics.api.MetricFactory;

/**
 * Reports the days and domains that are due. Several runs may be active at the same time, on this and on other servers: a claim makes
 * each day and domain the work of one of them.
 */
public final class ReportRun {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(ReportRun.class);
    private static final int MAX_CONCURRENT = 64;
    private static final int PAGE = 1_000;
    /** Claims per transaction: large enough to be efficient, small enough that several servers share a page. */
    private static final int CLAIM_BATCH = 50;
    /** A report with more failure details takes several permits, because it needs more memory. */
    private static final int DETAILS_PER_PERMIT = 1_000;
    /** Half of a lease: a claim that waited longer for a permit is released, so that its lease does not end while it is being sent. */
    private static final Duration MAX_WAIT_FOR_PERMIT = Duration.ofMinutes(10);

    private final Settings settings;
    private final TallyStore tallies;
    private final RuaLookup lookup;
    private final DestinationDispatcher dispatcher;
    private final GroupCommit<Claim.Result, Boolean> claimResults;
    private final ReportLog log;
    private final Clock clock;

    public ReportRun(Settings settings, TallyStore tallies, ReportStore reports, Dns dns, ReportTransport.ByScheme transports,
        ReportLog log,
                     Clock clock) {
        this.settings = settings;
        this.tallies = tallies;
        this.lookup = new RuaLookup(dns);
        this.dispatcher = new DestinationDispatcher(reports, transports, settings.guard(), settings.archive(), clock);
        this.claimResults = GroupCommit.onVirtualThreads("tlsreport-commit", tallies::end);
        this.log = log;
        this.clock = clock;
    }

    /**
     * Reports every day and domain that is due. Returns when all were tried, or when interrupted.
     *
     * @param due selects the days
     * @param ready selects days and domains among these
     * @param onResult called on this thread, once for each part of a day that this run claimed and finished
     */
    public void run(Due due, Predicate<TallyKey> ready, Consumer<ReportResult> onResult) {
        Queue<ReportResult> results = new ConcurrentLinkedQueue<>();
        try (BoundedExecutor executor = new BoundedExecutor(MAX_CONCURRENT)) {
            Optional<TallyKey> last = Optional.empty();
            List<TallyKey> page;
            do {
                page = tallies.claimable(due, last, PAGE);
                last = page.isEmpty() ? last : Optional.of(page.getLast());
                for (List<TallyKey> batch : shuffledBatches(page.stream().filter(ready).toList())) {
                    claimAndReport(batch, due, executor, results);
                    drain(results, onResult);
                }
            } while (page.size() == PAGE && !Thread.currentThread().isInterrupted());
        } finally {
            drain(results, onResult);
        }
    }

    /** Batches of neighbouring keys, whose rows are close to each other in the store, in random order. */
    private static List<List<TallyKey>> shuffledBatches(List<TallyKey> keys) {
        List<List<TallyKey>> batches = new ArrayList<>();
        for (int from = 0; from < keys.size(); from += CLAIM_BATCH) {
            batches.add(keys.subList(from, Math.min(keys.size(), from + CLAIM_BATCH)));
        }
        // servers that start at the same time claim different batches first
        Collections.shuffle(batches);
        return batches;
    }

    private static void drain(Queue<ReportResult> results, Consumer<ReportResult> onResult) {
        for (ReportResult result = results.poll(); result != null; result = results.poll()) {
            onResult.accept(result);
        }
    }

    private void claimAndReport(List<TallyKey> keys, Due due, BoundedExecutor executor, Queue<ReportResult> results) {
        List<TallyKey> remaining = keys;
        while (!remaining.isEmpty() && !Thread.currentThread().isInterrupted()) {
            // the lease starts now and not with the run, which may take hours
            List<Claim> claims = claims(remaining, due.at(clock.instant()));
            Instant claimed = clock.instant();
            for (Claim claim : claims) {
                boolean started = executor.start(size(claim),
                    () -> reportAndSettle(claim, claimed, due).ifPresent(results::add));
                if (!started) {
                    uninterrupted(() -> release(claim, clock.instant()));
                }
            }
            Set<TallyKey> done = claims.stream().map(claim -> claim.tally().key()).collect(Collectors.toSet());
            // without any claim other servers have the rest; with some, a transaction may have been too small for all
            remaining = claims.isEmpty() ? List.of() : remaining.stream().filter(key -> !done.contains(key)).toList();
        }
    }

    /** Claims a batch in one transaction; if that fails, one by one, so that a key that can't be read does not block the others. */
    private List<Claim> claims(List<TallyKey> keys, Due due) {
        try {
            return tallies.claim(keys, due);
        } catch (StorageOutage ofBatch) {
            List<Claim> claims = new ArrayList<>();
            int failures = 0;
            for (int i = 0; i < keys.size() && failures < 2; i++) {
                try {
                    tallies.claim(keys.get(i), due).ifPresent(claims::add);
                } catch (StorageOutage e) {
                    failures++;
                    // the database warns of its outage
                    LOGGER.info("tlsreport domain={} day={}: the store failed, trying again later: {}", keys.get(i).domain(),
                        keys.get(i).day(), e.getMessage());
                }
            }
            return claims;
        }
    }

    private static int size(Claim claim) {
        return 1 + claim.tally().policies().stream().mapToInt(policy -> policy.details().size()).sum() / DETAILS_PER_PERMIT;
    }

    /**
     * Reports one claim and ends it. Never throws. A failure of the store ends the attempt, because a report whose delivery can't be
     * recorded would be sent again.
     */
    private Optional<ReportResult> reportAndSettle(Claim claim, Instant claimed, Due due) {
        TallyKey key = claim.tally().key();
        try {
            if (clock.instant().isAfter(claimed.plus(MAX_WAIT_FOR_PERMIT))) {
                release(claim, clock.instant());
                return Optional.empty();
            }
            ReportResult result = reportOrPostpone(claim, due);
            settle(claim, result);
            log.finished(result);
            return Optional.of(result);
        } catch (StorageOutage e) {
            LOGGER.info("tlsreport domain={} day={}: the store failed, trying again later: {}", key.domain(), key.day(),
                e.getMessage());
            uninterrupted(() -> release(claim, clock.instant().plus(ReportSchedule.retryPause(claim.tries()))));
            return Optional.empty();
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport domain={} day={}: unexpected error, the result may be missing in log and metrics", key.domain(),
                key.day(), e);
            return Optional.empty();
        }
    }

    /** Runs the work with the interrupt flag cleared, because an interrupted thread gets no database connection. */
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

    private void release(Claim claim, Instant notBefore) {
        try {
            tallies.postpone(claim, notBefore);
        } catch (StorageOutage e) {
            LOGGER.debug("tlsreport: a claim could not be released; it ends with its lease", e);
        }
    }

    private void settle(Claim claim, ReportResult result) {
        // an interrupted thread gets no database connection
        boolean interrupted = Thread.interrupted();
        try {
            boolean held = switch (result) {
                case ReportResult.Postponed later -> tallies.postpone(claim,
                    interrupted ? clock.instant()
                        : later.notBefore().orElseGet(() -> clock.instant().plus(ReportSchedule.retryPause(claim.tries()))));
                case ReportResult.PartlySent some -> tallies.postpone(claim, interrupted ? clock.instant() : some.notBefore());
                case ReportResult.NotWanted none -> claimResults.commit(Claim.Result.discarded(claim));
                case ReportResult.Sent done -> claimResults.commit(Claim.Result.settled(claim, done.word()));
                case ReportResult.GivenUp dropped -> claimResults.commit(Claim.Result.settled(claim, dropped.word()));
                case ReportResult.Expired expired -> claimResults.commit(Claim.Result.settled(claim, expired.word()));
                case ReportResult.Faulty faulty ->
                    claimResults.commit(Claim.Result.settled(claim, faulty.word() + ": " + ReportLog.printable(faulty.problems())));
            };
            if (!held) {
                LOGGER.warn("tlsreport domain={} day={}: the lease ended before the report was settled; another server may send it again",
                    claim.tally().key().domain(), claim.tally().key().day());
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Any failure but that of the store postpones the report. */
    private ReportResult reportOrPostpone(Claim claim, Due due) {
        DomainTally tally = claim.tally();
        try {
            return report(claim, due);
        } catch (StorageOutage e) {
            throw e;
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport domain={} day={}: unexpected error", tally.key().domain(), tally.key().day(), e);
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
                Instant retryAt = clock.instant().plus(ReportSchedule.retryPause(claim.tries()));
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

    /**
     * Settings of a run.
     *
     * @param reporters the reporting identities
     * @param guard decides which destinations may get a report
     * @param minSessions minimum number of sessions per day and domain for a report
     * @param archive gets a copy of each report
     */
    public record Settings(Reporters reporters, DestinationGuard guard, int minSessions, Optional<Rua.Mailto> archive) {

        /** Settings with a single reporting identity. */
        public Settings(Reporters.Reporter reporter, DestinationGuard guard, int minSessions, Optional<Rua.Mailto> archive) {
            this(Reporters.one(reporter), guard, minSessions, archive);
        }

        /** Settings without limits and without an archive. */
        public static Settings plain(Reporters.Reporter reporter, MetricFactory metrics, Clock clock) {
            return new Settings(reporter, DestinationGuard.lenient(Counters.of(metrics), clock), 1, Optional.empty());
        }
    }
}
