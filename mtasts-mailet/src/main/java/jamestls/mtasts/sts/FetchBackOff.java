package jamestls.mtasts.sts;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.DomainName;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * Remembers failed fetches of domains that have no policy in store, so that not every mail makes another one (RFC 8461
 * §3.3: not within five minutes for the same id). A failure of a domain that has one is kept with it. Bounded; a failure
 * forgotten for want of room costs one more fetch.
 */
final class FetchBackOff {

    static final Duration PAUSE = Duration.ofMinutes(5);
    private static final long MAX_DOMAINS = 100_000;

    private final Cache<DomainName, FetchFailure> failures =
        Caffeine.newBuilder().executor(Runnable::run).maximumSize(MAX_DOMAINS).build();

    void remember(DomainName domain, FetchFailure failure) {
        failures.put(domain, failure);
    }

    void forget(DomainName domain) {
        failures.invalidate(domain);
    }

    Optional<FetchFailure> find(DomainName domain) {
        return Optional.ofNullable(failures.getIfPresent(domain));
    }

    void removeOver(Instant now) {
        failures.asMap().values().removeIf(failure -> !now.isBefore(failure.retryAfter()));
    }
}
