package jamestls.tlsrpt.collect;

import jamestls.outcome.TlsOutcome;
import jamestls.tlsrpt.store.Tally;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import jamestls.tlsrpt.store.TallyLimits.ByteBudget;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Outcomes that are committed together, within the limits of memory, and the future for which their deliveries wait. Not thread-safe. */
final class OutcomeGroup {

    private final TallyLimits limits;
    private final ByteBudget budget;
    private final Map<TallyKey, Tally> tallies = new HashMap<>();
    private CompletableFuture<Void> committed = new CompletableFuture<>();
    private int sessions;

    OutcomeGroup(TallyLimits limits) {
        this.limits = limits;
        this.budget = limits.budget();
    }

    /** @return false if the session or one of its policies was dropped because of the limits */
    boolean add(TlsOutcome outcome) {
        TallyKey key = TallyKey.of(outcome);
        Tally tally = tallies.get(key);
        if (tally == null) {
            if (tallies.size() >= limits.domainsPerDay()) {
                return false;
            }
            Optional<Tally> fresh = Tally.within(limits, budget, key);
            if (fresh.isEmpty()) {
                return false;
            }
            tally = fresh.get();
            tallies.put(key, tally);
        }
        boolean all = tally.add(outcome) == 0;
        sessions += all ? 1 : 0;
        return all;
    }

    boolean isEmpty() {
        return tallies.isEmpty();
    }

    /** Number of sessions without dropped policies. */
    int sessions() {
        return sessions;
    }

    /** The tallies sorted by key, because concurrent transactions that update rows in different orders can deadlock. */
    List<Tally> inOrder() {
        return tallies.values().stream().filter(tally -> !tally.isEmpty()).sorted(Comparator.comparing(Tally::key)).toList();
    }

    /** Completes with the commit, or when deliveries should not wait for it. */
    CompletableFuture<Void> committed() {
        return committed;
    }

    /** Ends the wait of all deliveries that wait now. */
    void release() {
        CompletableFuture<Void> released = committed;
        committed = new CompletableFuture<>();
        released.complete(null);
    }
}
