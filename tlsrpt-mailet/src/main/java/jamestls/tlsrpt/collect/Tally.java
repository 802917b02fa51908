package jamestls.tlsrpt.collect;

import jamestls.mtasts.outcome.AppliedPolicy;
import jamestls.mtasts.outcome.Peer;
import jamestls.mtasts.outcome.PolicyVerdict;
import jamestls.mtasts.outcome.TlsOutcome;
import jamestls.mtasts.outcome.TlsOutcomeSink;
import jamestls.tlsrpt.store.CountedSession;
import jamestls.tlsrpt.store.FailureKey;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyStore;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.james.metrics.api.Metric;
import org.apache.james.metrics.api.MetricFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Folds outcomes into the counters of the UTC day in which each session ended (RFC 8460 §4.1). It runs on the delivery's
 * own thread, so it waits for nothing; what finds no room is dropped and counted.
 */
public final class Tally implements TlsOutcomeSink {

    private static final Logger LOGGER = LoggerFactory.getLogger(Tally.class);

    private final TallyStore store;
    private final Metric recorded;
    private final Metric dropped;
    private final AtomicReference<LocalDate> warned = new AtomicReference<>();

    public Tally(TallyStore store, MetricFactory metrics) {
        this.store = store;
        this.recorded = metrics.generate("tlsOutcomesRecorded");
        this.dropped = metrics.generate("tlsOutcomesDropped");
    }

    @Override
    public void record(List<TlsOutcome> outcomes) {
        if (outcomes.isEmpty()) {
            return;
        }
        int lost = store.add(outcomes.stream().map(Tally::fold).toList());
        recorded.add(outcomes.size() - lost);
        if (lost > 0) {
            dropped.add(lost);
            warnOnceADay(outcomes.getFirst());
        }
    }

    /** One session counts once for each policy, and once for each different failure, however often a verdict names them. */
    static CountedSession fold(TlsOutcome outcome) {
        Map<AppliedPolicy, Set<FailureKey>> policies = new HashMap<>();
        for (PolicyVerdict verdict : outcome.verdicts()) {
            policies.computeIfAbsent(CanonicalPolicy.of(verdict.policy()), policy -> new HashSet<>())
                .addAll(failures(verdict, outcome.peer()));
        }
        LocalDate day = outcome.at().atZone(ZoneOffset.UTC).toLocalDate();
        return new CountedSession(new TallyKey(day, outcome.recipientDomain()), policies);
    }

    private static List<FailureKey> failures(PolicyVerdict verdict, Peer peer) {
        return switch (verdict) {
            case PolicyVerdict.Met met -> List.of();
            case PolicyVerdict.Violated violated ->
                violated.violations().stream().map(violation -> FailureKey.of(peer, violation)).toList();
        };
    }

    private void warnOnceADay(TlsOutcome first) {
        LocalDate day = first.at().atZone(ZoneOffset.UTC).toLocalDate();
        if (!day.equals(warned.getAndSet(day))) {
            LOGGER.warn("tlsreport domain={} day={} result=dropped: no room for more domains or policies, see metric tlsOutcomesDropped",
                first.recipientDomain(), day);
        }
    }
}
