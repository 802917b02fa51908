package jamestls.tlsrpt.store;

import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.TallyLimits.ByteBudget;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Mutable counters of one day and domain, within {@link TallyLimits}. Equal sessions share their counters. {@link DomainTally} is its
 * immutable snapshot. Not thread-safe.
 */
public final class Tally {

    private static final int TALLY_WEIGHT = 400;
    private static final int POLICY_WEIGHT = 400;
    private static final int STRING_WEIGHT = 60;

    private final TallyKey key;
    private final TallyLimits limits;
    private final ByteBudget budget;
    private final Map<AppliedPolicy, Counts> policies = new HashMap<>();
    private long sessions;
    private long failedSessions;
    private long weight = TALLY_WEIGHT;

    private Tally(TallyKey key, TallyLimits limits, ByteBudget budget) {
        this.key = key;
        this.limits = limits;
        this.budget = budget;
    }

    /** Counters of one policy. */
    private static final class Counts {
        private long successes;
        private long failures;
        private final Map<FailureKey, Long> details = new HashMap<>();
    }

    /** An empty tally, or none if the budget has no memory available. */
    public static Optional<Tally> within(TallyLimits limits, ByteBudget budget, TallyKey key) {
        return budget.take(TALLY_WEIGHT) ? Optional.of(new Tally(key, limits, budget)) : Optional.empty();
    }

    /**
     * Adds a session: one to each policy that was evaluated, and one to each distinct failure.
     *
     * @return number of policies that were dropped because of the limits
     */
    public int add(TlsOutcome outcome) {
        if (outcome.verdicts().size() == 1) {
            PolicyVerdict only = outcome.verdicts().getFirst();
            return add(Map.of(canonical(only.policy()), failures(only, outcome)));
        }
        Map<AppliedPolicy, Set<FailureKey>> byPolicy = new HashMap<>();
        for (PolicyVerdict verdict : outcome.verdicts()) {
            byPolicy.computeIfAbsent(canonical(verdict.policy()), policy -> new HashSet<>()).addAll(failures(verdict, outcome));
        }
        return add(byPolicy);
    }

    /**
     * Adds a session.
     *
     * @param session failures by canonical policy; empty for a policy that was met
     * @return number of policies that were dropped because of the limits
     */
    int add(Map<AppliedPolicy, Set<FailureKey>> session) {
        int dropped = 0;
        boolean failed = false;
        for (Map.Entry<AppliedPolicy, Set<FailureKey>> entry : session.entrySet()) {
            failed |= !entry.getValue().isEmpty();
            Counts counts = countsOf(entry.getKey());
            if (counts == null) {
                dropped++;
            } else if (entry.getValue().isEmpty()) {
                counts.successes++;
            } else {
                counts.failures++;
                // distinct: two failures of one session may be folded into the same entry, and an entry counts sessions
                entry.getValue().stream().map(failure -> entryFor(counts, failure)).distinct()
                    .forEach(failure -> counts.details.merge(failure, 1L, Long::sum));
            }
        }
        if (dropped < session.size()) {
            sessions++;
            failedSessions += failed ? 1 : 0;
        }
        return dropped;
    }

    /**
     * Adds the counts of another tally.
     *
     * @return number of policies that were dropped with their counts because of the limits
     */
    int add(Tally other) {
        int dropped = 0;
        for (Map.Entry<AppliedPolicy, Counts> entry : other.policies.entrySet()) {
            Counts counts = countsOf(entry.getKey());
            if (counts == null) {
                dropped++;
            } else {
                counts.successes += entry.getValue().successes;
                counts.failures += entry.getValue().failures;
                // a folded entry counts sessions and must not exceed their number
                entry.getValue().details.forEach((failure, n) ->
                    counts.details.merge(entryFor(counts, failure), n, (a, b) -> Math.min(a + b, counts.failures)));
            }
        }
        if (dropped < other.policies.size()) {
            sessions += other.sessions;
            failedSessions += other.failedSessions;
        }
        return dropped;
    }

    public TallyKey key() {
        return key;
    }

    public boolean isEmpty() {
        return policies.isEmpty();
    }

    /** Number of sessions, each counted once whatever the number of policies. */
    long sessions() {
        return sessions;
    }

    /** Number of sessions that violated at least one policy. */
    long failedSessions() {
        return failedSessions;
    }

    /** Snapshot of the counters by policy. */
    List<PolicyTally> policies() {
        return policies.entrySet().stream()
            .map(entry -> new PolicyTally(entry.getKey(), entry.getValue().successes, entry.getValue().failures, entry.getValue().details))
            .toList();
    }

    /** Snapshot of all counters as those of a period. */
    DomainTally snapshot(ReportPeriod period, Instant end) {
        return new DomainTally(key, period, end, sessions, failedSessions, policies());
    }

    /** Returns the memory to the budget. Must be the last call. */
    void release() {
        budget.release(weight);
        weight = 0;
    }

    /**
     * Canonical form of a policy, in which equal policies are equal objects. STS: the published lines in their order, without line ends
     * and empty lines, errors included (RFC 8460 §4.5). TLSA: distinct records in lower-case hexadecimal, sorted, because DNS has no order.
     */
    static AppliedPolicy canonical(AppliedPolicy policy) {
        List<String> lines = policy.policyStrings().stream().flatMap(String::lines).filter(line -> !line.isBlank()).toList();
        List<String> strings = policy.type() == PolicyType.TLSA
            ? lines.stream().map(line -> line.toLowerCase(Locale.ROOT)).distinct().sorted().toList()
            : lines;
        return new AppliedPolicy(policy.type(), policy.policyDomain(), strings, policy.mxHosts());
    }

    private static Set<FailureKey> failures(PolicyVerdict verdict, TlsOutcome outcome) {
        return switch (verdict) {
            case PolicyVerdict.Met met -> Set.of();
            case PolicyVerdict.Violated violated -> {
                Set<FailureKey> failures = HashSet.newHashSet(violated.violations().size());
                for (Violation violation : violated.violations()) {
                    failures.add(FailureKey.of(outcome.peer(), violation));
                }
                yield failures;
            }
        };
    }

    private Counts countsOf(AppliedPolicy policy) {
        Counts known = policies.get(policy);
        if (known != null || policies.size() >= limits.policiesPerDomain() || !take(weightOf(policy))) {
            return known;
        }
        Counts fresh = new Counts();
        policies.put(policy, fresh);
        return fresh;
    }

    /** The entry that counts a failure: its own or, at the limit, the folded one of its type. */
    private FailureKey entryFor(Counts counts, FailureKey failure) {
        if (counts.details.containsKey(failure)) {
            return failure;
        }
        boolean fits = counts.details.size() < limits.detailsPerPolicy() && take(failure.weight());
        FailureKey entry = fits ? failure : FailureKey.folded(failure.type());
        counts.details.putIfAbsent(entry, 0L);
        return entry;
    }

    private boolean take(long bytes) {
        boolean reserved = budget.take(bytes);
        weight += reserved ? bytes : 0;
        return reserved;
    }

    private static long weightOf(AppliedPolicy policy) {
        return POLICY_WEIGHT + Stream.concat(policy.policyStrings().stream(), policy.mxHosts().stream())
            .mapToLong(text -> STRING_WEIGHT + text.length())
            .sum();
    }
}
