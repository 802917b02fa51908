package jamestls.mtasts.web;

import jakarta.inject.Inject;
import jamestls.cli.Json;
import jamestls.dns.DomainName;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.RunningDeliveries;
import jamestls.mtasts.policy.Rule;
import jamestls.mtasts.policy.Rule.Destination;
import jamestls.mtasts.policy.RuleGrammar;
import jamestls.mtasts.policy.RuleGrammar.NoRule;
import jamestls.mtasts.policy.Rules;
import jamestls.net.Sanitized;
import jamestls.storage.DatabaseAddress;
import jamestls.web.CrossSiteCheck;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.james.webadmin.utils.ErrorResponder.ErrorType;
import org.apache.james.webadmin.utils.JsonExtractException;
import org.apache.james.webadmin.utils.JsonExtractor;
import spark.Request;
import spark.Response;
import spark.Service;

/**
 * {@code /tls/policies}: the rules per destination, those of mailetcontainer.xml and those in the database. The latter are set and removed
 * by PUT and DELETE, for all servers that share the database.
 */
public final class PolicyRoutes extends DeliveryRoutes {

    static final String BASE = "/tls/policies";
    private static final String ONE = BASE + "/:destination";
    private static final int MAX_BODY = 4_096;
    private static final int MAX_DESTINATION = 300;

    private final JsonExtractor<Body> bodies = new JsonExtractor<>(Body.class);
    private final Clock clock;

    @Inject
    public PolicyRoutes(RunningDeliveries running, CrossSiteCheck crossSite, Clock clock) {
        super(BASE, running, crossSite);
        this.clock = clock;
    }

    /** The body of PUT: the words of a rule, without its destination. Missing ones are null. Filled by James's Jackson. */
    public static final class Body {
        public String level;
        public List<String> match;
        public String tls;
        public Integer concurrency;
        public String rate;
        public String families;
        public boolean observe;
        public String until;
        public String reason;
    }

    @Override
    public void define(Service service) {
        service.get(BASE, reading((request, response) -> {
            onlyParameters(request);
            return listed(Rules::list);
        }));
        service.get(ONE, reading((request, response) -> {
            onlyParameters(request);
            String text = request.params("destination");
            Optional<DomainName> name = DomainName.parse(text);
            Destination destination = destination(text);
            return listed(rules -> name.isPresent() ? rules.show(name.get())
                : rules.list().stream().filter(entry -> entry.rule().destination().equals(destination)).toList());
        }));
        service.put(ONE, writing(this::put));
        service.delete(ONE, writing(this::delete));
    }

    private Object listed(Function<Rules, List<Rules.Entry>> wanted) {
        List<Map<String, Object>> all = new ArrayList<>();
        for (Outbound outbound : deliveries()) {
            all.add(Json.object("queue", outbound.settings().delivery().queue(),
                "rules", wanted.apply(outbound.rules()).stream().map(entry -> entry.json(clock.instant())).toList()));
        }
        return Json.object("deliveries", all);
    }

    private Object put(Request request, Response response) throws JsonExtractException {
        onlyParameters(request);
        String text = request.body();
        if (text.length() > MAX_BODY) {
            throw badRequest("The body has more than " + MAX_BODY + " characters.");
        }
        Destination destination = destination(request.params("destination"));
        Body body = bodies.parse(text);
        List<Rules> stores = stores();
        try {
            Rule rule = RuleGrammar.rule(destination, words(body), clock.instant());
            Rules.Entry entry = null;
            for (Rules rules : stores) {
                entry = rules.allow(rule, who(request));
            }
            return entry.json(clock.instant());
        } catch (NoRule e) {
            throw badRequest(e.getMessage());
        }
    }

    private Object delete(Request request, Response response) {
        onlyParameters(request);
        Destination destination = destination(request.params("destination"));
        boolean removed = false;
        for (Rules rules : stores()) {
            removed |= rules.remove(destination, who(request));
        }
        if (!removed) {
            throw error(404, ErrorType.NOT_FOUND, "There is no rule for " + destination + " in the database; those of mailetcontainer.xml "
                + "are removed there.");
        }
        response.status(204);
        return "";
    }

    private static Destination destination(String text) {
        return Destination.parse(text).orElseThrow(() -> badRequest("'" + Sanitized.ascii(text, MAX_DESTINATION)
            + "' is no destination: write domain, .domain, mx:host, mx:.host or *."));
    }

    private static Map<String, String> words(Body body) {
        Map<String, String> words = new LinkedHashMap<>();
        words.put("level", body.level);
        words.put("match=", body.match == null ? null : String.join(":", body.match));
        words.put("tls>=", body.tls);
        words.put("concurrency=", body.concurrency == null ? null : body.concurrency.toString());
        words.put("rate=", body.rate);
        words.put("families=", body.families);
        words.put("observe", body.observe ? "" : null);
        words.put("until=", body.until);
        words.put("reason=", body.reason);
        return words;
    }

    /** The rules of the running deliveries, one object per database. */
    private List<Rules> stores() {
        Map<Optional<DatabaseAddress>, Rules> stores = new LinkedHashMap<>();
        deliveries().forEach(outbound -> stores.putIfAbsent(outbound.settings().sts().database(), outbound.rules()));
        return List.copyOf(stores.values());
    }
}
