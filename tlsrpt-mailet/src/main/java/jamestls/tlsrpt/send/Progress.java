package jamestls.tlsrpt.send;

import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.ReportRecord.State;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How far a report has got, over all its destinations. Not for several threads. */
final class Progress {

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
