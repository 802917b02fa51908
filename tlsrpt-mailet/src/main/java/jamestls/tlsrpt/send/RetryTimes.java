package jamestls.tlsrpt.send;

import java.time.Duration;

/**
 * Pauses between the tries of a report at one destination: five minutes, then twice as long each time, at most four hours; and for a day
 * after the first try (RFC 8460 §5.5).
 */
final class RetryTimes {

    private static final Duration FIRST = Duration.ofMinutes(5);
    private static final int MAX_DOUBLINGS = 6;
    private static final Duration MAX = Duration.ofHours(4);
    /** A day's report is worth little after a night. */
    private static final Duration MAX_ASKED_FOR = Duration.ofHours(8);
    /** The pauses between them come to 21 hours and a quarter; one more would end after the day. */
    private static final int MAX_TRIES = 11;

    private RetryTimes() {
    }

    /** @param retryAfter what the destination asks for: the pause is not shorter, and at most {@link #MAX_ASKED_FOR} for its sake */
    static Duration pauseAfter(int tries, Duration retryAfter) {
        Duration own = pauseAfter(tries);
        Duration asked = retryAfter.compareTo(MAX_ASKED_FOR) > 0 ? MAX_ASKED_FOR : retryAfter;
        return asked.compareTo(own) > 0 ? asked : own;
    }

    /** @param tries before this one, zero for the first */
    static Duration pauseAfter(int tries) {
        Duration pause = FIRST.multipliedBy(1L << Math.clamp(tries, 0, MAX_DOUBLINGS));
        return pause.compareTo(MAX) > 0 ? MAX : pause;
    }

    /** @param tries up to now */
    static boolean isLast(int tries) {
        return tries >= MAX_TRIES;
    }
}
