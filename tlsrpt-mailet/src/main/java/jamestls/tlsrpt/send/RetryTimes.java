package jamestls.tlsrpt.send;

import java.time.Duration;

/** How long what was postponed waits: five minutes, then twice as long each time, at most four hours (RFC 8460 §5.5). */
final class RetryTimes {

    private static final Duration FIRST = Duration.ofMinutes(5);
    private static final int MOST_DOUBLINGS = 6;
    private static final Duration LONGEST = Duration.ofHours(4);

    private RetryTimes() {
    }

    /** @param tries before this one, zero for the first */
    static Duration pauseAfter(int tries) {
        Duration pause = FIRST.multipliedBy(1L << Math.min(tries, MOST_DOUBLINGS));
        return pause.compareTo(LONGEST) > 0 ? LONGEST : pause;
    }
}
