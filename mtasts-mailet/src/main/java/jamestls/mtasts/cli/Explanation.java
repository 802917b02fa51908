package jamestls.mtasts.cli;

import jamestls.dns.DnssecState;
import jamestls.mtasts.delivery.DryRunResult;
import jamestls.mtasts.delivery.DryRunResult.Outcome;
import jamestls.mtasts.sts.StoredPolicy;
import jamestls.mtasts.sts.StsLookup;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The findings of {@code explain} as people and machines read them.
 *
 * @param stored the policy as it is kept, if there is one
 * @param source where it came from
 */
record Explanation(DryRunResult findings, DnssecState dnssec, List<WatchedDns.LookUp> lookUps, Optional<StoredPolicy> stored,
                   PolicySource source, Instant now) {

    /** Where a policy came from. */
    enum PolicySource {
        /** The server had it. */
        SERVER,
        /** It was fetched for this explanation. */
        FETCHED
    }

    ExitCode exitCode() {
        return switch (findings.outcome()) {
            case Outcome.Deliver deliver -> ExitCode.OK;
            case Outcome.Connect connect -> ExitCode.OK;
            case Outcome.Hold hold -> ExitCode.PROBLEM;
            case Outcome.Bounce bounce -> ExitCode.PROBLEM;
        };
    }

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(findings.domain().ascii());
        lines.add("  DNSSEC   " + WatchedDns.word(dnssec.standing()) + ": " + dnssec.detail());
        lines.add("  MX       " + findings.mx().map(WatchedDns::word).orElse("none to go by"));
        lines.add("  MTA-STS  " + sts());
        findings.hosts().forEach(host -> lines.addAll(HostText.lines(host)));
        lines.add("  look-ups");
        lookUps.forEach(lookUp -> lines.add("    " + lookUp.line()));
        switch (findings.outcome()) {
            case Outcome.Deliver deliver -> lines.add("  => would be delivered to " + deliver.host().name() + " ["
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

    Map<String, Object> json() {
        Map<String, Object> json = Json.object("domain", findings.domain().ascii(),
            "dnssec", Json.object("standing", WatchedDns.word(dnssec.standing()), "detail", dnssec.detail()),
            "mx", findings.mx().map(WatchedDns::word).orElse(null),
            "sts", stsJson(),
            "hosts", findings.hosts().stream().map(HostText::json).toList(),
            "lookUps", lookUps.stream().map(WatchedDns.LookUp::json).toList());
        json.put("outcome", switch (findings.outcome()) {
            case Outcome.Deliver deliver -> Json.object("action", "deliver", "host", deliver.host().name().ascii(),
                "ip", deliver.address().getHostAddress(), "tls", deliver.level().toString());
            case Outcome.Connect connect -> Json.object("action", "connect");
            case Outcome.Hold hold -> Json.object("action", "hold", "why", hold.why().toString(), "bounce", hold.bounce().toString());
            case Outcome.Bounce bounce -> Json.object("action", "bounce", "bounce", bounce.why().toString());
        });
        return json;
    }

    private String sts() {
        if (findings.sts().isEmpty()) {
            return "not looked up";
        }
        return switch (findings.sts().get()) {
            case StsLookup.NoPolicy none -> "no policy: " + none.why();
            case StsLookup.Unusable unusable -> "announced, but not to be had: " + unusable.problem();
            case StsLookup.Found found -> PolicyText.of(found.policy()) + stored.map(this::age).orElse("")
                + found.refreshProblem().map(problem -> "; can't be fetched anew: " + problem).orElse("");
        };
    }

    private String age(StoredPolicy policy) {
        return "; id " + policy.id() + switch (source) {
            case SERVER -> ", kept by this server for " + inWords(Duration.between(policy.fetched(), now));
            case FETCHED -> ", fetched now";
        } + ", applies for another " + inWords(Duration.between(now, policy.expires()));
    }

    private Object stsJson() {
        if (findings.sts().isEmpty()) {
            return null;
        }
        return switch (findings.sts().get()) {
            case StsLookup.NoPolicy none -> Json.object("policy", null, "why", none.why());
            case StsLookup.Unusable unusable -> Json.object("policy", null, "why", unusable.problem().toString());
            case StsLookup.Found found -> Json.object("policy", PolicyText.json(found.policy()), "text", found.policy().text(),
                "id", stored.map(StoredPolicy::id).orElse(null), "source", WatchedDns.word(source),
                "fetched", stored.map(policy -> policy.fetched().toString()).orElse(null),
                "expires", stored.map(policy -> policy.expires().toString()).orElse(null),
                "refreshProblem", found.refreshProblem().map(Object::toString).orElse(null));
        };
    }

    private static String inWords(Duration duration) {
        return duration.toDays() > 1 ? duration.toDays() + " days" : duration.toHours() > 1 ? duration.toHours() + " hours"
            : Math.max(0, duration.toMinutes()) + " minutes";
    }
}
