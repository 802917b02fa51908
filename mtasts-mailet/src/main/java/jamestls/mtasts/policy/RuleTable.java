package jamestls.mtasts.policy;

import jamestls.dns.DomainName;
import jamestls.mtasts.policy.Rule.Destination;
import jamestls.mtasts.policy.Rules.Entry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An index of all rules, in the order of look-up.
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

    /** The first rule that matches a name and has not ended. */
    Optional<Entry> first(Destination.Kind kind, DomainName name, Instant now) {
        if (byPattern.isEmpty()) {
            return Optional.empty();
        }
        return Destination.patternsFor(kind, name).stream().map(pattern -> new Destination(kind, pattern).toString())
            .flatMap(pattern -> byPattern.getOrDefault(pattern, List.of()).stream()).sorted().map(entries::get)
            .filter(entry -> !entry.rule().isExpired(now)).findFirst();
    }
}
