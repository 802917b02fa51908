package jamestls.tlsrpt;

import jakarta.inject.Inject;
import jamestls.tlsrpt.inbox.Inbox;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.james.core.healthcheck.ComponentName;
import org.apache.james.core.healthcheck.HealthCheck;
import org.apache.james.core.healthcheck.Result;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Mono;

/**
 * James health check of TLS reporting: degraded while sessions can't be stored, reports are overdue, or report mails are unsigned,
 * and on the day of an alarm of TlsReportInbox. Mail delivery is not affected by any of these. Enable it in healthcheck.properties:
 *
 * <pre>
 * additional.healthchecks=jamestls.tlsrpt.ReportingHealthCheck
 * </pre>
 */
public final class ReportingHealthCheck implements HealthCheck {

    static final ComponentName NAME = new ComponentName("TlsReporting");
    private static final int MAX_CAUSE = 1_000;

    private final ReportingService service;
    private final InboxService inbox;

    @Inject
    public ReportingHealthCheck(ReportingService service, InboxService inbox) {
        this.service = service;
        this.inbox = inbox;
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
        List<String> problems = new ArrayList<>(inbox.running().map(Inbox::problems).orElse(List.of()));
        Optional<Reporting> reporting = service.running();
        if (reporting.isPresent()) {
            problems.addAll(reporting.get().problems());
        } else if (inbox.running().isEmpty()) {
            problems.add("no TlsReporting is running");
        }
        String cause = String.join("; ", problems);
        return problems.isEmpty() ? Result.healthy(NAME)
            : Result.degraded(NAME, cause.length() > MAX_CAUSE ? cause.substring(0, MAX_CAUSE) : cause);
    }
}
