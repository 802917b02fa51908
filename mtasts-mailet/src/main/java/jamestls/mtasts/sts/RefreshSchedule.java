package jamestls.mtasts.sts;

import java.time.Duration;
import java.time.Instant;
import java.util.random.RandomGenerator;

/**
 * When a policy is fetched again before anybody asks (RFC 8461 §3.3, §10.2). The time within the day cannot be foreseen, so
 * that nobody can block just that moment, and the policies of one busy hour do not come due together.
 *
 * @param interval the longest time between two refreshes; a policy is refreshed after half of it to all of it, and always
 *     within the first half of its {@code max_age}
 * @param usedWithin domains no mail went to for longer are left alone
 * @param random where the unforeseeable comes from
 */
public record RefreshSchedule(Duration interval, Duration usedWithin, RandomGenerator random) {

    /** A policy that lives shorter than this is fetched when it is needed: no owner can make us poll without end. */
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

    /** When to try again after a refresh that failed now: in half an hour to an hour. */
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
