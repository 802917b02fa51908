package jamestls.mtasts.web;

import jamestls.cli.Json;
import jamestls.dns.DomainName;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.RunningDeliveries;
import jamestls.mtasts.cli.Explanation;
import jamestls.mtasts.cli.Transcript;
import jamestls.mtasts.delivery.DryRun;
import jamestls.mtasts.held.HeldGroup;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.web.AdminRoutes;
import jamestls.web.CrossSiteCheck;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.james.webadmin.utils.ErrorResponder.ErrorType;

/** Routes about the deliveries that run in this server. */
abstract class DeliveryRoutes extends AdminRoutes {

    final RunningDeliveries running;

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

    /** The mails that wait, by domain and cause. */
    final List<Map<String, Object>> held(Optional<DomainName> domain) {
        return running.held(domain).stream().map(HeldGroup::json).toList();
    }

    /**
     * One object for each delivery: its queue, and what {@code explain --json} prints, without the look-ups.
     *
     * @param transcribed whether to include the sessions in full
     */
    final List<Map<String, Object>> explain(DomainName domain, SenderTlsRequest request, DryRun.Connecting connecting,
                                            boolean transcribed) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Outbound outbound : deliveries()) {
            Map<String, Object> one = Json.object("queue", outbound.settings().delivery().queue());
            Transcript transcript = new Transcript();
            one.putAll(Explanation.ofRunning(outbound, domain, request, connecting, transcript).json());
            one.remove("lookUps");
            one.remove("domain");
            if (transcribed) {
                one.put("transcript", transcript.json());
            }
            all.add(one);
        }
        return all;
    }
}
