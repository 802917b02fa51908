package jamestls.mtasts.sts;

import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/**
 * When a policy is refreshed in the background (RFC 8461 §3.3, §10.2). The time within the day is random, so that an attacker can't
 * block just that moment, and the policies of a busy hour are not due together.
 *
 * @param interval the longest time between two refreshes; a policy is refreshed after half of it to all of it, and always
 *     within the first half of its {@code max_age}
 * @param usedWithin policies of domains without mail for longer are not refreshed
 * @param random the source of randomness
 */
public record RefreshSchedule(Duration interval, Duration usedWithin, RandomGenerator random) {

    /** Policies with a shorter life are fetched only when needed, so that no owner can cause endless polling. */
    private static final Duration MIN = Duration.ofHours(1);
    private static final Duration RETRY = Duration.ofHours(1);

    public RefreshSchedule {
        if (interval.compareTo(MIN) < 0 || usedWithin.isNegative()) {
            throw new IllegalArgumentException("refresh every " + interval + " for " + usedWithin);
        }
    }

    /** Once a day, for domains used in the last 30 days. */
    public static RefreshSchedule daily(RandomGenerator random) {
        return daily(Duration.ofDays(30), random);
    }

    /** Once a day, for domains used within that time. */
    public static RefreshSchedule daily(Duration usedWithin, RandomGenerator random) {
        return new RefreshSchedule(Duration.ofDays(1), usedWithin, random);
    }

    /** When to refresh a policy that was fetched now. */
    Instant afterFetch(Instant now, Duration maxAge) {
        Duration longest = shorter(interval, maxAge.dividedBy(2));
        Duration delay = between(longest.dividedBy(2), longest);
        return now.plus(delay.compareTo(MIN) < 0 ? MIN : delay);
    }

    /** When to retry a refresh that failed now: in half an hour to an hour. */
    Instant afterFailure(Instant now) {
        return now.plus(between(RETRY.dividedBy(2), RETRY));
    }

    private Duration between(Duration least, Duration most) {
        return least.plusMillis((long) (random.nextDouble() * most.minus(least).toMillis()));
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
