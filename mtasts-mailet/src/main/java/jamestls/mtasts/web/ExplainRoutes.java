package jamestls.mtasts.web;

import jakarta.inject.Inject;
import jamestls.cli.Json;
import jamestls.dns.DomainName;
import jamestls.mtasts.RunningDeliveries;
import jamestls.mtasts.delivery.DryRun;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.net.SanitizedLogger;
import jamestls.web.CrossSiteCheck;
import jamestls.web.RequestLimit;
import java.time.Clock;
import java.time.Duration;
import spark.Service;

/** {@code POST /tls/explain?domain=…}: a delivery without a mail. It connects to the mail hosts of the domain. */
public final class ExplainRoutes extends DeliveryRoutes {

    static final String BASE = "/tls/explain";
    private static final int AT_ONCE = 2;
    private static final int PER_MINUTE = 20;
    private static final Duration TIMEOUT = Duration.ofMinutes(2);
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(ExplainRoutes.class);

    private final RequestLimit limit;

    @Inject
    public ExplainRoutes(RunningDeliveries running, CrossSiteCheck crossSite, Clock clock) {
        super(BASE, running, crossSite);
        this.limit = new RequestLimit(AT_ONCE, PER_MINUTE, TIMEOUT, clock);
    }

    @Override
    public void define(Service service) {
        service.post(BASE, writing((request, response) -> {
            onlyParameters(request, "domain", "connect", "requireTls", "transcript");
            DomainName domain = domain(parameter(request, "domain")
                .orElseThrow(() -> badRequest("The query parameter domain is missing.")));
            DryRun.Connecting connecting = flag(request, "connect", true) ? DryRun.Connecting.YES : DryRun.Connecting.NO;
            SenderTlsRequest asked = flag(request, "requireTls", false) ? SenderTlsRequest.REQUIRED : SenderTlsRequest.AS_POLICY_SAYS;
            boolean transcribed = flag(request, "transcript", false);
            if (transcribed && connecting == DryRun.Connecting.NO) {
                throw badRequest("transcript shows sessions, and connect=false opens none.");
            }
            deliveries();
            LOGGER.info("Explaining a delivery to {}, requested by {}", domain, who(request));
            return limit.run(() -> Json.object("domain", domain.ascii(), "deliveries", explain(domain, asked, connecting, transcribed)));
        }));
    }
}
