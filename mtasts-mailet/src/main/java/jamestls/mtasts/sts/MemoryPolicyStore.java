package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.StoredPolicy.MAX_SKEW;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.DomainName;
import java.time.Clock;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.stream.Stream;

/**
 * Policies in memory, lost when the server stops. Bounded in bytes: about 80,000 policies of the usual size, and a separate part for
 * large ones, so that large policies can't evict many small ones. Domains without a policy are not stored, so they can't evict one.
 */
public final class MemoryPolicyStore implements PolicyStore {

    /** The approximate size of a usual policy, in bytes. */
    private static final int USUAL_WEIGHT = 1000;
    private static final long MAX_WEIGHT = 100_000L * USUAL_WEIGHT;
    /** The size from which a policy is large, in bytes. */
    private static final int LARGE = 8 * USUAL_WEIGHT;

    private final Clock clock;
    private final Cache<DomainName, StoredPolicy> usual;
    private final Cache<DomainName, StoredPolicy> large;
    private final FetchBackOff backOff = new FetchBackOff();
    /** Bounded by the running fetches, each of which releases its claim. */
    private final ConcurrentMap<DomainName, Claim> claims = new ConcurrentHashMap<>();

    private record Claim(String claimant, Instant until) {
    }

    public MemoryPolicyStore() {
        this(Clock.systemUTC());
    }

    MemoryPolicyStore(Clock clock) {
        this(MAX_WEIGHT, clock);
    }

    /** @param maxWeight in bytes, a fifth of it for large policies */
    MemoryPolicyStore(long maxWeight, Clock clock) {
        this.clock = clock;
        usual = cache(maxWeight - maxWeight / 5);
        large = cache(maxWeight / 5);
    }

    private static Cache<DomainName, StoredPolicy> cache(long maxWeight) {
        return Caffeine.newBuilder().executor(Runnable::run).maximumWeight(maxWeight)
            .<DomainName, StoredPolicy>weigher((domain, stored) -> weight(stored)).build();
    }

    private Stream<StoredPolicy> all() {
        return Stream.concat(usual.asMap().values().stream(), large.asMap().values().stream());
    }

    @Override
    public Optional<StoredPolicy> find(DomainName domain) {
        StoredPolicy found = usual.getIfPresent(domain);
        return Optional.ofNullable(found == null ? large.getIfPresent(domain) : found);
    }

    @Override
    public void save(StoredPolicy policy) {
        Cache<DomainName, StoredPolicy> own = weight(policy) > LARGE ? large : usual;
        Cache<DomainName, StoredPolicy> other = own == large ? usual : large;
        StoredPolicy moved = other.asMap().remove(policy.domain());
        Instant now = clock.instant();
        StoredPolicy newest = moved != null && moved.isNewerThan(policy, now) ? moved : policy;
        (newest == policy ? own : other).asMap().merge(policy.domain(), newest,
            (old, offered) -> old.isNewerThan(offered, now) ? old : offered);
        backOff.forget(policy.domain());
    }

    @Override
    public void used(Map<DomainName, Instant> lastUses) {
        lastUses.forEach((domain, at) -> {
            usual.asMap().computeIfPresent(domain, (key, stored) -> stored.withLastUsed(at));
            large.asMap().computeIfPresent(domain, (key, stored) -> stored.withLastUsed(at));
        });
    }

    @Override
    public List<StoredPolicy> due(Instant now, Instant usedSince, int limit) {
        return all()
            .filter(stored -> stored.isDueAt(now.toEpochMilli()) && !stored.lastUsed().isBefore(usedSince) && stored.isValidAt(now))
            .sorted(Comparator.comparing(StoredPolicy::refreshAt))
            .limit(limit)
            .toList();
    }

    @Override
    public void removeExpired(Instant now) {
        usual.asMap().values().removeIf(stored -> !stored.isValidAt(now));
        large.asMap().values().removeIf(stored -> !stored.isValidAt(now));
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
            old == null || old.claimant().equals(claimant) || !now.isBefore(old.until()) || old.until().isAfter(until.plus(MAX_SKEW))
                ? new Claim(claimant, until) : old);
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
