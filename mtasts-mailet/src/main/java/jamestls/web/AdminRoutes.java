package jamestls.web;

import jamestls.cli.Json;
import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import jamestls.storage.StorageOutage;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.james.webadmin.Routes;
import org.apache.james.webadmin.authentication.AuthenticationFilter;
import org.apache.james.webadmin.utils.ErrorResponder;
import org.apache.james.webadmin.utils.ErrorResponder.ErrorType;
import spark.HaltException;
import spark.Request;
import spark.Response;
import spark.Route;

/**
 * The base of routes below one path of James's administration server. James authenticates before they are called. Answers are JSON;
 * errors have James's form. Base paths do not contain each other, because James's filter covers everything below one.
 *
 * <p>No class of the servlet API is used: James 3.8 has it in {@code javax}, 3.9 in {@code jakarta}, and Spark hides both.
 */
public abstract class AdminRoutes implements Routes {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(AdminRoutes.class);
    private static final int MAX_NAME = 200;

    private final String basePath;
    private final CrossSiteCheck crossSite;

    protected AdminRoutes(String basePath, CrossSiteCheck crossSite) {
        this.basePath = basePath;
        this.crossSite = crossSite;
    }

    /** Answers one request. */
    @FunctionalInterface
    protected interface Handler {

        /** @return what {@link Json#of} writes; a string is the body as it is */
        Object answer(Request request, Response response) throws Exception;
    }

    @Override
    public final String getBasePath() {
        return basePath;
    }

    /** Wraps a route that changes nothing. */
    protected static Route reading(Handler handler) {
        return (request, response) -> answered(handler, request, response);
    }

    /** Wraps a route that changes something or makes this server connect to others. Requests from pages of other sites are refused. */
    protected final Route writing(Handler handler) {
        return (request, response) -> {
            Optional<String> objection = crossSite.objection(request.headers("Host"), request.headers("Origin"),
                request.headers("Sec-Fetch-Site"));
            if (objection.isPresent()) {
                // not pathInfo(), which is null in the Spark of James 3.9
                LOGGER.warn("{} {} from {} was refused: {}", request.requestMethod(), basePath, who(request), objection.get());
                throw error(403, ErrorType.WRONG_STATE, objection.get());
            }
            return answered(handler, request, response);
        };
    }

    private static Object answered(Handler handler, Request request, Response response) throws Exception {
        try {
            Object answer = handler.answer(request, response);
            return answer instanceof String body ? body : Json.of(answer);
        } catch (RequestLimit.Exceeded e) {
            response.header("Retry-After", "60");
            throw error(e.status(), ErrorType.WRONG_STATE, e.getMessage());
        } catch (StorageOutage e) {
            throw error(503, ErrorType.SERVER_ERROR, "The database failed: " + e.getMessage());
        }
    }

    /** Creates an error answer in James's form, to be thrown. */
    protected static HaltException error(int status, ErrorType type, String message) {
        return ErrorResponder.builder().statusCode(status).type(type).message(message).haltError();
    }

    /** Creates the answer 400 for a request that is not allowed. */
    protected static HaltException badRequest(String message) {
        return error(400, ErrorType.INVALID_ARGUMENT, message);
    }

    /** @throws HaltException if the request has query parameters with other names */
    protected static void onlyParameters(Request request, String... allowed) {
        TreeSet<String> unknown = new TreeSet<>(request.queryParams());
        unknown.removeAll(List.of(allowed));
        if (!unknown.isEmpty()) {
            throw badRequest("There is no query parameter '" + Sanitized.ascii(unknown.first(), MAX_NAME) + "'; allowed are: "
                + String.join(", ", allowed) + ".");
        }
    }

    /** The value of a query parameter; empty if it is not there. */
    protected static Optional<String> parameter(Request request, String name) {
        return Optional.ofNullable(request.queryParams(name));
    }

    /** The value of a boolean query parameter. */
    protected static boolean flag(Request request, String name, boolean usual) {
        return parameter(request, name).map(value -> switch (value) {
            case "true", "" -> true;
            case "false" -> false;
            default -> throw badRequest(name + " is true or false.");
        }).orElse(usual);
    }

    protected static DomainName domain(String text) {
        return DomainName.parse(text)
            .orElseThrow(() -> badRequest("'" + Sanitized.ascii(text, MAX_NAME) + "' is not a domain name."));
    }

    /** The author of the request: the subject of the JSON Web Token, else the peer's address. */
    protected static String who(Request request) {
        Object subject = request.attribute(AuthenticationFilter.LOGIN);
        return Sanitized.ascii(subject == null ? request.ip() : subject.toString(), MAX_NAME);
    }
}
