package jamestls.mtasts.web;

import jakarta.inject.Inject;
import jamestls.cli.Json;
import jamestls.dns.DomainName;
import jamestls.mtasts.RunningDeliveries;
import jamestls.mtasts.delivery.DryRun;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.outcome.TlsOutcomes;
import jamestls.web.CrossSiteCheck;
import jamestls.web.RequestLimit;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import spark.Service;

/**
 * {@code GET /tls/domains/{domain}}: the policy in force, DANE for each MX host, rules, held mail and today's sessions. Policies and DNS
 * records are looked up as for a delivery; no mail host is connected to.
 */
public final class DomainRoutes extends DeliveryRoutes {

    static final String BASE = "/tls/domains";
    private static final int AT_ONCE = 4;
    private static final int PER_MINUTE = 120;
    private static final Duration TIMEOUT = Duration.ofSeconds(90);

    private final TlsOutcomes outcomes;
    private final RequestLimit limit;
    private final Clock clock;

    @Inject
    public DomainRoutes(RunningDeliveries running, TlsOutcomes outcomes, CrossSiteCheck crossSite, Clock clock) {
        super(BASE, running, crossSite);
        this.outcomes = outcomes;
        this.clock = clock;
        this.limit = new RequestLimit(AT_ONCE, PER_MINUTE, TIMEOUT, clock);
    }

    @Override
    public void define(Service service) {
        service.get(BASE + "/:domain", reading((request, response) -> {
            onlyParameters(request);
            DomainName domain = domain(request.params("domain"));
            deliveries();
            return limit.run(() -> view(domain));
        }));
    }

    private Map<String, Object> view(DomainName domain) {
        Map<String, Object> view = Json.object("domain", domain.ascii(), "sessionsToday", outcomes.sessionsToday(domain)
            .map(sessions -> Json.object("sessions", sessions.all(), "failed", sessions.failed())).orElse(null));
        view.put("held", held(Optional.of(domain)));
        view.put("rules", running.all().stream().flatMap(outbound -> outbound.rules().show(domain).stream()).distinct()
            .map(entry -> entry.json(clock.instant())).toList());
        view.put("deliveries", explain(domain, SenderTlsRequest.AS_POLICY_SAYS, DryRun.Connecting.NO, false));
        return view;
    }
}
