package jamestls.tlsrpt.store;

import jamestls.tlsrpt.store.ReportRecord.Dispatch;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/**
 * Delivery records of reports. Thread-safe; the records of one part of a day are written by the holder of its {@link Claim} only.
 *
 * <p>A record is begun before the report is sent and finished afterwards. So a server that takes over from a crashed one knows which
 * destinations accepted the report, which did not, and for which the result is unknown. The latter get it again under the same
 * report-id; receivers drop duplicates (RFC 8460 §5.3).
 */
public interface ReportStore {

    /**
     * Commits that a report is about to be sent. A final record is not changed.
     *
     * @return the record before this call; empty for the first try
     */
    Optional<ReportRecord> begin(Dispatch dispatch, Instant now);

    /** As {@link #begin(Dispatch, Instant)}, for several reports in one transaction. */
    default void begin(List<Dispatch> dispatches, Instant now) {
        dispatches.forEach(dispatch -> begin(dispatch, now));
    }

    /** Records that a report was not sent and will be tried later; this does not count as a try. A final record is not changed. */
    void delay(Dispatch dispatch, String reason, Instant retryAt, Instant now);

    /** Records the result of a try. A record of state {@code LOST} is not changed, because a bounce may arrive before this call. */
    void finish(Dispatch dispatch, ReportRecord.State state, String result, Optional<Instant> retryAt, Instant now);

    /** As the other {@code finish}, for several reports in one transaction. */
    default void finish(List<ReportRecord> finished) {
        finished.forEach(each -> finish(each.dispatch(), each.state(), each.result(), each.retryAt(), each.at()));
    }

    /** All records of a day and domain, sorted by part and destination. */
    List<ReportRecord> of(TallyKey key);

    /** The latest records, newest first. */
    List<ReportRecord> latest(int limit);

    /** Deletes the records of days before {@code firstKept}. */
    void forget(LocalDate firstKept);
}
