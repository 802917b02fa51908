package jamestls.tlsrpt.store;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;

/**
 * Which parts of which days may be claimed.
 *
 * @param lastDay no later day
 * @param now for leases, and the end of a part that is closed in mid-day
 * @param postponedUntil what was postponed to a time after this one waits
 */
public record Due(LocalDate lastDay, Instant now, Instant postponedUntil) {

    private static final Duration LONGER_THAN_ANY_WAIT = Duration.ofDays(400);

    /** Days that are over, and what was postponed only if it waited long enough. */
    public static Due finishedDays(Instant now) {
        return new Due(now.atZone(ZoneOffset.UTC).toLocalDate().minusDays(1), now, now);
    }

    /** That day and earlier ones, and what was postponed of them, however long. */
    public static Due ofDay(LocalDate day, Instant now) {
        return new Due(day, now, now.plus(LONGER_THAN_ANY_WAIT));
    }

    /** All there is, the day so far included. */
    public static Due everything(Instant now) {
        // tomorrow, because another node's clock may be ahead
        return new Due(now.atZone(ZoneOffset.UTC).toLocalDate().plusDays(1), now, now.plus(LONGER_THAN_ANY_WAIT));
    }

    /** The same days and pauses, later: a lease that is taken in the course of a long run begins when it is taken. */
    public Due at(Instant later) {
        return new Due(lastDay, later, postponedUntil);
    }

    /** The end of a lease or pause. One that is further away than any can be was set by a clock that was wrong: it is over. */
    record Expiry(Instant until, Duration longest) {

        static final Duration LEASE = Duration.ofMinutes(20);
        /** Much longer than any, because the clocks of two servers differ, and the one that is behind must not take the lease away. */
        static final Duration MAX_LEASE = Duration.ofDays(1);
        static final Duration MAX_PAUSE = Duration.ofHours(25);
        static final Expiry NONE = new Expiry(Instant.EPOCH, Duration.ZERO);

        boolean isOver(Instant now) {
            return !now.isBefore(until) || until.isAfter(now.plus(longest));
        }
    }
}
