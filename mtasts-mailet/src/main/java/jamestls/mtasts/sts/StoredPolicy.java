package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * All we keep about the policy of one domain.
 *
 * @param domain the policy domain
 * @param id the TXT id under which it was fetched
 * @param policy as fetched; a store keeps {@link StsPolicy#text()}
 * @param fetched the last successful fetch: {@code max_age} counts from here
 * @param lastChecked the last fetch, successful or not, or the last time one was due and there was no TXT record to go by
 * @param lastUsed the last delivery that asked for it, to the hour
 * @param refreshAt when to fetch it again unasked
 * @param failure the last fetch, if that went wrong
 */
public record StoredPolicy(DomainName domain, String id, StsPolicy policy, Instant fetched, Instant lastChecked,
                           Instant lastUsed, Instant refreshAt, Optional<FetchFailure> failure) {

    /** How far the clocks of servers that share a store may be apart. */
    static final Duration MAX_SKEW = Duration.ofMinutes(10);
    /** Twice the longest time to the next refresh. */
    static final Duration MAX_REFRESH = Duration.ofDays(2);

    static StoredPolicy fetched(DomainName domain, String id, StsPolicy policy, Instant now, Instant lastUsed, Instant refreshAt) {
        return new StoredPolicy(domain, id, policy, now, now, lastUsed, refreshAt, Optional.empty());
    }

    /** From then on it must not be used (RFC 8461 §3.2, max_age). */
    public Instant expires() {
        return fetched.plus(policy.maxAge());
    }

    /** A policy with {@code max_age} 0 never is, nor one that was fetched in the future, when a clock was wrong. */
    public boolean isValidAt(Instant now) {
        return isValidAt(now.toEpochMilli());
    }

    /** @param now in milliseconds since 1970: every delivery asks, and need not leave an object behind */
    boolean isValidAt(long now) {
        return now < fetched.toEpochMilli() + policy.maxAge().toMillis() && fetched.toEpochMilli() <= now + MAX_SKEW.toMillis();
    }

    /** Also when {@code refreshAt} is later than any schedule says, because it was set while a clock was wrong. */
    boolean isDueAt(long now) {
        return now >= refreshAt.toEpochMilli() || refreshAt.toEpochMilli() > now + MAX_REFRESH.toMillis();
    }

    /** Whether it was fetched under this id, and nothing has gone wrong since: there is nothing to do about it. */
    boolean isCurrent(String publishedId) {
        return id.equals(publishedId) && failure.isEmpty();
    }

    /**
     * Whether this knows more recent things than the other one. What lies in the future was noted by a wrong clock, and anything is
     * better.
     */
    public boolean isNewerThan(StoredPolicy other, Instant now) {
        Instant latest = now.plus(MAX_SKEW);
        if (fetched.isAfter(latest) || lastChecked.isAfter(latest)) {
            return false;
        }
        return fetched.equals(other.fetched) ? lastChecked.isAfter(other.lastChecked) : fetched.isAfter(other.fetched);
    }

    public StoredPolicy withLastUsed(Instant now) {
        return new StoredPolicy(domain, id, policy, fetched, lastChecked, now, refreshAt, failure);
    }

    StoredPolicy withRefreshAt(Instant next) {
        return new StoredPolicy(domain, id, policy, fetched, lastChecked, lastUsed, next, failure);
    }

    StoredPolicy withFailure(FetchFailure problem, Instant now, Instant nextRefresh) {
        return new StoredPolicy(domain, id, policy, fetched, now, lastUsed, nextRefresh, Optional.of(problem));
    }
}
