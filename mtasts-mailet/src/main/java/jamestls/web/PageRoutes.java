package jamestls.web;

import jakarta.inject.Inject;
import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import jamestls.page.Page;
import jamestls.page.PageAccess;
import java.lang.reflect.Method;
import java.util.Optional;
import org.apache.james.webadmin.PublicRoutes;
import org.apache.james.webadmin.authentication.AuthenticationFilter;
import org.apache.james.webadmin.authentication.NoAuthenticationFilter;
import spark.Request;
import spark.Response;
import spark.Route;
import spark.Service;

/**
 * The page for browsers: {@code GET /tls/page}, {@code /tls/page/domains} and {@code /tls/page/domains/{domain}}. It changes nothing.
 * James's authentication asks for header fields that no browser sends, so these routes are public for James and guard themselves: they are
 * open where webadmin has no authentication; elsewhere a link of {@link PageLinkRoutes} gives the browser a cookie.
 */
public final class PageRoutes implements PublicRoutes {

    private static final String COOKIE = "james-tls-page";
    private static final String POLICY = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
        + "frame-ancestors 'none'";
    private static final int MAX_QUERY = 253;
    private static final SanitizedLogger LOGGER = SanitizedLogger.of(PageRoutes.class);

    private final Page page;
    private final PageAccess access;
    private final CrossSiteCheck crossSite;
    private final boolean open;

    @Inject
    public PageRoutes(Page page, PageAccess access, CrossSiteCheck crossSite, AuthenticationFilter authentication) {
        this.page = page;
        this.access = access;
        this.crossSite = crossSite;
        this.open = authentication instanceof NoAuthenticationFilter;
    }

    /** Writes one document. */
    @FunctionalInterface
    private interface Document {
        String write(Request request, Response response);
    }

    @Override
    public String getBasePath() {
        return Page.PATH;
    }

    @Override
    public void define(Service service) {
        service.get(Page.PATH, admitted((request, response) -> page.overview()));
        service.get(Page.PATH + "/domains",
            admitted((request, response) -> page.domains(query(request, "search"), query(request, "after"))));
        service.get(Page.PATH + "/domains/:domain", admitted(this::domain));
        service.get(Page.PATH + "/style.css", answered((request, response) -> {
            response.type("text/css; charset=utf-8");
            return Page.style();
        }));
        service.get(Page.PATH + "/enter", answered(this::enter));
    }

    private static String query(Request request, String name) {
        return Sanitized.line(Optional.ofNullable(request.queryParams(name)).orElse(""), MAX_QUERY);
    }

    private String domain(Request request, Response response) {
        Optional<DomainName> domain = DomainName.parse(request.params("domain"));
        if (domain.isEmpty()) {
            response.status(400);
            return page.message("No domain", "'" + Sanitized.line(request.params("domain"), MAX_QUERY) + "' is not a domain name.");
        }
        return page.domain(domain.get());
    }

    private String enter(Request request, Response response) {
        Optional<String> cookie = access.enter(query(request, "link"));
        if (cookie.isEmpty()) {
            response.status(403);
            return page.message("This link does not work", "A link works once, for five minutes. Ask for another one.");
        }
        response.header("Set-Cookie", COOKIE + "=" + cookie.get() + "; Path=" + Page.PATH + "; Max-Age=" + PageAccess.COOKIE.toSeconds()
            + "; HttpOnly; SameSite=Strict" + (request.scheme().equals("https") ? "; Secure" : ""));
        return page.entered();
    }

    private Route admitted(Document document) {
        return answered((request, response) -> {
            String cookie = request.cookie(COOKIE);
            if (!open && (cookie == null || !access.admits(cookie))) {
                response.status(401);
                return page.message("Not without a link", "webadmin asks for authentication. Make a link with an authenticated "
                    + "POST to " + PageLinkRoutes.BASE + ", and open it in this browser.");
            }
            return document.write(request, response);
        });
    }

    private Route answered(Document document) {
        return (request, response) -> {
            response.type("text/html; charset=utf-8");
            response.header("Content-Security-Policy", POLICY);
            response.header("X-Content-Type-Options", "nosniff");
            response.header("Referrer-Policy", "no-referrer");
            response.header("Cache-Control", "no-store");
            withoutOtherOrigins(response);
            Optional<String> objection = crossSite.objection(request.headers("Host"));
            if (objection.isPresent()) {
                response.status(403);
                return page.message("Refused", objection.get());
            }
            return document.write(request, response);
        };
    }

    /**
     * Removes what James's CORS filter has set, so that pages of other sites can't read this one. Spark can only add header fields; the
     * class below it is javax in James 3.8 and jakarta in 3.9, so it is called by reflection.
     */
    private static void withoutOtherOrigins(Response response) {
        try {
            Object servlet = Response.class.getMethod("raw").invoke(response);
            Method setHeader = Response.class.getMethod("raw").getReturnType().getMethod("setHeader", String.class, String.class);
            setHeader.invoke(servlet, "Access-Control-Allow-Origin", null);
        } catch (ReflectiveOperationException e) {
            LOGGER.error("The header field Access-Control-Allow-Origin could not be removed, so the page is not shown", e);
            throw new IllegalStateException(e);
        }
    }
}
