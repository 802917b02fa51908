package jamestls.tlsrpt.store;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;

/**
 * Selects the parts that may be claimed.
 *
 * @param lastDay last day to report
 * @param now start of leases, and end of a part that is closed before the end of its day
 * @param postponedUntil parts that are postponed to a later time are left out
 */
public record Due(LocalDate lastDay, Instant now, Instant postponedUntil) {

    private static final Duration LONGER_THAN_ANY_WAIT = Duration.ofDays(400);

    /** Days that have ended, without parts that are postponed. */
    public static Due finishedDays(Instant now) {
        return new Due(now.atZone(ZoneOffset.UTC).toLocalDate().minusDays(1), now, now);
    }

    /** That day and earlier ones, including postponed parts. */
    public static Due ofDay(LocalDate day, Instant now) {
        return new Due(day, now, now.plus(LONGER_THAN_ANY_WAIT));
    }

    /** All parts, including the current day and postponed ones. */
    public static Due everything(Instant now) {
        // tomorrow, because the clock of another server may be ahead
        return new Due(now.atZone(ZoneOffset.UTC).toLocalDate().plusDays(1), now, now.plus(LONGER_THAN_ANY_WAIT));
    }

    /** The same selection with leases that start later. */
    public Due at(Instant later) {
        return new Due(lastDay, later, postponedUntil);
    }

    /** The end of a lease or pause. An end further away than the maximum was set with a wrong clock and is treated as past. */
    record Expiry(Instant until, Duration longest) {

        static final Duration LEASE = Duration.ofMinutes(20);
        /** Much longer than a lease, because a server whose clock is behind must not treat it as past. */
        static final Duration MAX_LEASE = Duration.ofDays(1);
        static final Duration MAX_PAUSE = Duration.ofHours(25);
        static final Expiry NONE = new Expiry(Instant.EPOCH, Duration.ZERO);

        boolean isOver(Instant now) {
            return !now.isBefore(until) || until.isAfter(now.plus(longest));
        }
    }
}
