package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import jamestls.mtasts.sts.StsPolicies.StoreHealth;
import java.time.Clock;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A store with a memory in front, that never throws. While the store behind is out of order, deliveries go by the memory: no
 * policy this server has used is lost and no mail waits. {@link #settle} brings the store what it missed.
 *
 * <p>Policies come into the memory when they are first asked for, so a start does not read them all. When several servers share
 * the store, the memory may lag behind it: whoever is about to fetch, or about to go without a policy, uses {@link #findAgain}.
 */
final class CachingPolicyStore implements PolicyStore {

    /** More are not written after an outage; the next fetch writes them. */
    private static final int MAX_UNSAVED = 100_000;

    private final MemoryPolicyStore memory;
    private final PolicyStore lasting;
    private final CircuitBreaker outages;
    private final Set<DomainName> unsaved = ConcurrentHashMap.newKeySet();
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

    /** Looks behind the memory, too: another server may have fetched since. */
    Optional<StoredPolicy> findAgain(DomainName domain) {
        outages.ask(() -> lasting.find(domain)).flatMap(found -> found).ifPresent(memory::save);
        return memory.find(domain);
    }

    @Override
    public void save(StoredPolicy policy) {
        memory.save(policy);
        write(policy.domain(), () -> lasting.save(policy));
    }

    /** Reaches the store with the next {@link #settle}: it is written often and hardly ever read. */
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

    /** Looks behind the memory, too. */
    Optional<FetchFailure> findFailureAgain(DomainName domain) {
        outages.ask(() -> lasting.findFailure(domain)).flatMap(found -> found)
            .filter(found -> memory.findFailure(domain).filter(known -> !known.retryAfter().isBefore(found.retryAfter())).isEmpty())
            .ifPresent(found -> memory.saveFailure(domain, found));
        return memory.findFailure(domain);
    }

    /** Always granted during an outage: two servers that fetch the same policy do no harm. */
    @Override
    public boolean claim(DomainName domain, String claimant, Instant now, Instant until) {
        return outages.ask(() -> lasting.claim(domain, claimant, now, until)).orElse(true);
    }

    @Override
    public void release(DomainName domain, String claimant) {
        tell(() -> lasting.release(domain, claimant));
    }

    /** Writes what the store does not have yet. */
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
