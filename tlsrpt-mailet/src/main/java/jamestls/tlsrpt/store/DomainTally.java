package jamestls.tlsrpt.store;

import jamestls.outcome.AppliedPolicy;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Counts of one report. Immutable.
 *
 * @param key day and recipient domain
 * @param part number of the part of the day, and its first second
 * @param end last second of the part
 * @param sessions number of sessions, each counted once whatever the number of policies
 * @param failedSessions number of sessions that violated at least one policy
 * @param policies counts by policy, at least one
 */
public record DomainTally(TallyKey key, ReportPeriod part, Instant end, long sessions, long failedSessions, List<PolicyTally> policies) {

    public DomainTally {
        policies = List.copyOf(policies);
    }

    /**
     * Counts of one element of {@code policies} (RFC 8460 §4.2, §4.4).
     *
     * @param policy the policy in canonical form
     * @param successes number of sessions that met the policy
     * @param failures number of sessions that violated the policy
     * @param details number of sessions by failure; a session can have several failures, so the sum may exceed {@code failures}
     *     (RFC 8460 §4)
     */
    public record PolicyTally(AppliedPolicy policy, long successes, long failures, Map<FailureKey, Long> details) {

        public PolicyTally {
            details = Map.copyOf(details);
        }

        /** The sum of two counts of the same policy. */
        PolicyTally plus(PolicyTally other) {
            Map<FailureKey, Long> sum = new HashMap<>(details);
            other.details.forEach((failure, n) -> sum.merge(failure, n, Long::sum));
            return new PolicyTally(policy, successes + other.successes, failures + other.failures, sum);
        }

        /** The same counts with the {@code limit} most frequent failures; the others are folded into one entry per result type. */
        public PolicyTally withDetails(int limit) {
            if (details.size() <= limit) {
                return this;
            }
            Map<FailureKey, Long> kept = new HashMap<>();
            long[] own = {0};
            details.entrySet().stream()
                .sorted(Map.Entry.<FailureKey, Long>comparingByValue().reversed().thenComparing(entry -> entry.getKey().toString()))
                .forEach(entry -> {
                    boolean keep = !entry.getKey().isFolded() && own[0]++ < limit;
                    kept.merge(keep ? entry.getKey() : FailureKey.folded(entry.getKey().type()), entry.getValue(),
                        (a, b) -> Math.min(a + b, failures));
                });
            return new PolicyTally(policy, successes, failures, kept);
        }
    }

    /** The same counts with fewer failure details per policy. */
    public DomainTally withDetails(int limitPerPolicy) {
        return withPolicies(policies.stream().map(policy -> policy.withDetails(limitPerPolicy)).toList());
    }

    /** The same report with other policies. */
    public DomainTally withPolicies(List<PolicyTally> replacement) {
        return new DomainTally(key, part, end, sessions, failedSessions, replacement);
    }
}
