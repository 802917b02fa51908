package jamestls.tlsrpt.store;

import jamestls.tlsrpt.store.ReportRecord.Dispatch;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;

/**
 * What became of reports: the memory of who was told what. Safe for many threads; for one part of a day and domain, only the
 * holder of its {@link Claim} writes.
 *
 * <p>A report is begun before it is handed over and finished after, so that whoever takes over from a dead process sees which
 * destinations have it (leave them alone), which do not, and which may have it: those get it again, under the same report-id
 * (RFC 8460 §5.3 has receivers drop the second), because a report twice does less harm than none.
 */
public interface ReportStore {

    /**
     * Says that it is about to be handed over, and commits that before it returns. One that is final is left as it is.
     *
     * @return what was known before; empty for the first try
     */
    Optional<ReportRecord> begin(Dispatch dispatch, Instant now);

    /** As for one; all of them or, on an exception, none. */
    default void begin(List<Dispatch> dispatches, Instant now) {
        dispatches.forEach(dispatch -> begin(dispatch, now));
    }

    /** It was not tried, and will be later: written down as refused, without another try. One that is final is left as it is. */
    void delay(Dispatch dispatch, String reason, Instant retryAt, Instant now);

    /** What came of it. One that is lost stays so: news of a loss may be faster than that it was handed over. */
    void finish(Dispatch dispatch, ReportRecord.State state, String result, Optional<Instant> retryAt, Instant now);

    /** As for one; all of them or, on an exception, none. */
    default void finish(List<ReportRecord> finished) {
        finished.forEach(each -> finish(each.dispatch(), each.state(), each.result(), each.retryAt(), each.at()));
    }

    /** All that is known about a day and domain, by part and destination. */
    List<ReportRecord> of(TallyKey key);

    /** The last ones, newest first. */
    List<ReportRecord> latest(int most);

    /** Drops whatever is kept about days before {@code firstKept}. */
    void forget(LocalDate firstKept);
}
