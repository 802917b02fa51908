package jamestls.tlsrpt.store;

import jamestls.outcome.AppliedPolicy;
import java.util.Map;
import java.util.Set;

/**
 * What one session adds to the counters.
 *
 * @param key the report it belongs to
 * @param policies each policy that was evaluated, in canonical form, with the failures under it; no failures means that
 *     the session was a success for this policy
 */
public record CountedSession(TallyKey key, Map<AppliedPolicy, Set<FailureKey>> policies) {

    public CountedSession {
        policies = Map.copyOf(policies);
    }

    /** Whether it fell short of any of the policies. */
    public boolean failed() {
        return policies.values().stream().anyMatch(failures -> !failures.isEmpty());
    }
}
