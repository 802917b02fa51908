package jamestls.tlsrpt.send;

import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.ReportId;
import jamestls.tlsrpt.report.Rua;
import jamestls.tlsrpt.store.Claim;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.ReportRecord.Dispatch;
import jamestls.tlsrpt.store.ReportRecord.State;
import jamestls.tlsrpt.store.ReportStore;
import jamestls.tlsrpt.store.TallyKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes one report to its destinations. Each has a state and retries of its own, so one that refuses is tried again while
 * another has the report already, and one that has it never gets it twice (RFC 8460 §5.5).
 */
final class DestinationDispatcher {

    private static final Logger LOGGER = LoggerFactory.getLogger(DestinationDispatcher.class);

    private final ReportStore reports;
    private final GroupCommit<Dispatch, Boolean> beginnings;
    private final GroupCommit<ReportRecord, Boolean> results;
    private final Transports transports;
    private final DestinationGuard guard;
    private final Optional<Rua.Mailto> archive;
    private final Clock clock;

    /** @param archive gets a copy of every report that goes anywhere */
    DestinationDispatcher(ReportStore reports, Transports transports, DestinationGuard guard, Optional<Rua.Mailto> archive, Clock clock) {
        this.reports = reports;
        this.beginnings = new GroupCommit<>(dispatches -> {
            reports.begin(dispatches, clock.instant());
            return Collections.nCopies(dispatches.size(), Boolean.TRUE);
        });
        this.results = new GroupCommit<>(records -> {
            reports.finish(records);
            return Collections.nCopies(records.size(), Boolean.TRUE);
        });
        this.transports = transports;
        this.guard = guard;
        this.archive = archive;
        this.clock = clock;
    }

    /**
     * One round: to each destination that does not have it, is not given up, and whose pause is over.
     *
     * @param files the report, in as many files as it needs
     * @param destinations those denied are written down as given up, so that operators see them
     */
    ReportResult go(Claim claim, List<ReportFile> files, DestinationRules.Ruled destinations, Due due) {
        DomainTally tally = claim.tally();
        List<ReportRecord> known = claim.fresh() ? List.of() : reports.of(tally.key());
        Map<String, ReportRecord> before = known.stream()
            .filter(record -> record.dispatch().part() == tally.part().number())
            .collect(Collectors.toMap(ReportRecord::destination, Function.identity()));
        Optional.ofNullable(before.get(lookup(tally.key()))).filter(record -> !record.isFinal())
            .ifPresent(record -> finish(record.dispatch(), State.ACCEPTED, record.tries(), "found", Optional.empty()));
        Progress progress = new Progress();
        for (ReportFile file : files) {
            for (Rua destination : destinations.allowed()) {
                Dispatch dispatch = dispatch(tally, file, destination);
                progress.note(dispatch.destination(), state(before.get(dispatch.destination()), dispatch, file, destination, due));
            }
            for (Rua.Unusable denied : destinations.denied()) {
                decline(before, dispatch(tally, file, denied), denied.reason());
            }
            archive.ifPresent(copy -> {
                Dispatch dispatch = dispatch(tally, file, copy);
                progress.noteCopy(state(before.get(dispatch.destination()), dispatch, file, copy, due));
            });
        }
        return progress.result(tally);
    }

    /** Writes down why the report waits before any destination is known, so that operators see it. */
    void lookupFailed(Claim claim, ReportId id, String reason, Instant retryAt) {
        DomainTally tally = claim.tally();
        Dispatch dispatch = new Dispatch(tally.key(), tally.part().number(), id.toString(), lookup(tally.key()));
        beginnings.commit(dispatch);
        finish(dispatch, State.REFUSED, claim.tries() + 1, reason, Optional.of(retryAt));
    }

    /** The look-up of a domain's record, as a URI (RFC 4501). */
    private static String lookup(TallyKey key) {
        return "dns:_smtp._tls." + key.domain() + "?type=TXT";
    }

    private void decline(Map<String, ReportRecord> before, Dispatch dispatch, String reason) {
        if (!before.containsKey(dispatch.destination())) {
            beginnings.commit(dispatch);
            finish(dispatch, State.GIVEN_UP, 1, reason, Optional.empty());
        }
    }

    private static Dispatch dispatch(DomainTally tally, ReportFile file, Rua destination) {
        String which = file.report().slice().isWhole() ? "" : " " + file.report().slice();
        return new Dispatch(tally.key(), tally.part().number(), file.report().id().toString(), destination.id() + which);
    }

    private ReportRecord state(ReportRecord before, Dispatch dispatch, ReportFile file, Rua destination, Due due) {
        boolean over = before != null && before.isFinal();
        boolean waits = before != null && before.retryAt().filter(due.postponedUntil()::isBefore).isPresent();
        if (over || waits) {
            return before;
        }
        int tries = before == null ? 1 : before.tries() + 1;
        Optional<ReportTransport.Handover> objection = objection(dispatch, destination);
        if (objection.isPresent() && objection.get() instanceof ReportTransport.Delayed later) {
            return delay(dispatch, tries - 1, later);
        }
        beginnings.commit(dispatch);
        return switch (objection.orElseGet(() -> handOver(file, destination))) {
            case ReportTransport.Accepted done -> {
                if (!isArchive(destination)) {
                    guard.accepted(destination, dispatch.key());
                }
                yield finish(dispatch, State.ACCEPTED, tries, "accepted", Optional.empty());
            }
            case ReportTransport.Delayed later -> delay(dispatch, tries, later);
            case ReportTransport.Rejected never -> finish(dispatch, State.GIVEN_UP, tries, never.reason(), Optional.empty());
            case ReportTransport.Failed no when RetryTimes.isLast(tries) ->
                finish(dispatch, State.GIVEN_UP, tries, "given up after " + tries + " tries: " + no.reason(), Optional.empty());
            case ReportTransport.Failed no ->
                finish(dispatch, State.REFUSED, tries, no.reason(), Optional.of(retryAt(tries, no.retryAfter())));
        };
    }

    private Instant retryAt(int tries, Optional<Duration> retryAfter) {
        // who is interrupted because James stops goes on where it stopped, once James runs again
        return Thread.currentThread().isInterrupted() ? clock.instant()
            : clock.instant().plus(RetryTimes.pauseAfter(tries - 1, retryAfter.orElse(Duration.ZERO)));
    }

    /** The archive is ours: what protects strangers does not apply. */
    private boolean isArchive(Rua destination) {
        return archive.filter(destination::equals).isPresent();
    }

    private Optional<ReportTransport.Handover> objection(Dispatch dispatch, Rua destination) {
        try {
            return isArchive(destination) ? Optional.empty() : guard.objection(destination, dispatch.key());
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport domain={}: unexpected at {}", dispatch.key().domain(), destination.uri(), e);
            return Optional.of(new ReportTransport.Failed("unexpected: " + e));
        }
    }

    /** Over the cap is no try: the report waits for a share, until it is too old. */
    private ReportRecord delay(Dispatch dispatch, int tries, ReportTransport.Delayed later) {
        Instant now = clock.instant();
        Instant lastChance = ReportSchedule.lastChance(dispatch.key());
        Instant retryAt = later.notBefore().isAfter(lastChance) ? lastChance : later.notBefore();
        String reason = ReportLog.printable(later.reason());
        reports.delay(dispatch, reason, retryAt, now);
        if (now.isBefore(lastChance)) {
            return new ReportRecord(dispatch, State.REFUSED, tries, now, Optional.of(retryAt), reason);
        }
        guard.dropped();
        return finish(dispatch, State.GIVEN_UP, tries, "dropped: " + reason, Optional.empty());
    }

    private ReportTransport.Handover handOver(ReportFile file, Rua destination) {
        try {
            return transports.send(file, destination);
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport domain={}: unexpected at {}", file.report().domain(), destination.uri(), e);
            return new ReportTransport.Failed("unexpected: " + e);
        }
    }

    private ReportRecord finish(Dispatch dispatch, State state, int tries, String result, Optional<Instant> retryAt) {
        ReportRecord finished = new ReportRecord(dispatch, state, tries, clock.instant(), retryAt, ReportLog.printable(result));
        results.commit(finished);
        return finished;
    }

    /** How far a report has got, over all its destinations. For one thread. */
    private static final class Progress {

        private final List<String> accepted = new ArrayList<>();
        private final List<String> open = new ArrayList<>();
        private final List<String> givenUp = new ArrayList<>();
        private Optional<Instant> earliest = Optional.empty();

        void note(String destination, ReportRecord record) {
            if (record.state() == State.ACCEPTED) {
                accepted.add(destination);
            } else {
                (record.isFinal() ? givenUp : open).add(destination + " (" + record.result() + ")");
                noteCopy(record);
            }
        }

        /** The operator's own copy says nothing about delivery, but is waited for. */
        void noteCopy(ReportRecord record) {
            if (!record.isFinal()) {
                Instant next = record.retryAt().orElse(record.at());
                earliest = earliest.filter(next::isAfter).or(() -> Optional.of(next));
            }
        }

        ReportResult result(DomainTally tally) {
            String to = String.join(" ", accepted);
            if (earliest.isPresent()) {
                String waiting = open.isEmpty() ? "the copy to the archive is still to come" : String.join(" ", open);
                return accepted.isEmpty()
                    ? new ReportResult.Postponed(tally, waiting, earliest)
                    : new ReportResult.PartlySent(tally, to + "; open: " + waiting, earliest.get());
            }
            return accepted.isEmpty()
                ? new ReportResult.GivenUp(tally, String.join(" ", givenUp))
                : new ReportResult.Sent(tally, to);
        }
    }
}
