package jamestls.mtasts.sts;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.mtasts.dns.DomainName;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Policies in memory, lost when the server stops. Bounded by weight, so that the bound holds in bytes as well: room for
 * about 100,000 policies of the usual size. Only domains with a policy take room here, so that no number of domains
 * without one can drive a policy out.
 */
public final class MemoryPolicyStore implements PolicyStore {

    /** What a policy of a few lines weighs, in bytes, roughly. */
    private static final int USUAL_WEIGHT = 1000;
    private static final long HEAVIEST = 100_000L * USUAL_WEIGHT;

    private final Cache<DomainName, StoredPolicy> policies;

    public MemoryPolicyStore() {
        this(HEAVIEST);
    }

    MemoryPolicyStore(long heaviest) {
        policies = Caffeine.newBuilder().maximumWeight(heaviest).<DomainName, StoredPolicy>weigher((domain, stored) -> weight(stored))
            .build();
    }

    @Override
    public Optional<StoredPolicy> find(DomainName domain) {
        return Optional.ofNullable(policies.getIfPresent(domain));
    }

    @Override
    public void save(StoredPolicy policy) {
        policies.asMap().merge(policy.domain(), policy, (old, offered) -> old.isNewerThan(offered) ? old : offered);
    }

    @Override
    public void used(DomainName domain, Instant at) {
        policies.asMap().computeIfPresent(domain, (key, stored) -> stored.withLastUsed(at));
    }

    @Override
    public List<StoredPolicy> due(Instant now, Instant usedSince, int limit) {
        return policies.asMap().values().stream()
            .filter(stored -> !stored.refreshAt().isAfter(now) && !stored.lastUsed().isBefore(usedSince) && stored.isValidAt(now))
            .sorted(Comparator.comparing(StoredPolicy::refreshAt))
            .limit(limit)
            .toList();
    }

    @Override
    public void removeExpired(Instant now) {
        policies.asMap().values().removeIf(stored -> !stored.isValidAt(now));
    }

    private static int weight(StoredPolicy stored) {
        int lines = stored.policy().policyStrings().stream().mapToInt(line -> 150 + 2 * line.length()).sum();
        return Math.max(USUAL_WEIGHT, lines);
    }
}
