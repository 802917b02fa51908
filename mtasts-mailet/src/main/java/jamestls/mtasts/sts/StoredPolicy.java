package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * The stored state of one domain's policy.
 *
 * @param domain the policy domain
 * @param id the TXT id under which it was fetched
 * @param policy as fetched; a store keeps {@link StsPolicy#text()}
 * @param times when it was fetched, checked and used, and is to be refreshed
 * @param failure the last fetch, if it failed
 */
public record StoredPolicy(DomainName domain, String id, StsPolicy policy, Times times, Optional<FetchFailure> failure) {

    /**
     * The times of a stored policy.
     *
     * @param fetched the last successful fetch, from which {@code max_age} counts
     * @param checked the last fetch, successful or not, or the last time one was due and there was no TXT record
     * @param used the last delivery that used it, to the hour
     * @param refresh when to refresh it in the background
     */
    public record Times(Instant fetched, Instant checked, Instant used, Instant refresh) {
    }

    /** The tolerated difference of the clocks of servers that share a store. */
    static final Duration MAX_SKEW = Duration.ofMinutes(10);
    /** Twice the longest time to the next refresh. */
    static final Duration MAX_REFRESH = Duration.ofDays(2);

    static StoredPolicy fetched(DomainName domain, String id, StsPolicy policy, Instant now, Instant lastUsed, Instant refreshAt) {
        return new StoredPolicy(domain, id, policy, new Times(now, now, lastUsed, refreshAt), Optional.empty());
    }

    public Instant fetched() {
        return times.fetched();
    }

    public Instant lastChecked() {
        return times.checked();
    }

    public Instant lastUsed() {
        return times.used();
    }

    public Instant refreshAt() {
        return times.refresh();
    }

    /** When the policy expires (RFC 8461 §3.2, max_age). */
    public Instant expires() {
        return fetched().plus(policy.maxAge());
    }

    /** Whether the policy is valid now. Never for {@code max_age} 0, nor for one fetched in the future, with a wrong clock. */
    public boolean isValidAt(Instant now) {
        return isValidAt(now.toEpochMilli());
    }

    /** @param now in milliseconds since 1970, without an object because every delivery calls this */
    boolean isValidAt(long now) {
        return now < fetched().toEpochMilli() + policy.maxAge().toMillis() && fetched().toEpochMilli() <= now + MAX_SKEW.toMillis();
    }

    /** Whether a refresh is due; also if {@code refreshAt} is later than any schedule allows, because of a wrong clock. */
    boolean isDueAt(long now) {
        return now >= refreshAt().toEpochMilli() || refreshAt().toEpochMilli() > now + MAX_REFRESH.toMillis();
    }

    /** Whether it was fetched under this id and no fetch has failed since. */
    boolean isCurrent(String publishedId) {
        return id.equals(publishedId) && failure.isEmpty();
    }

    /**
     * Whether this was fetched or checked more recently than the other one. Times in the future come from a wrong clock and lose.
     */
    public boolean isNewerThan(StoredPolicy other, Instant now) {
        Instant latest = now.plus(MAX_SKEW);
        if (fetched().isAfter(latest) || lastChecked().isAfter(latest)) {
            return false;
        }
        return fetched().equals(other.fetched()) ? lastChecked().isAfter(other.lastChecked()) : fetched().isAfter(other.fetched());
    }

    public StoredPolicy withLastUsed(Instant now) {
        return new StoredPolicy(domain, id, policy, new Times(fetched(), lastChecked(), now, refreshAt()), failure);
    }

    StoredPolicy withRefreshAt(Instant next) {
        return new StoredPolicy(domain, id, policy, new Times(fetched(), lastChecked(), lastUsed(), next), failure);
    }

    StoredPolicy withFailure(FetchFailure problem, Instant now, Instant nextRefresh) {
        return new StoredPolicy(domain, id, policy, new Times(fetched(), now, lastUsed(), nextRefresh), Optional.of(problem));
    }
}
