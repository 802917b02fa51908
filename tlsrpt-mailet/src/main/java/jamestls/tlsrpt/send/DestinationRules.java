package jamestls.tlsrpt.send;

import jamestls.dns.DomainName;
import jamestls.rua.Address;
import jamestls.rua.Rua;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The operator's rules about destinations, which come from untrusted DNS (RFC 8460 §7, §8). The first rule that matches decides; without
 * a match the destination is allowed. The syntax is
 *
 * <pre>
 * allow   reports.example.net              this host, or addresses in this domain
 * deny    .example.net                     this domain and all below it
 * deny    abuse@example.org                this address
 * replace old@example.com new@example.com  reports for the first go to the second
 * deny    *                                everything that no rule before allows
 * </pre>
 *
 * with one rule per line, or separated by commas. HTTPS destinations must use one of the given ports.
 */
public final class DestinationRules {

    /** Bounds the mails and connections that one TLSRPT record can cause (RFC 8460 §7). */
    private static final int MAX_DESTINATIONS = 10;

    private final List<Rule> rules;
    private final Set<Integer> ports;

    private enum Verb { ALLOW, DENY, REPLACE }

    private record Rule(Verb verb, String pattern, Optional<Rua> replacement) {

        boolean matches(String address, DomainName host) {
            if (pattern.equals("*") || pattern.equals(address.toLowerCase(Locale.ROOT))) {
                return true;
            }
            return pattern.startsWith(".")
                ? ("." + host.ascii()).endsWith(pattern)
                : pattern.equals(host.ascii());
        }

        @Override
        public String toString() {
            return verb.name().toLowerCase(Locale.ROOT) + " " + pattern + replacement.map(rua -> " " + rua.uri()).orElse("");
        }
    }

    private DestinationRules(List<Rule> rules, Set<Integer> ports) {
        this.rules = List.copyOf(rules);
        this.ports = Set.copyOf(ports);
    }

    /**
     * Parses the rules.
     *
     * @param ports allowed ports of HTTPS destinations
     * @throws IllegalArgumentException on the first invalid rule; the message names it
     */
    public static DestinationRules parse(String text, Set<Integer> ports) {
        List<Rule> rules = new ArrayList<>();
        for (String line : text.split("[,\\r\\n]")) {
            if (!line.isBlank()) {
                rules.add(rule(line.strip()));
            }
        }
        return new DestinationRules(rules, ports);
    }

    /**
     * The destinations of a record after the rules were applied.
     *
     * @param allowed destinations of reports, each once, at most {@value #MAX_DESTINATIONS}
     * @param denied destinations denied by a rule or because of their port, and one entry for those excess the limit, with the reason
     */
    public record Ruled(List<Rua> allowed, List<Rua.Unusable> denied) {
    }

    /** Applies the rules to each destination, then removes duplicates and destinations excess the limit (RFC 8460 §7). */
    public Ruled rule(List<Rua> destinations) {
        Map<String, Rua> allowed = new LinkedHashMap<>();
        List<Rua.Unusable> denied = new ArrayList<>();
        List<Rua> excess = new ArrayList<>();
        for (Rua destination : destinations) {
            switch (apply(destination)) {
                case Rua.Unusable unusable when denied.size() < MAX_DESTINATIONS -> denied.add(unusable);
                case Rua.Unusable unusable -> { }
                case Rua after when allowed.size() == MAX_DESTINATIONS && !allowed.containsKey(after.id()) -> excess.add(after);
                case Rua after -> allowed.putIfAbsent(after.id(), after);
            }
        }
        if (!excess.isEmpty()) {
            denied.add(new Rua.Unusable(excess.getFirst().uri(), "the record names more than " + MAX_DESTINATIONS
                + " destinations; this one and " + (excess.size() - 1) + " after it get no report"));
        }
        return new Ruled(List.copyOf(allowed.values()), denied);
    }

    /** The destination after the rules: itself, its replacement, or an {@link Rua.Unusable} with the reason. */
    public Rua apply(Rua destination) {
        Optional<DomainName> host = host(destination);
        if (host.isEmpty()) {
            return destination;
        }
        String address = destination instanceof Rua.Mailto mailto ? mailto.address() : destination.uri();
        for (Rule rule : rules) {
            if (rule.matches(address, host.get())) {
                return switch (rule.verb()) {
                    case ALLOW -> withAllowedPort(destination);
                    case DENY -> new Rua.Unusable(destination.uri(), "denied by the rule '" + rule + "'");
                    case REPLACE -> rule.replacement().orElseThrow();
                };
            }
        }
        return withAllowedPort(destination);
    }

    /** The host that gets the report: that of the URI, or the domain of the mail address. Empty if the destination is unusable. */
    static Optional<DomainName> host(Rua destination) {
        return switch (destination) {
            case Rua.Mailto mailto -> Optional.of(Address.domainOf(mailto.address()));
            case Rua.Https https -> DomainName.parse(https.location().getHost());
            case Rua.Unusable unusable -> Optional.empty();
        };
    }

    private Rua withAllowedPort(Rua destination) {
        // RFC 8460 §7: a record must not direct our connections to an arbitrary port
        return destination instanceof Rua.Https https && https.location().getPort() != -1 && !ports.contains(https.location().getPort())
            ? new Rua.Unusable(https.uri(), "port " + https.location().getPort() + " is not among those allowed for reports")
            : destination;
    }

    private static Rule rule(String line) {
        String[] words = line.split("\\s+");
        Verb verb = switch (words[0]) {
            case "allow" -> Verb.ALLOW;
            case "deny" -> Verb.DENY;
            case "replace" -> Verb.REPLACE;
            default -> throw new IllegalArgumentException("'" + line + "' must begin with allow, deny or replace");
        };
        boolean replaces = verb == Verb.REPLACE;
        if (words.length != (replaces ? 3 : 2)) {
            throw new IllegalArgumentException("'" + line + "' needs "
                + (replaces ? "an old and a new destination" : "one host or address"));
        }
        return new Rule(verb, pattern(words[1], line), replaces ? Optional.of(replacement(words[2], line)) : Optional.empty());
    }

    private static String pattern(String text, String line) {
        if (text.equals("*") || text.startsWith("https:")) {
            return text.toLowerCase(Locale.ROOT);
        }
        if (text.contains("@")) {
            return Address.canonical(text).map(address -> address.toLowerCase(Locale.ROOT))
                .orElseThrow(() -> new IllegalArgumentException("'" + line + "': '" + text + "' is not a mail address"));
        }
        String dot = text.startsWith(".") ? "." : "";
        return DomainName.parse(text.substring(dot.length())).map(name -> dot + name.ascii())
            .orElseThrow(() -> new IllegalArgumentException("'" + line + "': '" + text + "' is not a host, an address or *"));
    }

    private static Rua replacement(String text, String line) {
        Rua rua = text.startsWith("https:") || text.startsWith("mailto:") ? Rua.of(text)
            : Address.canonical(text).<Rua>map(address -> new Rua.Mailto("mailto:" + address, address))
                .orElse(new Rua.Unusable(text, "not a destination"));
        if (rua instanceof Rua.Unusable) {
            throw new IllegalArgumentException("'" + line + "': '" + text + "' is neither a mail address nor an https URI");
        }
        return rua;
    }
}
