package jamestls.tlsrpt.store;

import java.util.List;

/**
 * What is to be added to the counters of one day and domain.
 *
 * @param key the report it belongs to
 * @param sessions how many there were
 * @param failedSessions how many of them fell short of at least one policy
 * @param policies at least one
 */
public record DomainCounts(TallyKey key, long sessions, long failedSessions, List<PolicyTally> policies) {

    public DomainCounts {
        policies = List.copyOf(policies);
    }
}
