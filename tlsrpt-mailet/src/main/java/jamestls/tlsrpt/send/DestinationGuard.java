package jamestls.tlsrpt.send;

import jamestls.rua.Rua;
import jamestls.tlsrpt.send.Counters.Counter;
import jamestls.tlsrpt.store.DestinationStore;
import jamestls.tlsrpt.store.MemoryDestinationStore;
import jamestls.tlsrpt.store.TallyKey;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides whether a destination from a TLSRPT record may get a report: applies the operator's rules, the daily limit of each host, and
 * the list of suppressed addresses (RFC 8460 §7). Each kind of objection has a metric.
 */
public final class DestinationGuard {

    private final DestinationRules rules;
    private final DailyCap cap;
    private final SuppressionList suppressions;
    private final Counter denied;
    private final Counter replaced;
    private final Counter overCap;
    private final Counter dropped;
    private final Counter suppressed;

    /** @param maxPerHost reports per host and UTC day, before the limit grows (see {@link DailyCap}) */
    public DestinationGuard(DestinationRules rules, int maxPerHost, DestinationStore store, SuppressionList suppressions,
                            Counters counters, Clock clock) {
        this.rules = rules;
        this.cap = new DailyCap(maxPerHost, store, clock);
        this.suppressions = suppressions;
        this.denied = counters.named("tlsReportDestinationsDenied");
        this.replaced = counters.named("tlsReportDestinationsReplaced");
        this.overCap = counters.named("tlsReportDestinationsOverCap");
        this.dropped = counters.named("tlsReportDestinationsDropped");
        this.suppressed = counters.named("tlsReportDestinationsLeftAlone");
    }

    /** A guard without rules and practically without a daily limit. */
    public static DestinationGuard lenient(Counters counters, Clock clock) {
        DestinationRules rules = DestinationRules.parse("", Set.of());
        DestinationStore store = new MemoryDestinationStore();
        return new DestinationGuard(rules, Integer.MAX_VALUE - 1, store, new SuppressionList(store, clock), counters, clock);
    }

    /** Applies the operator's rules and counts the denied and replaced destinations. */
    DestinationRules.Ruled rule(List<Rua> destinations) {
        DestinationRules.Ruled ruled = rules.rule(destinations);
        denied.add(ruled.denied().size());
        replaced.add((int) ruled.allowed().stream().filter(each -> !destinations.contains(each)).count());
        return ruled;
    }

    /** Saves today's counts of reports per host. */
    public void save() {
        cap.save();
    }

    /** Notes that the host accepted a report about {@code key}. */
    void accepted(Rua destination, TallyKey key) {
        DestinationRules.host(destination).ifPresent(host -> cap.accepted(host, key.domain()));
    }

    /** Counts a report that was never sent because of the daily limit. */
    void dropped() {
        dropped.increment();
    }

    /**
     * Checks suppression and daily limit right before a report is sent.
     *
     * @param key what the report is about
     * @return why it must not be sent now; empty if it may, and then it counts towards the daily limit
     */
    Optional<ReportTransport.Handover> objection(Rua destination, TallyKey key) {
        Optional<String> objection =
            destination instanceof Rua.Mailto mailto ? suppressions.objection(mailto.address()) : Optional.empty();
        if (objection.isPresent()) {
            suppressed.increment();
            return Optional.of(new ReportTransport.Rejected(objection.get()));
        }
        Optional<ReportTransport.Handover> delayed =
            DestinationRules.host(destination).flatMap(host -> cap.take(host, key.domain(), ReportSchedule.lastChance(key)));
        overCap.add(delayed.isPresent() ? 1 : 0);
        return delayed;
    }
}
