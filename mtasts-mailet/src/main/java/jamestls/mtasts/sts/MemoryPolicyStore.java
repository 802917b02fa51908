package jamestls.mtasts.sts;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.DomainName;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

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
    private final FetchBackOff backOff = new FetchBackOff();
    /** No more than there are fetches under way: who claims releases. */
    private final ConcurrentMap<DomainName, Claim> claims = new ConcurrentHashMap<>();

    private record Claim(String claimant, Instant until) {
    }

    public MemoryPolicyStore() {
        this(HEAVIEST);
    }

    MemoryPolicyStore(long heaviest) {
        policies = Caffeine.newBuilder().executor(Runnable::run).maximumWeight(heaviest)
            .<DomainName, StoredPolicy>weigher((domain, stored) -> weight(stored)).build();
    }

    @Override
    public Optional<StoredPolicy> find(DomainName domain) {
        return Optional.ofNullable(policies.getIfPresent(domain));
    }

    @Override
    public void save(StoredPolicy policy) {
        policies.asMap().merge(policy.domain(), policy, (old, offered) -> old.isNewerThan(offered) ? old : offered);
        backOff.forget(policy.domain());
    }

    @Override
    public void used(Map<DomainName, Instant> lastUses) {
        lastUses.forEach((domain, at) -> policies.asMap().computeIfPresent(domain, (key, stored) -> stored.withLastUsed(at)));
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
        backOff.removeOver(now);
    }

    @Override
    public void saveFailure(DomainName domain, FetchFailure failure) {
        backOff.remember(domain, failure);
    }

    @Override
    public Optional<FetchFailure> findFailure(DomainName domain) {
        return backOff.find(domain);
    }

    @Override
    public boolean claim(DomainName domain, String claimant, Instant now, Instant until) {
        Claim holder = claims.compute(domain, (key, old) ->
            old == null || old.claimant().equals(claimant) || !now.isBefore(old.until()) ? new Claim(claimant, until) : old);
        return holder.claimant().equals(claimant);
    }

    @Override
    public void release(DomainName domain, String claimant) {
        claims.computeIfPresent(domain, (key, claim) -> claim.claimant().equals(claimant) ? null : claim);
    }

    private static int weight(StoredPolicy stored) {
        int lines = stored.policy().policyStrings().stream().mapToInt(line -> 150 + 2 * line.length()).sum();
        return Math.max(USUAL_WEIGHT, lines);
    }
}
