package jamestls.tlsrpt.store;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Sessions on their way to a {@link TallyStore}, added up in memory so that a thousand sessions of one domain take the room of
 * one, however long the store is away. Not safe for several threads: its owner lets in one at a time.
 */
public final class PendingCounts {

    private static final int DOMAIN_WEIGHT = 400;

    private final TallyLimits limits;
    private final ByteBudget budget;
    private final Map<TallyKey, DomainCounter> domains = new HashMap<>();
    private int sessions;

    public PendingCounts(TallyLimits limits) {
        this.limits = limits;
        this.budget = new ByteBudget(limits.bytes());
    }

    /** @return false if it found, wholly or for one of its policies, no room */
    public boolean add(CountedSession session) {
        DomainCounter counter = domains.get(session.key());
        if (counter == null) {
            if (domains.size() >= limits.domainsPerDay() || !budget.take(DOMAIN_WEIGHT)) {
                return false;
            }
            counter = new DomainCounter(limits, budget);
            domains.put(session.key(), counter);
        }
        boolean all = counter.add(session) == 0;
        sessions += all ? 1 : 0;
        return all;
    }

    public boolean isEmpty() {
        return domains.isEmpty();
    }

    /** How many sessions were added and found room for all their policies. */
    public int sessions() {
        return sessions;
    }

    /** What was added, sorted by key. */
    public List<DomainCounts> counts() {
        return domains.entrySet().stream()
            .filter(entry -> !entry.getValue().isEmpty())
            .map(entry -> entry.getValue().counts(entry.getKey()))
            .sorted((a, b) -> a.key().compareTo(b.key()))
            .toList();
    }
}
