package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import jamestls.mtasts.sts.StsPolicies.StoreHealth;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A memory cache in front of a policy store; never throws. While the store fails, deliveries use the cache: no policy that this server
 * has used is lost, and no mail waits. {@link #settle} writes what the store has missed.
 *
 * <p>Policies are cached when they are first used, so a start does not read them all. When several servers share the store, the cache
 * may be older than the store: before a fetch, and before a delivery without policy, {@link #findAgain} reads the store. What other servers
 * have fetched is cached by {@link #readNews}, so that an outage of the store does not hide their policies.
 */
final class CachingPolicyStore implements PolicyStore {

    /** The most policies written after an outage; further ones are written by their next fetch. */
    private static final int MAX_UNSAVED = 100_000;

    /** Some 20 MB. */
    private static final int MAX_NEWS = 25_000;
    private static final Duration NEWS_OVERLAP = Duration.ofMinutes(2);

    private final MemoryPolicyStore memory;
    private final PolicyStore lasting;
    private final CircuitBreaker outages;
    private final Set<DomainName> unsaved = ConcurrentHashMap.newKeySet();
    private volatile Instant newsReadUntil = Instant.EPOCH;
    private final Map<DomainName, Instant> lastUses = new ConcurrentHashMap<>();

    CachingPolicyStore(PolicyStore lasting, Clock clock) {
        this.memory = new MemoryPolicyStore(clock);
        this.lasting = lasting;
        this.outages = new CircuitBreaker(clock);
    }

    StoreHealth health() {
        Optional<CircuitBreaker.Outage> outage = outages.current();
        return new StoreHealth(outage.map(CircuitBreaker.Outage::since), outage.map(CircuitBreaker.Outage::why).orElse(""), unsaved.size());
    }

    @Override
    public Optional<StoredPolicy> find(DomainName domain) {
        Optional<StoredPolicy> remembered = memory.find(domain);
        return remembered.isPresent() ? remembered : findAgain(domain);
    }

    /**
     * The policy if it is valid; one that is due to be refreshed may have been, by another server.
     *
     * @param now in milliseconds since 1970
     */
    Optional<StoredPolicy> findValid(DomainName domain, long now) {
        Optional<StoredPolicy> remembered = memory.find(domain);
        if (remembered.isPresent() && !remembered.get().isDueAt(now) && remembered.get().isValidAt(now)) {
            return remembered;
        }
        return findAgain(domain).filter(stored -> stored.isValidAt(now));
    }

    /** Reads the store as well, because another server may have fetched the policy. */
    Optional<StoredPolicy> findAgain(DomainName domain) {
        outages.ask(() -> lasting.find(domain)).flatMap(found -> found).ifPresent(memory::save);
        return memory.find(domain);
    }

    @Override
    public void save(StoredPolicy policy) {
        memory.save(policy);
        write(policy.domain(), () -> lasting.save(policy));
    }

    /** Noted in memory; {@link #settle} writes it, because it changes often and is read rarely. */
    @Override
    public void used(Map<DomainName, Instant> uses) {
        memory.used(uses);
        lastUses.putAll(uses);
    }

    @Override
    public List<StoredPolicy> due(Instant now, Instant usedSince, int limit) {
        return outages.ask(() -> lasting.due(now, usedSince, limit)).orElseGet(() -> memory.due(now, usedSince, limit));
    }

    @Override
    public void removeExpired(Instant now) {
        memory.removeExpired(now);
        tell(() -> lasting.removeExpired(now));
    }

    @Override
    public void saveFailure(DomainName domain, FetchFailure failure) {
        memory.saveFailure(domain, failure);
        write(domain, () -> lasting.saveFailure(domain, failure));
    }

    @Override
    public Optional<FetchFailure> findFailure(DomainName domain) {
        return memory.findFailure(domain);
    }

    /** Reads the store as well. */
    Optional<FetchFailure> findFailureAgain(DomainName domain) {
        outages.ask(() -> lasting.findFailure(domain)).flatMap(found -> found)
            .filter(found -> memory.findFailure(domain).filter(known -> !known.retryAfter().isBefore(found.retryAfter())).isEmpty())
            .ifPresent(found -> memory.saveFailure(domain, found));
        return memory.findFailure(domain);
    }

    /** Granted during an outage, because a second fetch of the same policy is harmless. */
    @Override
    public boolean claim(DomainName domain, String claimant, Instant now, Instant until) {
        return outages.ask(() -> lasting.claim(domain, claimant, now, until)).orElse(true);
    }

    @Override
    public void release(DomainName domain, String claimant) {
        tell(() -> lasting.release(domain, claimant));
    }

    /** Caches what servers that share the store have fetched since the last call; at the first, the policies used last. */
    void readNews(Instant now) {
        outages.ask(() -> lasting.fetchedSince(newsReadUntil, now, MAX_NEWS)).ifPresent(news -> {
            news.forEach(memory::save);
            // a transaction may have taken this long
            newsReadUntil = now.minus(NEWS_OVERLAP);
        });
    }

    /** Writes everything that the store has missed. */
    void settle() {
        Map<DomainName, Instant> uses = new HashMap<>(lastUses);
        if (!uses.isEmpty() && tell(() -> lasting.used(uses))) {
            uses.forEach(lastUses::remove);
        }
        for (DomainName domain : unsaved) {
            Optional<StoredPolicy> policy = memory.find(domain);
            Optional<FetchFailure> failure = memory.findFailure(domain);
            write(domain, () -> {
                policy.ifPresent(lasting::save);
                failure.ifPresent(found -> lasting.saveFailure(domain, found));
            });
            if (outages.current().isPresent()) {
                return;
            }
        }
    }

    private void write(DomainName domain, Runnable change) {
        if (tell(change)) {
            unsaved.remove(domain);
        } else if (unsaved.size() < MAX_UNSAVED) {
            unsaved.add(domain);
        }
    }

    private boolean tell(Runnable change) {
        return outages.ask(() -> {
            change.run();
            return Boolean.TRUE;
        }).isPresent();
    }
}
