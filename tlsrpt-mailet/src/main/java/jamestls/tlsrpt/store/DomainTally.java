package jamestls.tlsrpt.store;

import jamestls.outcome.AppliedPolicy;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The counts of one report: what a {@link Claim} hands out and a report is made of. It never changes.
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

    /**
     * The counts of one element of {@code policies} (RFC 8460 §4.2, §4.4).
     *
     * @param policy in canonical form
     * @param successes sessions that did as the policy asks
     * @param failures sessions that did not
     * @param details failures by what they have in common; a session can be under several, so the sum may exceed
     *     {@code failures} (RFC 8460 §4)
     */
    public record PolicyTally(AppliedPolicy policy, long successes, long failures, Map<FailureKey, Long> details) {

        public PolicyTally {
            details = Map.copyOf(details);
        }

        /** The counts of both; they are about the same policy. */
        PolicyTally plus(PolicyTally other) {
            Map<FailureKey, Long> sum = new HashMap<>(details);
            other.details.forEach((what, n) -> sum.merge(what, n, Long::sum));
            return new PolicyTally(policy, successes + other.successes, failures + other.failures, sum);
        }

        /** The same counts with at most {@code most} entries of their own, the most frequent ones; the rest is folded by type. */
        public PolicyTally withDetails(int most) {
            if (details.size() <= most) {
                return this;
            }
            Map<FailureKey, Long> kept = new HashMap<>();
            long[] own = {0};
            details.entrySet().stream()
                .sorted(Map.Entry.<FailureKey, Long>comparingByValue().reversed().thenComparing(entry -> entry.getKey().toString()))
                .forEach(entry -> {
                    boolean keep = !entry.getKey().isFolded() && own[0]++ < most;
                    kept.merge(keep ? entry.getKey() : FailureKey.folded(entry.getKey().type()), entry.getValue(),
                        (a, b) -> Math.min(a + b, failures));
                });
            return new PolicyTally(policy, successes, failures, kept);
        }
    }

    /** The same with fewer failure details for each policy; no count changes. */
    public DomainTally withDetails(int mostPerPolicy) {
        return withPolicies(policies.stream().map(policy -> policy.withDetails(mostPerPolicy)).toList());
    }

    /** The same about those policies only. */
    public DomainTally withPolicies(List<PolicyTally> some) {
        return new DomainTally(key, part, end, sessions, failedSessions, some);
    }
}
