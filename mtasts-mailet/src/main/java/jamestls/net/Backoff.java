package jamestls.net;

import java.time.Duration;

/**
 * Pauses between the tries of one piece of work: the first one, then twice as long each time, up to a maximum. Immutable.
 *
 * @param first pause before the first retry, positive
 * @param max longest pause, not shorter than {@code first}
 */
public record Backoff(Duration first, Duration max) {

    public Backoff {
        if (first.isNegative() || first.isZero() || max.compareTo(first) < 0) {
            throw new IllegalArgumentException("no pauses from " + first + " to " + max);
        }
    }

    /**
     * The pause before a retry.
     *
     * @param retries number of retries before this one, zero or more
     */
    public Duration pause(int retries) {
        Duration pause = first;
        for (int i = 0; i < retries && pause.compareTo(max) < 0; i++) {
            pause = pause.multipliedBy(2);
        }
        return pause.compareTo(max) > 0 ? max : pause;
    }
}
