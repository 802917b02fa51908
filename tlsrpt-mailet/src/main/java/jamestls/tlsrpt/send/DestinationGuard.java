package jamestls.tlsrpt.send;

import jamestls.tlsrpt.report.Rua;
import jamestls.tlsrpt.send.Counters.Counter;
import jamestls.tlsrpt.store.DestinationStore;
import jamestls.tlsrpt.store.MemoryDestinationStore;
import jamestls.tlsrpt.store.TallyKey;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Stands between what strangers' records name and what we send to: the operator's rules, a cap for each host and day, and
 * mailboxes that turned out to be dead (RFC 8460 §7). Each objection has a counter.
 */
public final class DestinationGuard {

    private final DestinationRules rules;
    private final DailyCap cap;
    private final SuppressionList dead;
    private final Counter denied;
    private final Counter replaced;
    private final Counter overCap;
    private final Counter dropped;
    private final Counter leftAlone;

    /** @param mostPerHost reports that a host may get on one UTC day, where nothing else is known about it */
    public DestinationGuard(DestinationRules rules, int mostPerHost, DestinationStore store, SuppressionList dead, Counters counters,
                            Clock clock) {
        this.rules = rules;
        this.cap = new DailyCap(mostPerHost, store, clock);
        this.dead = dead;
        this.denied = counters.named("tlsReportDestinationsDenied");
        this.replaced = counters.named("tlsReportDestinationsReplaced");
        this.overCap = counters.named("tlsReportDestinationsOverCap");
        this.dropped = counters.named("tlsReportDestinationsDropped");
        this.leftAlone = counters.named("tlsReportDestinationsLeftAlone");
    }

    /** Without rules, and without a cap that anything would reach. */
    public static DestinationGuard lenient(Counters counters, Clock clock) {
        DestinationRules rules = DestinationRules.parse("", Set.of());
        DestinationStore store = new MemoryDestinationStore();
        return new DestinationGuard(rules, Integer.MAX_VALUE - 1, store, new SuppressionList(store, clock), counters, clock);
    }

    /** Applies the rules, and counts what they changed. */
    DestinationRules.Ruled rule(List<Rua> destinations) {
        DestinationRules.Ruled ruled = rules.rule(destinations);
        denied.add(ruled.denied().size());
        replaced.add((int) ruled.allowed().stream().filter(each -> !destinations.contains(each)).count());
        return ruled;
    }

    /** Writes down what hosts got so far today. */
    public void save() {
        cap.save();
    }

    /** The host accepted a report about {@code key}. */
    void accepted(Rua destination, TallyKey key) {
        DestinationRules.host(destination).ifPresent(host -> cap.accepted(host, key.domain()));
    }

    /** A report that waited for its share is not sent at all. */
    void dropped() {
        dropped.increment();
    }

    /**
     * The last look before a report goes.
     *
     * @param key what it is about
     * @return what keeps it from going, or empty, and then it counts for the cap
     */
    Optional<ReportTransport.Handover> objection(Rua destination, TallyKey key) {
        Optional<String> isDead = destination instanceof Rua.Mailto mailto ? dead.objection(mailto.address()) : Optional.empty();
        if (isDead.isPresent()) {
            leftAlone.increment();
            return Optional.of(new ReportTransport.Rejected(isDead.get()));
        }
        Optional<ReportTransport.Handover> delayed =
            DestinationRules.host(destination).flatMap(host -> cap.take(host, key.domain(), ReportSchedule.lastChance(key)));
        overCap.add(delayed.isPresent() ? 1 : 0);
        return delayed;
    }
}
