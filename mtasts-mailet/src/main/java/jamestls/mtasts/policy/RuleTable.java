package jamestls.mtasts.policy;

import jamestls.dns.DomainName;
import jamestls.mtasts.policy.Rule.Destination;
import jamestls.mtasts.policy.Rules.Entry;
import jamestls.mtasts.policy.Rules.Found;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All rules in the order of look-up, and the look-up. Immutable.
 *
 * @param byPattern the positions of the rules of each pattern
 * @param broken the destinations of rules that are skipped
 */
record RuleTable(List<Entry> entries, Map<String, List<Integer>> byPattern, List<String> broken) {

    static RuleTable of(List<Entry> entries, List<String> broken) {
        Map<String, List<Integer>> byPattern = new HashMap<>();
        for (int i = 0; i < entries.size(); i++) {
            byPattern.computeIfAbsent(entries.get(i).rule().destination().toString(), unseen -> new ArrayList<>()).add(i);
        }
        return new RuleTable(List.copyOf(entries), byPattern, List.copyOf(broken));
    }

    /** The rules in force for mail to a domain through a host. */
    Found find(DomainName domain, DomainName host, Instant now) {
        return entries.isEmpty() ? Found.NOTHING
            : new Found(first(Destination.Kind.DOMAIN, domain, now), first(Destination.Kind.MX, host, now));
    }

    /** The first rule that matches a name and has not ended. */
    private Optional<Entry> first(Destination.Kind kind, DomainName name, Instant now) {
        return Destination.patternsFor(kind, name).stream().map(pattern -> new Destination(kind, pattern).toString())
            .flatMap(pattern -> byPattern.getOrDefault(pattern, List.of()).stream()).sorted().map(entries::get)
            .filter(entry -> !entry.rule().isExpired(now)).findFirst();
    }

    /** All rules that match a name as a domain or as a host, ended ones included. */
    List<Entry> show(DomainName name) {
        return entries.stream().filter(entry -> Destination.patternsFor(entry.rule().destination().kind(), name)
            .contains(entry.rule().destination().pattern())).toList();
    }

    /** The rules with an end that are in force. */
    List<Entry> exceptions(Instant now) {
        return entries.stream().filter(entry -> entry.rule().until().isPresent() && !entry.rule().isExpired(now)).toList();
    }
}
