package jamestls.mtasts.cli;

import jamestls.cli.ExitCode;
import jamestls.cli.Json;
import jamestls.dns.DnssecState;
import jamestls.dns.DomainName;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.delivery.DryRun;
import jamestls.mtasts.delivery.DryRunResult;
import jamestls.mtasts.delivery.DryRunResult.Outcome;
import jamestls.mtasts.delivery.Gateways;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.sts.FetchFailure;
import jamestls.mtasts.sts.StoredPolicy;
import jamestls.mtasts.sts.StsLookup;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What {@code explain} found, as people and machines read it.
 *
 * @param ways to the hosts of the domain; with gateways, one to each
 * @param lookUps in the order in which they ended
 */
public record Explanation(DomainName domain, List<Way> ways, Optional<Gateways> gateways, DnssecState dnssec,
                          List<WatchedDns.LookUp> lookUps, Instant now) {

    /** Where a policy came from. */
    public enum PolicySource {
        /** The server had it. */
        SERVER,
        /** It was fetched for this explanation. */
        FETCHED
    }

    /**
     * One dry run.
     *
     * @param stored the policy as it is kept, if there is one
     * @param source where it came from
     */
    public record Way(DryRunResult findings, Optional<StoredPolicy> stored, PolicySource source) {

        /** @param kept what the server had before the dry run */
        static Way of(DryRunResult findings, Optional<StoredPolicy> stored, Optional<StoredPolicy> kept) {
            boolean ofServer = stored.isPresent() && kept.isPresent() && kept.get().fetched().equals(stored.get().fetched());
            return new Way(findings, stored, ofServer ? PolicySource.SERVER : PolicySource.FETCHED);
        }
    }

    /** By a delivery that runs in this server; without look-ups. It may fetch a policy, as a delivery does. */
    public static Explanation ofRunning(Outbound outbound, DomainName domain, SenderTlsRequest request, DryRun.Connecting connecting) {
        Map<DomainName, StoredPolicy> kept = new HashMap<>();
        outbound.policyDomains(domain).forEach(name -> outbound.keptPolicy(name).ifPresent(policy -> kept.put(name, policy)));
        List<Way> ways = outbound.explain(domain, request, connecting).stream().map(result -> Way.of(result,
            outbound.keptPolicy(result.domain()), Optional.ofNullable(kept.get(result.domain())))).toList();
        return new Explanation(domain, ways, outbound.settings().delivery().gateways(), outbound.dnssec(), List.of(), Instant.now());
    }

    /** As a delivery decides: a gateway that can't have the mail now leaves it to the next. */
    private Outcome outcome() {
        return ways.stream().map(way -> way.findings().outcome()).filter(outcome -> !(outcome instanceof Outcome.Hold)).findFirst()
            .orElseGet(() -> ways.getLast().findings().outcome());
    }

    ExitCode exitCode() {
        return switch (outcome()) {
            case Outcome.Deliver deliver -> ExitCode.OK;
            case Outcome.Connect connect -> ExitCode.OK;
            case Outcome.Hold hold -> ExitCode.PROBLEM;
            case Outcome.Bounce bounce -> ExitCode.PROBLEM;
        };
    }

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(domain.ascii());
        lines.add("  DNSSEC   " + WatchedDns.word(dnssec.standing()) + ": " + dnssec.detail());
        gateways.ifPresentOrElse(all -> {
            lines.add("  gateway  " + all + (all.hosts().size() == 1 ? "" : all.order() == Gateways.Order.SHUFFLED ? ", in random order"
                : ", in this order") + "; the hosts of " + domain + " are not looked up");
            all.login().ifPresent(login -> lines.add("  login    AUTH as " + login.user() + "; not tried"));
        }, () -> lines.add("  MX       " + ways.getFirst().findings().mx().map(WatchedDns::word).orElse("no host to go to")));
        for (Way way : ways) {
            lines.add("  MTA-STS  " + (gateways.isPresent() ? way.findings().domain() + ": " : "") + sts(way));
            way.findings().hosts().forEach(host -> lines.addAll(HostText.lines(host)));
        }
        lines.add("  look-ups");
        lookUps.forEach(lookUp -> lines.add("    " + lookUp.line()));
        switch (outcome()) {
            case Outcome.Deliver deliver -> lines.add("  => would be delivered to " + HostText.name(deliver.host()) + " ["
                + deliver.address().getHostAddress() + "], tls=" + deliver.level());
            case Outcome.Connect connect -> lines.add("  => hosts would be connected to; --connect shows how that goes");
            case Outcome.Hold hold -> {
                lines.add("  => would be held and tried again: " + hold.why());
                lines.add("     and in the end bounced with: " + hold.bounce());
            }
            case Outcome.Bounce bounce -> lines.add("  => would be bounced with: " + bounce.why());
        }
        return lines;
    }

    /** For programs; docs/command-line.md and docs/webadmin.md tell the members. */
    public Map<String, Object> json() {
        Map<String, Object> json = Json.object("domain", domain.ascii(),
            "dnssec", Json.object("standing", WatchedDns.word(dnssec.standing()), "detail", dnssec.detail()));
        if (gateways.isPresent()) {
            json.put("gateways", ways.stream().map(way -> Json.object("domain", way.findings().domain().ascii(), "sts", stsJson(way),
                "outcome", json(way.findings().outcome()))).toList());
        } else {
            json.put("mx", ways.getFirst().findings().mx().map(WatchedDns::word).orElse(null));
            json.put("sts", stsJson(ways.getFirst()));
        }
        json.put("hosts", ways.stream().flatMap(way -> way.findings().hosts().stream()).map(HostText::json).toList());
        json.put("lookUps", lookUps.stream().map(WatchedDns.LookUp::json).toList());
        json.put("outcome", json(outcome()));
        return json;
    }

    private static Map<String, Object> json(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Deliver deliver -> Json.object("action", "deliver", "host", deliver.host().name().ascii(),
                "ip", deliver.address().getHostAddress(), "tls", deliver.level().toString());
            case Outcome.Connect connect -> Json.object("action", "connect");
            case Outcome.Hold hold -> Json.object("action", "hold", "why", hold.why().toString(), "bounce", hold.bounce().toString());
            case Outcome.Bounce bounce -> Json.object("action", "bounce", "bounce", bounce.why().toString());
        };
    }

    private String sts(Way way) {
        if (way.findings().sts().isEmpty()) {
            return "not looked up";
        }
        return switch (way.findings().sts().get()) {
            case StsLookup.NoPolicy none -> "no policy: " + none.why();
            case StsLookup.Unusable unusable -> "announced, but can't be fetched: " + unusable.problem();
            case StsLookup.Found found -> PolicyText.of(found.policy()) + way.stored().map(policy -> age(policy, way.source())).orElse("")
                + found.refreshProblem().map(problem -> "; can't be refreshed: " + problem).orElse("");
        };
    }

    private String age(StoredPolicy policy, PolicySource source) {
        return "; id " + policy.id() + switch (source) {
            case SERVER -> ", kept by this server for " + inWords(Duration.between(policy.fetched(), now));
            case FETCHED -> ", fetched now";
        } + ", applies for another " + inWords(Duration.between(now, policy.expires()));
    }

    private static Object stsJson(Way way) {
        if (way.findings().sts().isEmpty()) {
            return null;
        }
        return switch (way.findings().sts().get()) {
            case StsLookup.NoPolicy none -> Json.object("policy", null, "why", none.why());
            case StsLookup.Unusable unusable -> Json.object("policy", null, "why", unusable.problem().toString());
            case StsLookup.Found found -> Json.object("policy", PolicyText.json(found.policy()), "text", found.policy().text(),
                "id", way.stored().map(StoredPolicy::id).orElse(null), "source", WatchedDns.word(way.source()),
                "fetched", way.stored().map(policy -> policy.fetched().toString()).orElse(null),
                "expires", way.stored().map(policy -> policy.expires().toString()).orElse(null),
                "lastChecked", way.stored().map(policy -> policy.lastChecked().toString()).orElse(null),
                "lastFailure", way.stored().flatMap(StoredPolicy::failure).map(Explanation::failureJson).orElse(null),
                "refreshProblem", found.refreshProblem().map(Object::toString).orElse(null));
        };
    }

    private static Object failureJson(FetchFailure failure) {
        return Json.object("id", failure.id(), "retryAfter", failure.retryAfter().toString(), "why", failure.problem().toString());
    }

    private static String inWords(Duration duration) {
        return duration.toDays() > 1 ? duration.toDays() + " days" : duration.toHours() > 1 ? duration.toHours() + " hours"
            : Math.max(0, duration.toMinutes()) + " minutes";
    }
}
