package jamestls.mtasts;

import jakarta.inject.Inject;
import jamestls.outcome.TlsOutcomes;
import java.util.ArrayList;
import java.util.List;
import org.apache.james.core.healthcheck.ComponentName;
import org.apache.james.core.healthcheck.HealthCheck;
import org.apache.james.core.healthcheck.Result;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/**
 * How secure delivery does: degraded while policies can't be refreshed or kept, or outcomes for the TLS reports can't be
 * stored. Mail goes on in all these cases; what is in danger is said in the cause. In healthcheck.properties:
 *
 * <pre>
 * additional.healthchecks=jamestls.mtasts.DeliveryHealthCheck
 * </pre>
 */
public final class DeliveryHealthCheck implements HealthCheck {

    static final ComponentName NAME = new ComponentName("SecureRemoteDelivery");
    private static final int LONGEST_CAUSE = 1_000;

    private final Vitals vitals;
    private final TlsOutcomes outcomes;

    @Inject
    public DeliveryHealthCheck(Vitals vitals, TlsOutcomes outcomes) {
        this.vitals = vitals;
        this.outcomes = outcomes;
    }

    @Override
    public ComponentName componentName() {
        return NAME;
    }

    @Override
    public Publisher<Result> check() {
        return Mono.fromSupplier(this::now);
    }

    private Result now() {
        List<String> troubles = new ArrayList<>(vitals.troubles());
        outcomes.trouble().ifPresent(trouble -> troubles.add("TLS outcomes can't be stored for the reports: " + trouble));
        if (!vitals.isAlive()) {
            troubles.add("no SecureRemoteDelivery runs");
        }
        String cause = String.join("; ", troubles);
        return troubles.isEmpty() ? Result.healthy(NAME)
            : Result.degraded(NAME, cause.length() > LONGEST_CAUSE ? cause.substring(0, LONGEST_CAUSE) + "…" : cause);
    }
}
