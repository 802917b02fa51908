package jamestls.tlsrpt.send;

import jamestls.net.SanitizedLogger;
import jamestls.rua.Rua;
import jamestls.storage.GroupCommit;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.ReportId;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Sends one report to all its destinations. Each destination has its own state and retries, so that a refusal by one does not affect
 * the others and no destination gets a report again that it accepted (RFC 8460 §5.5).
 */
final class DestinationDispatcher {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(DestinationDispatcher.class);

    private final ReportStore reports;
    private final GroupCommit<Dispatch, Boolean> attemptCommits;
    private final GroupCommit<ReportRecord, Boolean> resultCommits;
    private final ReportTransport.ByScheme transports;
    private final DestinationGuard guard;
    private final Optional<Rua.Mailto> archive;
    private final Clock clock;

    /** @param archive gets a copy of every report that is sent */
    DestinationDispatcher(ReportStore reports, ReportTransport.ByScheme transports, DestinationGuard guard, Optional<Rua.Mailto> archive,
        Clock clock) {
        this.reports = reports;
        this.attemptCommits = GroupCommit.writing("tlsreport-commit", dispatches -> reports.begin(dispatches, clock.instant()));
        this.resultCommits = GroupCommit.writing("tlsreport-commit", reports::finish);
        this.transports = transports;
        this.guard = guard;
        this.archive = archive;
        this.clock = clock;
    }

    /**
     * Tries each destination once, unless it has accepted the report, was given up, or has to wait for its next try.
     *
     * @param files the report, in one or several files
     * @param destinations the denied ones are recorded as given up, so that operators see them
     */
    ReportResult send(Claim claim, List<ReportFile> files, DestinationRules.Ruled destinations, Due due) {
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
                progress.note(dispatch.destination(), attempt(before.get(dispatch.destination()), dispatch, file, destination, due));
            }
            for (Rua.Unusable denied : destinations.denied()) {
                recordDenied(before, dispatch(tally, file, denied), denied.reason());
            }
            archive.ifPresent(copy -> {
                Dispatch dispatch = dispatch(tally, file, copy);
                progress.noteCopy(attempt(before.get(dispatch.destination()), dispatch, file, copy, due));
            });
        }
        return progress.result(tally);
    }

    /** Records a failed lookup of the TLSRPT record, so that operators see why the report waits. */
    void lookupFailed(Claim claim, ReportId id, String reason, Instant retryAt) {
        DomainTally tally = claim.tally();
        Dispatch dispatch = new Dispatch(tally.key(), tally.part().number(), id.toString(), lookup(tally.key()));
        attemptCommits.commit(dispatch);
        finish(dispatch, State.REFUSED, claim.tries() + 1, reason, Optional.of(retryAt));
    }

    /** The lookup of a domain's TLSRPT record, as a DNS URI (RFC 4501). */
    private static String lookup(TallyKey key) {
        return "dns:_smtp._tls." + key.domain() + "?type=TXT";
    }

    private void recordDenied(Map<String, ReportRecord> before, Dispatch dispatch, String reason) {
        if (!before.containsKey(dispatch.destination())) {
            attemptCommits.commit(dispatch);
            finish(dispatch, State.GIVEN_UP, 1, reason, Optional.empty());
        }
    }

    private static Dispatch dispatch(DomainTally tally, ReportFile file, Rua destination) {
        String which = file.report().slice().isWhole() ? "" : " " + file.report().slice();
        return new Dispatch(tally.key(), tally.part().number(), file.report().id().toString(), destination.id() + which);
    }

    private ReportRecord attempt(ReportRecord before, Dispatch dispatch, ReportFile file, Rua destination, Due due) {
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
        attemptCommits.commit(dispatch);
        return switch (objection.orElseGet(() -> handOver(file, destination))) {
            case ReportTransport.Accepted done -> {
                if (!isArchive(destination)) {
                    guard.accepted(destination, dispatch.key());
                }
                yield finish(dispatch, State.ACCEPTED, tries, "accepted", Optional.empty());
            }
            case ReportTransport.Delayed later -> delay(dispatch, tries, later);
            case ReportTransport.Rejected never -> finish(dispatch, State.GIVEN_UP, tries, never.reason(), Optional.empty());
            case ReportTransport.Failed no when ReportSchedule.isLastTry(tries) ->
                finish(dispatch, State.GIVEN_UP, tries, "given up after " + tries + " tries: " + no.reason(), Optional.empty());
            case ReportTransport.Failed no ->
                finish(dispatch, State.REFUSED, tries, no.reason(), Optional.of(retryAt(tries, no.retryAfter())));
        };
    }

    private Instant retryAt(int tries, Optional<Duration> retryAfter) {
        // interrupted by a shutdown: the next start of James may retry at once
        return Thread.currentThread().isInterrupted() ? clock.instant()
            : clock.instant().plus(ReportSchedule.retryPause(tries - 1, retryAfter.orElse(Duration.ZERO)));
    }

    /** Whether it is the operator's own archive, to which limits and rules for destinations do not apply. */
    private boolean isArchive(Rua destination) {
        return archive.filter(destination::equals).isPresent();
    }

    private Optional<ReportTransport.Handover> objection(Dispatch dispatch, Rua destination) {
        try {
            return isArchive(destination) ? Optional.empty() : guard.objection(destination, dispatch.key());
        } catch (RuntimeException | Error e) {
            LOGGER.error("tlsreport domain={}: unexpected error with destination {}", dispatch.key().domain(), destination.uri(), e);
            return Optional.of(new ReportTransport.Failed("unexpected: " + e));
        }
    }

    /** Delays a report over the daily limit of its host. This does not count as a try; the report is dropped when it is too old. */
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
            LOGGER.error("tlsreport domain={}: unexpected error with destination {}", file.report().domain(), destination.uri(), e);
            return new ReportTransport.Failed("unexpected: " + e);
        }
    }

    private ReportRecord finish(Dispatch dispatch, State state, int tries, String result, Optional<Instant> retryAt) {
        ReportRecord finished = new ReportRecord(dispatch, state, tries, clock.instant(), retryAt, ReportLog.printable(result));
        resultCommits.commit(finished);
        return finished;
    }

    /** Collects the states of all destinations of one report. Not thread-safe. */
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

        /** Notes the state of the archive copy: it is not part of the result, but the report stays open until it is sent. */
        void noteCopy(ReportRecord record) {
            if (!record.isFinal()) {
                Instant next = record.retryAt().orElse(record.at());
                earliest = earliest.filter(next::isAfter).or(() -> Optional.of(next));
            }
        }

        ReportResult result(DomainTally tally) {
            String to = String.join(" ", accepted);
            if (earliest.isPresent()) {
                String waiting = open.isEmpty() ? "the copy to the archive is not sent yet" : String.join(" ", open);
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
