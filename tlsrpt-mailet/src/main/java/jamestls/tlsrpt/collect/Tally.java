package jamestls.tlsrpt.collect;

import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.Peer;
import jamestls.outcome.PolicyVerdict;
import jamestls.outcome.TlsOutcome;
import jamestls.tlsrpt.store.CountedSession;
import jamestls.tlsrpt.store.FailureKey;
import jamestls.tlsrpt.store.TallyKey;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What an outcome counts: in the UTC day in which the session ended (RFC 8460 §4.1), under each policy. */
final class Tally {

    private Tally() {
    }

    /** One session counts once for each policy, and once for each different failure, however often a verdict names them. */
    static CountedSession fold(TlsOutcome outcome) {
        Map<AppliedPolicy, Set<FailureKey>> policies = new HashMap<>();
        for (PolicyVerdict verdict : outcome.verdicts()) {
            policies.computeIfAbsent(CanonicalPolicy.of(verdict.policy()), policy -> new HashSet<>())
                .addAll(failures(verdict, outcome.peer()));
        }
        LocalDate day = outcome.at().atZone(ZoneOffset.UTC).toLocalDate();
        return new CountedSession(new TallyKey(day, outcome.recipientDomain(), outcome.sendingDomain()), policies);
    }

    private static List<FailureKey> failures(PolicyVerdict verdict, Peer peer) {
        return switch (verdict) {
            case PolicyVerdict.Met met -> List.of();
            case PolicyVerdict.Violated violated ->
                violated.violations().stream().map(violation -> FailureKey.of(peer, violation)).toList();
        };
    }
}
