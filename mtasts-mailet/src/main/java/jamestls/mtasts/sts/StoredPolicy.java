package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
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

    static StoredPolicy fetched(DomainName domain, String id, StsPolicy policy, Instant now, Instant lastUsed, Instant refreshAt) {
        return new StoredPolicy(domain, id, policy, now, now, lastUsed, refreshAt, Optional.empty());
    }

    /** From then on it must not be used (RFC 8461 §3.2, max_age). */
    public Instant expires() {
        return fetched.plus(policy.maxAge());
    }

    /** A policy with {@code max_age} 0 never is. */
    public boolean isValidAt(Instant now) {
        return isValidAt(now.toEpochMilli());
    }

    /** @param now in milliseconds since 1970: every delivery asks, and need not leave an object behind */
    boolean isValidAt(long now) {
        return now < fetched.toEpochMilli() + policy.maxAge().toMillis();
    }

    /** Whether it was fetched under this id, and nothing has gone wrong since: there is nothing to do about it. */
    boolean isCurrent(String publishedId) {
        return id.equals(publishedId) && failure.isEmpty();
    }

    /** Whether this knows more recent things than the other one. */
    public boolean isNewerThan(StoredPolicy other) {
        return fetched.equals(other.fetched) ? lastChecked.isAfter(other.lastChecked) : fetched.isAfter(other.fetched);
    }

    public StoredPolicy withLastUsed(Instant now) {
        return new StoredPolicy(domain, id, policy, fetched, lastChecked, now, refreshAt, failure);
    }

    StoredPolicy withFailure(FetchFailure problem, Instant now, Instant nextRefresh) {
        return new StoredPolicy(domain, id, policy, fetched, now, lastUsed, nextRefresh, Optional.of(problem));
    }
}
