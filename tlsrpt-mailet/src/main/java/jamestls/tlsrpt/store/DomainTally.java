package jamestls.tlsrpt.store;

import java.time.Instant;
import java.util.List;

/**
 * All counts for one report, taken out of the store: whoever holds it is the only one who may report it.
 *
 * @param key day and recipient domain
 * @param part which part of the day, and its first second
 * @param end its last second
 * @param sessions how many sessions there were, each counted once whatever the number of policies
 * @param failedSessions how many of them fell short of at least one policy
 * @param policies at least one
 */
public record DomainTally(TallyKey key, ReportPeriod part, Instant end, long sessions, long failedSessions, List<PolicyTally> policies) {

    public DomainTally {
        policies = List.copyOf(policies);
    }

    /** The same with fewer failure details for each policy; no count changes. */
    public DomainTally withDetails(int mostPerPolicy) {
        return new DomainTally(key, part, end, sessions, failedSessions,
            policies.stream().map(policy -> policy.withDetails(mostPerPolicy)).toList());
    }

    /** The same about those policies only. */
    public DomainTally withPolicies(List<PolicyTally> some) {
        return new DomainTally(key, part, end, sessions, failedSessions, some);
    }
}
