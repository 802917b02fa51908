package jamestls.mtasts.policy;

import jamestls.config.Parameters;
import jamestls.dns.DomainName;
import jamestls.mtasts.policy.Rule.Destination;
import jamestls.mtasts.policy.Rule.Enforcement;
import jamestls.mtasts.policy.Rule.Requirement;
import jamestls.mtasts.policy.Rule.Traffic;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The configured rules per destination, and whether policies are only observed.
 *
 * @param rules in the order of look-up
 * @param observeUntil the end of {@code enforcement=observe}; empty if policies are enforced
 */
public record RuleSettings(List<Rule> rules, Optional<Instant> observeUntil) {

    private static final String ON = "on";
    private static final String OBSERVE = "observe until=";

    public RuleSettings {
        rules = List.copyOf(rules);
    }

    /** The default: no rules, and policies are enforced. */
    public static RuleSettings none() {
        return new RuleSettings(List.of(), Optional.empty());
    }

    /** Reads {@code mandatoryDane}: the destinations that get mail under authenticated DANE or not at all (RFC 7672 §6). */
    public static Set<DomainName> mandatoryDane(Parameters parameters) {
        Set<DomainName> mandatory = new LinkedHashSet<>();
        for (String text : parameters.list("mandatoryDane")) {
            DomainName.parse(text).ifPresentOrElse(mandatory::add, () -> parameters.invalid("mandatoryDane",
                "domain names separated by commas, such as 'example.org, example.net'; '" + text + "' is none"));
        }
        return mandatory;
    }

    /**
     * Reads {@code tlsPolicies} and {@code enforcement}.
     *
     * @param mandatoryDane destinations whose rules come before those of {@code tlsPolicies}
     */
    public static RuleSettings of(Parameters parameters, Set<DomainName> mandatoryDane, Instant now) {
        List<Rule> rules = new ArrayList<>(mandatoryDane.stream().map(RuleSettings::daneOnly).toList());
        parameters.text("tlsPolicies").ifPresent(text -> {
            RuleGrammar.Parsed parsed = RuleGrammar.rules(text, now, List.copyOf(rules));
            parameters.invalid("tlsPolicies", parsed.mistakes().stream().map(RuleGrammar.Mistake::toString).toList());
            rules.addAll(parsed.rules());
            parsed.rules().stream().filter(rule -> rule.isExpired(now)).forEach(rule -> parameters.warn("the rule of tlsPolicies for "
                + rule.destination() + " ended at " + rule.until().orElseThrow() + " and is ignored; take it out"));
        });
        Optional<Instant> observe = parameters.read("enforcement", ON, "on, or 'observe until=' with a date at most "
            + RuleGrammar.MAX_OBSERVATION.toDays() + " days ahead, such as 'observe until=2026-12-24'", text -> observe(text, now));
        observe.filter(end -> !now.isBefore(end)).ifPresent(end -> parameters.warn("enforcement: observing ended at " + end
            + ", and policies are enforced; write 'on'"));
        return new RuleSettings(rules, observe);
    }

    private static Optional<Instant> observe(String text, Instant now) {
        if (text.equals(ON)) {
            return Optional.empty();
        }
        Optional<Instant> end = text.startsWith(OBSERVE) ? RuleGrammar.until(text.substring(OBSERVE.length())) : Optional.empty();
        if (end.isEmpty() || end.get().isAfter(now.plus(RuleGrammar.MAX_OBSERVATION).plus(Duration.ofDays(1)))) {
            throw new IllegalArgumentException();
        }
        return end;
    }

    /** The rules that {@code mandatoryDane} is short for (RFC 7672 §6). */
    private static Rule daneOnly(DomainName domain) {
        return new Rule(new Destination(Destination.Kind.DOMAIN, domain.ascii()),
            new Requirement(Optional.of(Rule.Level.DANE_ONLY), List.of(), Optional.empty()),
            new Traffic(OptionalInt.empty(), Optional.empty(), Optional.empty()), Enforcement.ON, Optional.empty(), Optional.empty());
    }
}
