package jamestls.mtasts.web;

import jakarta.inject.Inject;
import jamestls.cli.Json;
import jamestls.dns.DomainName;
import jamestls.mtasts.RunningDeliveries;
import jamestls.mtasts.waiting.WaitingRepository.Orphans;
import jamestls.net.SanitizedLogger;
import jamestls.web.AdminRoutes;
import jamestls.web.CrossSiteCheck;
import jamestls.web.RequestLimit;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.apache.james.webadmin.utils.ErrorResponder.ErrorType;
import spark.Request;
import spark.Response;
import spark.Service;

/**
 * {@code GET /tls/held}: the mails that wait for another attempt, by domain and cause. {@code POST /tls/held/{domain}?action=retry}: makes
 * those of a domain due now, {@code POST /tls/held?action=retry} all. {@code POST /tls/held?action=repair}: compares the mails that wait in
 * a repository with their index.
 */
public final class HeldRoutes extends DeliveryRoutes {

    static final String BASE = "/tls/held";
    private static final int AT_ONCE = 2;
    private static final int PER_MINUTE = 20;
    private static final Duration TIMEOUT = Duration.ofSeconds(30);
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(HeldRoutes.class);

    private final RequestLimit limit;

    @Inject
    public HeldRoutes(RunningDeliveries running, CrossSiteCheck crossSite, Clock clock) {
        super(BASE, running, crossSite);
        this.limit = new RequestLimit(AT_ONCE, PER_MINUTE, TIMEOUT, clock);
    }

    @Override
    public void define(Service service) {
        service.get(BASE, reading(this::list));
        service.post(BASE, writing(this::all));
        service.post(BASE + "/:domain", writing(this::retry));
    }

    private Object list(Request request, Response response) {
        onlyParameters(request, "domain");
        Optional<DomainName> domain = parameter(request, "domain").map(AdminRoutes::domain);
        deliveries();
        return Json.object("held", held(domain));
    }

    private Object all(Request request, Response response) throws Exception {
        onlyParameters(request, "action", "orphans");
        Optional<String> orphans = parameter(request, "orphans");
        deliveries();
        switch (parameter(request, "action").orElse("")) {
            case "retry" -> {
                if (orphans.isPresent()) {
                    throw badRequest("The query parameter orphans goes with action=repair.");
                }
                LOGGER.info("{} requested that all mail be retried now", who(request));
                response.status(202);
                return Json.object("reach", word(limit.run(running::retryAll)));
            }
            case "repair" -> {
                Orphans what = Arrays.stream(Orphans.values()).filter(one -> word(one).equals(orphans.orElse("keep"))).findFirst()
                    .orElseThrow(() -> badRequest("orphans is keep, resume or remove."));
                LOGGER.info("{} requested that waiting mails be compared with their index; mails without a row: {}", who(request), what);
                int queues = limit.run(() -> running.repair(what));
                if (queues == 0) {
                    throw error(409, ErrorType.WRONG_STATE, "No mails wait in a repository, or a repair is running.");
                }
                response.status(202);
                return Json.object("queues", queues);
            }
            default -> throw badRequest("The query parameter action must be retry or repair.");
        }
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private Object retry(Request request, Response response) throws Exception {
        onlyParameters(request, "action");
        if (!parameter(request, "action").equals(Optional.of("retry"))) {
            throw badRequest("The query parameter action must be retry.");
        }
        DomainName domain = domain(request.params("domain"));
        deliveries();
        LOGGER.info("{} requested that the mail for {} be retried now", who(request), domain);
        String reach = word(limit.run(() -> running.retry(domain)));
        response.status(202);
        return Json.object("domain", domain.ascii(), "reach", reach);
    }
}
