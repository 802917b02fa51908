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
 * James's health check of SecureRemoteDelivery: degraded while policies can't be refreshed or stored, bounces fail, or outcomes for the
 * TLS reports can't be stored. The cause names each problem; mail is delivered in all these cases. Rules that hold in
 * place of a policy are named without degrading anything. In healthcheck.properties:
 *
 * <pre>
 * additional.healthchecks=jamestls.mtasts.DeliveryHealthCheck
 * </pre>
 */
public final class DeliveryHealthCheck implements HealthCheck {

    static final ComponentName NAME = new ComponentName("SecureRemoteDelivery");
    private static final int MAX_CAUSE = 1_000;

    private final HealthRegistry health;
    private final TlsOutcomes outcomes;

    @Inject
    public DeliveryHealthCheck(HealthRegistry health, TlsOutcomes outcomes) {
        this.health = health;
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
        List<String> problems = new ArrayList<>(health.problems());
        outcomes.trouble().ifPresent(trouble -> problems.add("TLS outcomes can't be stored for the reports: " + trouble));
        if (!health.isAlive()) {
            problems.add("no SecureRemoteDelivery is running");
        }
        List<String> notes = health.notes();
        if (problems.isEmpty()) {
            // a healthy result of James has no cause, and rules below a demand are to be seen: its name is the one text it has
            return Result.healthy(notes.isEmpty() ? NAME : new ComponentName(bounded(NAME.getName() + ": " + String.join("; ", notes))));
        }
        problems.addAll(notes);
        return Result.degraded(NAME, bounded(String.join("; ", problems)));
    }

    private static String bounded(String text) {
        return text.length() > MAX_CAUSE ? text.substring(0, MAX_CAUSE) + "…" : text;
    }
}
