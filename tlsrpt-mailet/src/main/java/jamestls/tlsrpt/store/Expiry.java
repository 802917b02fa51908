package jamestls.tlsrpt.store;

import java.time.Duration;
import java.time.Instant;

/** Until an instant, but not longer than the longest there is: a clock that was set back must not freeze anything. */
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
