package jamestls.tlsrpt.store;

import java.time.Instant;
import java.util.Comparator;
import java.util.Optional;

/**
 * How far one report has got at one destination.
 *
 * @param dispatch which report, which destination
 * @param state how far
 * @param tries how often it was begun
 * @param at when it came to this state
 * @param retryAt not before, where another try is planned
 * @param result "accepted", or why not, in a few words of printable ASCII; empty while it is being sent
 */
public record ReportRecord(Dispatch dispatch, State state, int tries, Instant at, Optional<Instant> retryAt, String result) {

    /**
     * One report and one destination.
     *
     * @param key day and recipient domain
     * @param part number of the day's part
     * @param reportId as it stands in the report; it follows from {@code key} and {@code part}
     * @param destination the URI of the {@code rua} field
     */
    public record Dispatch(TallyKey key, int part, String reportId, String destination) {
    }

    /** From {@link #SENDING} to one of the others; {@link #REFUSED} may become {@link #SENDING} again. */
    public enum State {
        /** Begun. If the one who began it is gone, nobody knows whether the destination has it. */
        SENDING,
        /** The destination has it. Final. */
        ACCEPTED,
        /** The destination does not have it. */
        REFUSED,
        /** It will not be tried any more. Final. */
        GIVEN_UP,
        /** Our own server had taken it, and could not get it to the destination, or it came back from there. Final. */
        LOST
    }

    /** By part, and then by destination. */
    static final Comparator<ReportRecord> BY_PART =
        Comparator.comparing((ReportRecord each) -> each.dispatch().part()).thenComparing(ReportRecord::destination);

    /** Nothing more will be done about it. */
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
