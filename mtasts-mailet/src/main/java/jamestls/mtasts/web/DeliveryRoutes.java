package jamestls.mtasts.web;

import jamestls.cli.Json;
import jamestls.dns.DomainName;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.RunningDeliveries;
import jamestls.mtasts.cli.Explanation;
import jamestls.mtasts.delivery.DryRun;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.web.AdminRoutes;
import jamestls.web.CrossSiteCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.james.webadmin.utils.ErrorResponder.ErrorType;

/** Routes about the deliveries that run in this server. */
abstract class DeliveryRoutes extends AdminRoutes {

    private final RunningDeliveries running;

    DeliveryRoutes(String basePath, RunningDeliveries running, CrossSiteCheck crossSite) {
        super(basePath, crossSite);
        this.running = running;
    }

    /**
     * The running deliveries, at least one.
     *
     * @throws spark.HaltException with status 503 if none has started: webadmin may start before the mailets
     */
    final List<Outbound> deliveries() {
        List<Outbound> all = running.all();
        if (all.isEmpty()) {
            throw error(503, ErrorType.WRONG_STATE, "No SecureRemoteDelivery has started in this server.");
        }
        return all;
    }

    /** One object for each delivery: its queue, and what {@code explain --json} prints, without the look-ups. */
    final List<Map<String, Object>> explain(DomainName domain, SenderTlsRequest request, DryRun.Connecting connecting) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Outbound outbound : deliveries()) {
            Map<String, Object> one = Json.object("queue", outbound.settings().delivery().queue());
            one.putAll(Explanation.ofRunning(outbound, domain, request, connecting).json());
            one.remove("lookUps");
            one.remove("domain");
            all.add(one);
        }
        return all;
    }
}
