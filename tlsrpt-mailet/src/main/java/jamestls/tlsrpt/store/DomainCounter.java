package jamestls.tlsrpt.store;

import jamestls.outcome.AppliedPolicy;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Counts the sessions of one day and domain. Not safe for several threads: its owner lets in one at a time. */
final class DomainCounter {

    private static final int POLICY_WEIGHT = 400;
    private static final int STRING_WEIGHT = 60;

    private final TallyLimits limits;
    private final ByteBudget budget;
    private final Map<AppliedPolicy, PolicyCounter> policies = new HashMap<>();
    private long sessions;
    private long failedSessions;
    private long weight;

    DomainCounter(TallyLimits limits, ByteBudget budget) {
        this.limits = limits;
        this.budget = budget;
    }

    /** @return how many of the session's policies found no room */
    int add(CountedSession session) {
        int dropped = 0;
        for (Map.Entry<AppliedPolicy, Set<FailureKey>> entry : session.policies().entrySet()) {
            PolicyCounter counter = counterFor(entry.getKey());
            if (counter == null) {
                dropped++;
            } else if (entry.getValue().isEmpty()) {
                counter.successes++;
            } else {
                counter.failures++;
                // distinct, because two failures of one session may end up in the same folded entry, which counts sessions
                entry.getValue().stream().map(failure -> roomFor(counter, failure)).distinct()
                    .forEach(failure -> counter.details.merge(failure, 1L, Long::sum));
            }
        }
        if (dropped < session.policies().size()) {
            sessions++;
            failedSessions += session.failed() ? 1 : 0;
        }
        return dropped;
    }

    /** @return how many of the policies found no room; their counts are left out */
    int merge(DomainCounts counts) {
        int dropped = 0;
        for (PolicyTally policy : counts.policies()) {
            PolicyCounter counter = counterFor(policy.policy());
            if (counter == null) {
                dropped++;
            } else {
                counter.successes += policy.successes();
                counter.failures += policy.failures();
                // a folded entry counts sessions, so it can't exceed them
                policy.details().forEach((failure, count) ->
                    counter.details.merge(roomFor(counter, failure), count, (a, b) -> Math.min(a + b, counter.failures)));
            }
        }
        if (dropped < counts.policies().size()) {
            sessions += counts.sessions();
            failedSessions += counts.failedSessions();
        }
        return dropped;
    }

    boolean isEmpty() {
        return policies.isEmpty();
    }

    DomainCounts counts(TallyKey key) {
        return new DomainCounts(key, sessions, failedSessions,
            policies.entrySet().stream().map(entry -> entry.getValue().snapshot(entry.getKey())).toList());
    }

    /** Gives back the memory it was granted; nothing may be added afterwards. */
    void release() {
        budget.giveBack(weight);
        weight = 0;
    }

    private PolicyCounter counterFor(AppliedPolicy policy) {
        PolicyCounter known = policies.get(policy);
        if (known != null || policies.size() >= limits.policiesPerDomain() || !grant(weightOf(policy))) {
            return known;
        }
        PolicyCounter fresh = new PolicyCounter();
        policies.put(policy, fresh);
        return fresh;
    }

    /** The entry under which a failure is counted: its own, or the folded one, which needs no room because there are few. */
    private FailureKey roomFor(PolicyCounter counter, FailureKey failure) {
        if (counter.details.containsKey(failure)) {
            return failure;
        }
        boolean room = counter.details.size() < limits.detailsPerPolicy() && grant(failure.weight());
        FailureKey key = room ? failure : FailureKey.folded(failure.type());
        counter.details.putIfAbsent(key, 0L);
        return key;
    }

    private boolean grant(long bytes) {
        boolean granted = budget.take(bytes);
        weight += granted ? bytes : 0;
        return granted;
    }

    private static long weightOf(AppliedPolicy policy) {
        return POLICY_WEIGHT + Stream.concat(policy.policyStrings().stream(), policy.mxHosts().stream())
            .mapToLong(text -> STRING_WEIGHT + text.length())
            .sum();
    }

    private static final class PolicyCounter {
        private long successes;
        private long failures;
        private final Map<FailureKey, Long> details = new HashMap<>();

        PolicyTally snapshot(AppliedPolicy policy) {
            return new PolicyTally(policy, successes, failures, details);
        }
    }
}
