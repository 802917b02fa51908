package jamestls.tlsrpt;

import jakarta.inject.Inject;
import java.util.List;
import org.apache.james.core.healthcheck.ComponentName;
import org.apache.james.core.healthcheck.HealthCheck;
import org.apache.james.core.healthcheck.Result;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/**
 * How the TLS reports do: degraded while sessions can't be stored, or reports of a day that is over are late. No mail waits for
 * either. In healthcheck.properties:
 *
 * <pre>
 * additional.healthchecks=jamestls.tlsrpt.ReportingHealthCheck
 * </pre>
 */
public final class ReportingHealthCheck implements HealthCheck {

    static final ComponentName NAME = new ComponentName("TlsReporting");
    private static final int MAX_CAUSE = 1_000;

    private final ReportingService service;

    @Inject
    public ReportingHealthCheck(ReportingService service) {
        this.service = service;
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
        List<String> problems = service.running().map(Reporting::problems).orElse(List.of("no TlsReporting runs"));
        String cause = String.join("; ", problems);
        return problems.isEmpty() ? Result.healthy(NAME)
            : Result.degraded(NAME, cause.length() > MAX_CAUSE ? cause.substring(0, MAX_CAUSE) : cause);
    }
}
