package jamestls.tlsrpt.store;

import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;

/**
 * State of one report at one destination.
 *
 * @param dispatch the report and the destination
 * @param state its state
 * @param tries number of tries
 * @param at time of the last change of state
 * @param retryAt earliest time of the next try; empty if none is planned
 * @param result "accepted", or a reason, in printable ASCII; empty while the report is being sent
 */
public record ReportRecord(Dispatch dispatch, State state, int tries, Instant at, Optional<Instant> retryAt, String result) {

    /**
     * One report at one destination.
     *
     * @param key day and recipient domain
     * @param part number of the part of the day
     * @param reportId the report-id
     * @param destination normalized URI from the {@code rua} field
     */
    public record Dispatch(TallyKey key, int part, String reportId, String destination) {
    }

    /** State of a report. {@link #SENDING} becomes one of the others; {@link #REFUSED} can become {@link #SENDING} again. */
    public enum State {
        /** Being sent. If the process died, it is unknown whether the destination accepted the report. */
        SENDING,
        /** The destination accepted the report. Final. */
        ACCEPTED,
        /** The last try failed, or the report was delayed. */
        REFUSED,
        /** The report is not tried any more. Final. */
        GIVEN_UP,
        /** James accepted the report mail and could not deliver it, or it bounced. Final. */
        LOST
    }

    /** Orders by part, then by destination. */
    static final Comparator<ReportRecord> BY_PART =
        Comparator.comparing((ReportRecord each) -> each.dispatch().part()).thenComparing(ReportRecord::destination);

    /** Whether the state is final, so that the report is not tried again. */
    public boolean isFinal() {
        return state == State.ACCEPTED || state == State.GIVEN_UP || state == State.LOST;
    }

    public TallyKey key() {
        return dispatch.key();
    }

    public String reportId() {
        return dispatch.reportId();
    }

    public String destination() {
        return dispatch.destination();
    }
}
