package jamestls.tlsrpt.send;

import jamestls.tlsrpt.report.Rua;
import jamestls.tlsrpt.send.Counters.Counter;
import jamestls.tlsrpt.store.DestinationStore;
import jamestls.tlsrpt.store.MemoryDestinationStore;
import java.time.Clock;
import java.util.ArrayList;
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
    private final Counter leftAlone;

    /** @param mostPerHost reports that a host may get on one UTC day */
    public DestinationGuard(DestinationRules rules, int mostPerHost, DestinationStore store, SuppressionList dead, Counters counters,
                            Clock clock) {
        this.rules = rules;
        this.cap = new DailyCap(mostPerHost, store, clock);
        this.dead = dead;
        this.denied = counters.named("tlsReportDestinationsDenied");
        this.replaced = counters.named("tlsReportDestinationsReplaced");
        this.overCap = counters.named("tlsReportDestinationsOverCap");
        this.leftAlone = counters.named("tlsReportDestinationsLeftAlone");
    }

    /** Without rules, and without a cap that anything would reach. */
    public static DestinationGuard lenient(Counters counters, Clock clock) {
        DestinationRules rules = DestinationRules.parse("", Set.of());
        DestinationStore store = new MemoryDestinationStore();
        return new DestinationGuard(rules, Integer.MAX_VALUE - 1, store, new SuppressionList(store, clock), counters, clock);
    }

    /**
     * What the rules leave.
     *
     * @param go where reports may go
     * @param denied the others, each with the reason
     */
    public record Ruled(List<Rua> go, List<Rua.Unusable> denied) {
    }

    /** Applies the rules. */
    public Ruled rule(List<Rua> destinations) {
        List<Rua> go = new ArrayList<>();
        List<Rua.Unusable> refused = new ArrayList<>();
        for (Rua destination : destinations) {
            Rua after = rules.apply(destination);
            if (after instanceof Rua.Unusable unusable) {
                refused.add(unusable);
                denied.increment();
            } else if (!go.contains(after)) {
                go.add(after);
                replaced.add(after.equals(destination) ? 0 : 1);
            }
        }
        return new Ruled(go, refused);
    }

    /** Writes down what hosts got so far today. */
    public void save() {
        cap.save();
    }

    /** The last look before a report goes. @return what keeps it from going, or empty, and then it counts for the cap */
    Optional<ReportTransport.Handover> objection(Rua destination) {
        Optional<String> isDead = destination instanceof Rua.Mailto mailto ? dead.objection(mailto.address()) : Optional.empty();
        if (isDead.isPresent()) {
            leftAlone.increment();
            return Optional.of(new ReportTransport.Declined(isDead.get()));
        }
        return DestinationRules.host(destination).filter(host -> !cap.take(host)).map(host -> {
            overCap.increment();
            return new ReportTransport.Refused(host + " had its " + cap.most() + " reports for today");
        });
    }
}
