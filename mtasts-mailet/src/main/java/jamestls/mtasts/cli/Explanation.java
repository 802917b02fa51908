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
 * The result of {@code explain}, as text and as JSON.
 *
 * @param targets one for the MX hosts of the domain; with gateways, one for each gateway
 * @param lookUps the DNS look-ups in the order in which they ended
 * @param helo the name of this server in EHLO
 */
public record Explanation(DomainName domain, List<Target> targets, Optional<Gateways> gateways, DnssecState dnssec,
                          List<RecordingDns.LookUp> lookUps, Helo helo, Instant now) {

    /**
     * The name in EHLO.
     *
     * @param source where it comes from; says so if it is assumed
     */
    public record Helo(String name, String source) {
    }

    /** Where a policy came from. */
    public enum PolicySource {
        /** From the database of the server. */
        SERVER,
        /** Fetched by this command. */
        FETCHED
    }

    /**
     * One dry run.
     *
     * @param stored the stored policy, if there is one
     * @param source where the policy came from
     */
    public record Target(DryRunResult findings, Optional<StoredPolicy> stored, PolicySource source) {

        /** @param kept the policy that the server had before the dry run */
        static Target of(DryRunResult findings, Optional<StoredPolicy> stored, Optional<StoredPolicy> kept) {
            boolean ofServer = stored.isPresent() && kept.isPresent() && kept.get().fetched().equals(stored.get().fetched());
            return new Target(findings, stored, ofServer ? PolicySource.SERVER : PolicySource.FETCHED);
        }
    }

    /**
     * Explains with a running delivery of this server, without look-ups. May fetch a policy, as a delivery does.
     *
     * @param transcript gets the sessions
     */
    public static Explanation ofRunning(Outbound outbound, DomainName domain, SenderTlsRequest request, DryRun.Connecting connecting,
                                        Transcript transcript) {
        Map<DomainName, StoredPolicy> kept = new HashMap<>();
        outbound.policyDomains(domain).forEach(name -> outbound.keptPolicy(name).ifPresent(policy -> kept.put(name, policy)));
        List<Target> targets = outbound.explain(domain, request, connecting, transcript).stream().map(result -> Target.of(result,
            outbound.keptPolicy(result.domain()), Optional.ofNullable(kept.get(result.domain())))).toList();
        return new Explanation(domain, targets, outbound.settings().delivery().gateways(), outbound.dnssec(), List.of(),
            new Helo(outbound.settings().smtp().heloName(), "the running server"), Instant.now());
    }

    /** The outcome of the mail. As in a delivery, a gateway that holds the mail is skipped if another one follows. */
    private Outcome outcome() {
        return targets.stream().map(target -> target.findings().outcome()).filter(outcome -> !(outcome instanceof Outcome.Hold)).findFirst()
            .orElseGet(() -> targets.getLast().findings().outcome());
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
        lines.add("  DNSSEC   " + RecordingDns.word(dnssec.standing()) + ": " + dnssec.detail());
        lines.add("  EHLO     " + helo.name() + ": " + helo.source());
        gateways.ifPresentOrElse(all -> {
            lines.add("  gateway  " + all + (all.hosts().size() == 1 ? "" : all.order() == Gateways.Order.SHUFFLED ? ", in random order"
                : ", in this order") + "; the hosts of " + domain + " are not looked up");
            all.login().ifPresent(login -> lines.add("  login    AUTH as " + login.user() + "; not tried"));
        }, () -> lines.add("  MX       " + targets.getFirst().findings().mx().map(RecordingDns::word).orElse("no mail host")));
        for (Target target : targets) {
            lines.add("  MTA-STS  " + (gateways.isPresent() ? target.findings().domain() + ": " : "") + sts(target));
            target.findings().hosts().forEach(host -> lines.addAll(HostText.lines(host)));
        }
        lines.add("  look-ups");
        lookUps.forEach(lookUp -> lines.add("    " + lookUp.line()));
        switch (outcome()) {
            case Outcome.Deliver deliver -> lines.add("  => would be delivered to " + HostText.name(deliver.host()) + " ["
                + deliver.address().getHostAddress() + "], tls=" + deliver.level()
                + deliver.would().map(held -> "; policies are only observed, and otherwise it would be held: " + held).orElse(""));
            case Outcome.Connect connect -> lines.add("  => hosts would be connected to; --connect does so");
            case Outcome.Hold hold -> {
                lines.add("  => would be held and tried again: " + hold.why());
                lines.add("     after the last retry bounced with: " + hold.bounce());
            }
            case Outcome.Bounce bounce -> lines.add("  => would be bounced with: " + bounce.why());
        }
        return lines;
    }

    /** For programs; docs/command-line.md and docs/webadmin.md tell the members. */
    public Map<String, Object> json() {
        Map<String, Object> json = Json.object("domain", domain.ascii(),
            "dnssec", Json.object("standing", RecordingDns.word(dnssec.standing()), "detail", dnssec.detail()),
            "helo", Json.object("name", helo.name(), "source", helo.source()));
        if (gateways.isPresent()) {
            json.put("gateways", targets.stream().map(target -> Json.object("domain", target.findings().domain().ascii(),
                "sts", stsJson(target), "outcome", json(target.findings().outcome()))).toList());
        } else {
            json.put("mx", targets.getFirst().findings().mx().map(RecordingDns::word).orElse(null));
            json.put("sts", stsJson(targets.getFirst()));
        }
        json.put("hosts", targets.stream().flatMap(target -> target.findings().hosts().stream()).map(HostText::json).toList());
        json.put("lookUps", lookUps.stream().map(RecordingDns.LookUp::json).toList());
        json.put("outcome", json(outcome()));
        return json;
    }

    private static Map<String, Object> json(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Deliver deliver -> Json.object("action", "deliver", "host", deliver.host().name().ascii(),
                "ip", deliver.address().getHostAddress(), "tls", deliver.level().toString(),
                "would", deliver.would().map(held -> "held: " + held).orElse(null));
            case Outcome.Connect connect -> Json.object("action", "connect");
            case Outcome.Hold hold -> Json.object("action", "hold", "why", hold.why().toString(), "bounce", hold.bounce().toString());
            case Outcome.Bounce bounce -> Json.object("action", "bounce", "bounce", bounce.why().toString());
        };
    }

    private String sts(Target target) {
        if (target.findings().sts().isEmpty()) {
            return "not looked up";
        }
        return switch (target.findings().sts().get()) {
            case StsLookup.NoPolicy none -> "no policy: " + none.why();
            case StsLookup.Unusable unusable -> "announced, but can't be fetched: " + unusable.problem();
            case StsLookup.Found found -> PolicyText.of(found.policy())
                + target.stored().map(policy -> age(policy, target.source())).orElse("")
                + found.refreshProblem().map(why -> "; can't be refreshed: " + why).orElse("");
        };
    }

    private String age(StoredPolicy policy, PolicySource source) {
        return "; id " + policy.id() + switch (source) {
            case SERVER -> ", stored by this server for " + inWords(Duration.between(policy.fetched(), now));
            case FETCHED -> ", fetched now";
        } + ", applies for another " + inWords(Duration.between(now, policy.expires()));
    }

    private static Object stsJson(Target target) {
        if (target.findings().sts().isEmpty()) {
            return null;
        }
        return switch (target.findings().sts().get()) {
            case StsLookup.NoPolicy none -> Json.object("policy", null, "why", none.why());
            case StsLookup.Unusable unusable -> Json.object("policy", null, "why", unusable.problem().toString());
            case StsLookup.Found found -> Json.object("policy", PolicyText.json(found.policy()), "text", found.policy().text(),
                "id", target.stored().map(StoredPolicy::id).orElse(null), "source", RecordingDns.word(target.source()),
                "fetched", target.stored().map(policy -> policy.fetched().toString()).orElse(null),
                "expires", target.stored().map(policy -> policy.expires().toString()).orElse(null),
                "lastChecked", target.stored().map(policy -> policy.lastChecked().toString()).orElse(null),
                "lastFailure", target.stored().flatMap(StoredPolicy::failure).map(Explanation::failureJson).orElse(null),
                "refreshProblem", found.refreshProblem().orElse(null));
        };
    }

    private static Object failureJson(FetchFailure failure) {
        return Json.object("id", failure.id(), "retryAfter", failure.retryAfter().toString(), "why", failure.why());
    }

    private static String inWords(Duration duration) {
        return duration.toDays() > 1 ? duration.toDays() + " days" : duration.toHours() > 1 ? duration.toHours() + " hours"
            : Math.max(0, duration.toMinutes()) + " minutes";
    }
}
