package jamestls.web;

import jakarta.inject.Inject;
import jamestls.cli.Json;
import jamestls.net.SanitizedLogger;
import jamestls.page.Page;
import jamestls.page.PageAccess;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import spark.Service;

/** {@code POST /tls/link}: makes a link that opens the page once, within five minutes. */
public final class PageLinkRoutes extends AdminRoutes {

    static final String BASE = "/tls/link";
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(PageLinkRoutes.class);

    private final PageAccess access;
    private final Clock clock;

    @Inject
    public PageLinkRoutes(PageAccess access, CrossSiteCheck crossSite, Clock clock) {
        super(BASE, crossSite);
        this.access = access;
        this.clock = clock;
    }

    @Override
    public void define(Service service) {
        service.post(BASE, writing((request, response) -> {
            onlyParameters(request);
            LOGGER.info("{} made a link to the page", who(request));
            response.status(201);
            return Json.object("link", request.scheme() + "://" + request.headers("Host") + Page.PATH + "/enter?link=" + access.newLink(),
                "expires", clock.instant().plus(PageAccess.LINK).truncatedTo(ChronoUnit.SECONDS).toString());
        }));
    }
}
