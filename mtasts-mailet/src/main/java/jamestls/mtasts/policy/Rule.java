package jamestls.mtasts.policy;

import jamestls.dns.DomainName;
import jamestls.mtasts.mx.AddressOrder.Families;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A rule of the operator for mail to some destinations, in Postfix's words. {@link RuleGrammar} parses it; docs/reference/rules.md
 * explains the levels.
 *
 * @param destination the domains or hosts it applies to
 * @param requirement what a session must have
 * @param traffic limits of the deliveries, and the addresses to use
 * @param enforcement whether a host that falls short gets no mail, or only a line in the log
 * @param until when the rule ends; empty if it has no end
 * @param reason the operator's reason; empty without an end, or with {@code observe}
 */
public record Rule(Destination destination, Requirement requirement, Traffic traffic, Enforcement enforcement, Optional<Instant> until,
                   Optional<String> reason) {

    /** What a rule demands of TLS, from the weakest to the strictest; the words are those of Postfix's TLS_README. */
    public enum Level {
        NONE, MAY, ENCRYPT, DANE, DANE_ONLY, VERIFY, SECURE;

        /** The word in a rule. */
        public String word() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }

        /** Whether the certificate is verified with trusted authorities and the names of the rule. */
        boolean isVerified() {
            return this == VERIFY || this == SECURE;
        }
    }

    /** A minimum version of TLS. */
    public enum TlsVersion {
        TLS_1_2("1.2", List.of("TLSv1.2", "TLSv1.3")),
        TLS_1_3("1.3", List.of("TLSv1.3"));

        private final String word;
        private final List<String> protocols;

        TlsVersion(String word, List<String> protocols) {
            this.word = word;
            this.protocols = protocols;
        }

        /** The word in a rule. */
        public String word() {
            return word;
        }

        /** @param protocol the name in JSSE */
        boolean isMetBy(String protocol) {
            return protocols.contains(protocol);
        }
    }

    /** The consequence for a host that does not satisfy the rule. */
    public enum Enforcement {
        /** The host gets no mail. */
        ON,
        /** The host gets the mail if no other host does, and the log says that the mail would have been held. */
        OBSERVE
    }

    /**
     * The destinations of a rule.
     *
     * @param kind whether domains or hosts are compared
     * @param pattern a name, {@code .name} for everything below it, or {@code *} for every domain
     */
    public record Destination(Kind kind, String pattern) {

        /** The name by which a rule is looked up. */
        public enum Kind {
            /** The recipient domain; with a gateway, the gateway's name. */
            DOMAIN,
            /** The mail host. */
            MX
        }

        private static final String MX_PREFIX = "mx:";
        private static final String EVERYTHING = "*";

        /** Parses {@code domain}, {@code .domain}, {@code mx:host}, {@code mx:.host} or {@code *}; empty for other texts. */
        public static Optional<Destination> parse(String text) {
            if (text.equals(EVERYTHING)) {
                return Optional.of(new Destination(Kind.DOMAIN, EVERYTHING));
            }
            boolean mx = text.regionMatches(true, 0, MX_PREFIX, 0, MX_PREFIX.length());
            String name = mx ? text.substring(MX_PREFIX.length()) : text;
            String dot = name.startsWith(".") ? "." : "";
            return DomainName.parse(name.substring(dot.length()))
                .map(parsed -> new Destination(mx ? Kind.MX : Kind.DOMAIN, dot + parsed.ascii()));
        }

        /** Whether these destinations include all of the other ones. */
        boolean covers(Destination other) {
            return kind == other.kind && (pattern.equals(EVERYTHING) || pattern.equals(other.pattern)
                || pattern.startsWith(".") && other.pattern.endsWith(pattern));
        }

        /** All patterns that match a name, the most specific first. */
        static List<String> patternsFor(Kind kind, DomainName name) {
            List<String> patterns = new ArrayList<>();
            patterns.add(name.ascii());
            for (int dot = name.ascii().indexOf('.'); dot >= 0; dot = name.ascii().indexOf('.', dot + 1)) {
                patterns.add(name.ascii().substring(dot));
            }
            if (kind == Kind.DOMAIN) {
                patterns.add(EVERYTHING);
            }
            return patterns;
        }

        @Override
        public String toString() {
            return (kind == Kind.MX ? MX_PREFIX : "") + pattern;
        }
    }

    /**
     * The TLS that a session must have.
     *
     * @param level empty if the rule names none
     * @param match for {@code verify} and {@code secure}: the names of which the certificate must have one, {@code .name} for any name
     *     below, {@code hostname}, {@code nexthop} or {@code dot-nexthop}; empty for the default of the level
     * @param atLeast the minimum version of TLS
     */
    public record Requirement(Optional<Level> level, List<String> match, Optional<TlsVersion> atLeast) {

        private static final List<String> HOSTNAME = List.of("hostname");
        private static final List<String> NEXTHOP = List.of("nexthop", "dot-nexthop");

        public Requirement {
            match = List.copyOf(match);
        }

        /** The level; {@code encrypt} if only a version is given. */
        Level effective() {
            return level.orElse(Level.ENCRYPT);
        }

        boolean isEmpty() {
            return level.isEmpty() && atLeast.isEmpty();
        }

        /** The names of which the certificate must have one, {@code .name} for any name below. */
        List<String> names(DomainName domain, DomainName host) {
            List<String> written = !match.isEmpty() ? match : effective() == Level.SECURE ? NEXTHOP : HOSTNAME;
            return written.stream().map(name -> switch (name) {
                case "hostname" -> host.ascii();
                case "nexthop" -> domain.ascii();
                case "dot-nexthop" -> "." + domain.ascii();
                default -> name;
            }).toList();
        }

        /** Whether the names come from the MX record only. */
        boolean isNamedByMx() {
            return effective() == Level.VERIFY && (match.isEmpty() || match.contains("hostname"));
        }
    }

    /**
     * Limits of the deliveries, and the addresses to use.
     *
     * @param concurrency maximum of concurrent deliveries, of this server
     * @param rate maximum rate of deliveries, of this server
     * @param families the address families, in place of the parameter {@code addressFamilies}
     */
    public record Traffic(OptionalInt concurrency, Optional<Rate> rate, Optional<Families> families) {

        boolean isEmpty() {
            return concurrency.isEmpty() && rate.isEmpty() && families.isEmpty();
        }
    }

    /** A number of deliveries per unit of time. */
    public record Rate(int deliveries, Unit unit) {

        /** The unit of time of a rate. */
        public enum Unit {
            SECOND("s", 1), MINUTE("m", 60), HOUR("h", 3600);

            private final String word;
            private final int seconds;

            Unit(String word, int seconds) {
                this.word = word;
                this.seconds = seconds;
            }

            static Optional<Unit> of(String word) {
                return Arrays.stream(values()).filter(unit -> unit.word.equals(word)).findFirst();
            }
        }

        /** The time between two deliveries, in nanoseconds. */
        public long nanosApart() {
            return unit.seconds * 1_000_000_000L / deliveries;
        }

        @Override
        public String toString() {
            return deliveries + "/" + unit.word;
        }
    }

    /** Whether it replaces the domain's own demand; every other rule only adds to it. */
    public boolean replaces() {
        return until.isPresent() && reason.isPresent() && enforcement == Enforcement.ON;
    }

    public boolean isExpired(Instant now) {
        return until.filter(end -> !now.isBefore(end)).isPresent();
    }

    /** Whether the other rule is never reached if it comes after this one. */
    boolean hides(Rule later) {
        boolean outlasts = until.isEmpty() || later.until.filter(end -> !end.isAfter(until.get())).isPresent();
        return outlasts && destination.covers(later.destination);
    }

    /** The level for log lines, else the minimum version of TLS. */
    String inLog() {
        return requirement.level().map(Level::word)
            .orElseGet(() -> requirement.atLeast().map(version -> "tls" + version.word()).orElse("-"));
    }

    /** The rule as a line of the grammar. */
    @Override
    public String toString() {
        List<String> words = new ArrayList<>();
        words.add(destination.toString());
        requirement.level().ifPresent(level -> words.add(level.word()));
        if (!requirement.match().isEmpty()) {
            words.add("match=" + String.join(":", requirement.match()));
        }
        requirement.atLeast().ifPresent(version -> words.add("tls>=" + version.word()));
        traffic.concurrency().ifPresent(most -> words.add("concurrency=" + most));
        traffic.rate().ifPresent(rate -> words.add("rate=" + rate));
        traffic.families().ifPresent(families -> words.add("families=" + families));
        if (enforcement == Enforcement.OBSERVE) {
            words.add("observe");
        }
        until.ifPresent(end -> words.add("until=" + end));
        reason.ifPresent(text -> words.add("reason=\"" + text + "\""));
        return String.join(" ", words);
    }
}
