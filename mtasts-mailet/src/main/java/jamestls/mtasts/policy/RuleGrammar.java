package jamestls.mtasts.policy;

import jamestls.config.Durations;
import jamestls.config.NearestName;
import jamestls.dns.DomainName;
import jamestls.mtasts.mx.AddressOrder.Families;
import jamestls.mtasts.policy.Rule.Destination;
import jamestls.mtasts.policy.Rule.Enforcement;
import jamestls.mtasts.policy.Rule.Level;
import jamestls.mtasts.policy.Rule.Rate;
import jamestls.mtasts.policy.Rule.Requirement;
import jamestls.mtasts.policy.Rule.TlsVersion;
import jamestls.mtasts.policy.Rule.Traffic;
import jamestls.net.Sanitized;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The parser of rules per destination: one rule per line, a destination followed by words in any order. mailetcontainer.xml, commands and
 * routes use it. All mistakes of a text are reported together, with line, column and the nearest word.
 *
 * <pre>
 * partner.example   secure match=.partner.example
 * broken.example    may until=2026-12-24 reason="certificate expired, ticket 4711"
 * </pre>
 */
public final class RuleGrammar {

    /** The longest time ahead at which a rule that replaces a demand may end. */
    public static final Duration MAX_EXCEPTION = Duration.ofDays(30);
    /** The longest time ahead at which {@code observe} may end. */
    public static final Duration MAX_OBSERVATION = Duration.ofDays(90);
    /** The maximum number of rules in one text, or in one database. */
    public static final int MAX_RULES = 1_000;
    /** The maximum number of characters of one rule. */
    public static final int MAX_LINE = 1_000;
    private static final int MAX_REASON = 200;
    private static final int MAX_NAMES = 20;
    private static final int MAX_CONCURRENCY = 10_000;
    private static final int MAX_RATE = 1_000_000;
    private static final int MAX_SHOWN = 80;

    private static final String OBSERVE = "observe";
    private static final List<String> LEVELS = Arrays.stream(Level.values()).map(Level::word).toList();
    private static final List<String> ATTRIBUTES = List.of("match=", "tls>=", "concurrency=", "rate=", "families=", "until=", "reason=");
    private static final Pattern WORD = Pattern.compile("\\G\\s*((?:[^\\s\"]+|\"[^\"]*\")+)");
    private static final Pattern ATTRIBUTE = Pattern.compile("(?s)([^=>]*)(>?=)(.*)");
    private static final Pattern RATE = Pattern.compile("([0-9]{1,7})/([smh])");

    /**
     * A mistake.
     *
     * @param line from 1
     * @param column of the word, from 1
     * @param text what is wrong, and what is allowed
     */
    public record Mistake(int line, int column, String text) {

        @Override
        public String toString() {
            return "line " + line + ", column " + column + ": " + text;
        }
    }

    /** The correct rules in their order, and all mistakes. */
    public record Parsed(List<Rule> rules, List<Mistake> mistakes) {
        public Parsed {
            rules = List.copyOf(rules);
            mistakes = List.copyOf(mistakes);
        }
    }

    /** A text is no rule; the message says why. */
    public static final class NoRule extends IllegalArgumentException {

        private static final long serialVersionUID = 1L;

        NoRule(String message) {
            super(message);
        }
    }

    private final Instant now;
    private final int line;
    private final List<Mistake> mistakes;
    private final Map<String, Integer> seen = new HashMap<>();

    private Level level;
    private List<String> match = List.of();
    private TlsVersion atLeast;
    private OptionalInt concurrency = OptionalInt.empty();
    private Rate rate;
    private Families families;
    private Enforcement enforcement = Enforcement.ON;
    private Instant until;
    private String reason;

    private RuleGrammar(Instant now, int line, List<Mistake> mistakes) {
        this.now = now;
        this.line = line;
        this.mistakes = mistakes;
    }

    /**
     * Parses rules, one per line. Empty lines and lines that begin with {@code #} are ignored. An end in the past is no mistake.
     *
     * @param now the time that {@code until} is compared with
     * @param before earlier rules, which may hide one of these
     */
    public static Parsed rules(String text, Instant now, List<Rule> before) {
        List<Mistake> mistakes = new ArrayList<>();
        List<Rule> rules = new ArrayList<>();
        Map<Rule, Integer> lines = new HashMap<>();
        String[] written = text.split("\\R", -1);
        for (int i = 0; i < written.length; i++) {
            String each = written[i];
            int number = i + 1;
            if (each.isBlank() || each.strip().startsWith("#")) {
                continue;
            }
            if (lines.size() == MAX_RULES) {
                mistakes.add(new Mistake(number, 1, "more than " + MAX_RULES + " rules"));
                break;
            }
            new RuleGrammar(now, number, mistakes).read(each).ifPresent(rule -> {
                Optional<Rule> hiding = Stream.concat(before.stream(), rules.stream())
                    .filter(earlier -> !earlier.isExpired(now) && earlier.hides(rule)).findFirst();
                hiding.ifPresentOrElse(earlier -> mistakes.add(new Mistake(number, column(each), hidden(rule, earlier,
                    lines.containsKey(earlier) ? "in line " + lines.get(earlier) : "of mandatoryDane"))), () -> {
                        rules.add(rule);
                        lines.put(rule, number);
                    });
            });
        }
        return new Parsed(rules, mistakes);
    }

    /**
     * Parses one rule.
     *
     * @param now the time that {@code until} is compared with
     * @throws NoRule if there are mistakes; the message names all
     */
    public static Rule rule(String text, Instant now) {
        List<Mistake> mistakes = new ArrayList<>();
        Optional<Rule> rule = new RuleGrammar(now, 1, mistakes).read(text);
        return rule.orElseThrow(() -> new NoRule(String.join("; ", mistakes.stream().map(Mistake::text).toList())));
    }

    /**
     * Parses one rule from separate words, such as the options of a command or the members of a JSON object.
     *
     * @param words {@code level}, {@code observe} with any value, and the attributes such as {@code tls>=} with their values;
     *     {@code until=} may also be a duration such as {@code 3d}; null values are ignored
     * @throws NoRule if there are mistakes; the message names all
     */
    public static Rule rule(Destination destination, Map<String, String> words, Instant now) {
        StringBuilder line = new StringBuilder(destination.toString());
        words.forEach((name, value) -> {
            if (value == null) {
                return;
            }
            if (value.contains("\"")) {
                throw new NoRule(name + shown(value) + ": a value has no quotation marks in it");
            }
            switch (name) {
                case "level" -> {
                    if (value.chars().anyMatch(Character::isWhitespace)) {
                        throw new NoRule("'" + shown(value) + "' is more than one word");
                    }
                    line.append(' ').append(value);
                }
                case OBSERVE -> line.append(' ').append(OBSERVE);
                // quoted, so that it can't be read as another word
                default -> line.append(' ').append(name).append('"').append(name.equals("until=") ? end(value, now) : value).append('"');
            }
        });
        return rule(line.toString(), now);
    }

    private static String end(String until, Instant now) {
        try {
            return now.plus(Durations.parse(until, ChronoUnit.DAYS)).truncatedTo(ChronoUnit.SECONDS).toString();
        } catch (IllegalArgumentException | ArithmeticException | DateTimeException none) {
            return until;
        }
    }

    /** The message for a rule that is never reached. */
    static String hidden(Rule rule, Rule earlier, String where) {
        return "the rule for '" + rule.destination() + "' is never reached: the one for '" + earlier.destination() + "' " + where
            + " comes before it and is for the same destinations";
    }

    private static int column(String line) {
        return line.length() - line.stripLeading().length() + 1;
    }

    private Optional<Rule> read(String text) {
        int before = mistakes.size();
        if (text.length() > MAX_LINE) {
            mistake(MAX_LINE, "the line is longer than " + MAX_LINE + " characters");
            return Optional.empty();
        }
        if (text.chars().filter(c -> c == '"').count() % 2 == 1) {
            mistake(text.lastIndexOf('"') + 1, "a quotation mark without its other one");
            return Optional.empty();
        }
        Matcher words = WORD.matcher(text);
        Optional<Destination> destination = Optional.empty();
        for (boolean first = true; words.find(); first = false) {
            int column = words.start(1) + 1;
            if (first) {
                String name = words.group(1);
                destination = Destination.parse(name);
                if (destination.isEmpty()) {
                    mistake(column, "'" + shown(name) + "' is no destination: write domain, .domain, mx:host, mx:.host or *");
                }
            } else {
                word(words.group(1), column);
            }
        }
        if (mistakes.size() == before) {
            together(column(text));
        }
        return mistakes.size() > before ? Optional.empty() : Optional.of(new Rule(destination.orElseThrow(),
            new Requirement(Optional.ofNullable(level), match, Optional.ofNullable(atLeast)),
            new Traffic(concurrency, Optional.ofNullable(rate), Optional.ofNullable(families)), enforcement,
            Optional.ofNullable(until), Optional.ofNullable(reason)));
    }

    private void word(String word, int column) {
        Matcher attribute = ATTRIBUTE.matcher(word);
        boolean known = attribute.matches() && ATTRIBUTES.contains(attribute.group(1) + attribute.group(2));
        if (!known && !LEVELS.contains(word) && !word.equals(OBSERVE)) {
            List<String> all = Stream.of(LEVELS, List.of(OBSERVE), ATTRIBUTES).flatMap(List::stream).toList();
            String typed = attribute.matches() ? attribute.group(1) + attribute.group(2) : word;
            mistake(column, "'" + shown(word) + "' is neither a level (" + String.join(", ", LEVELS) + ") nor observe nor one of "
                + String.join(", ", ATTRIBUTES) + NearestName.question(typed, all));
            return;
        }
        String name = known ? attribute.group(1) : LEVELS.contains(word) ? "a level" : word;
        if (seen.putIfAbsent(name, column) != null) {
            mistake(column, "'" + shown(word) + "': " + name + " stands twice in this rule");
            return;
        }
        if (known) {
            String value = attribute.group(3);
            boolean quoted = value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"");
            attribute(name, quoted ? value.substring(1, value.length() - 1) : value, column + attribute.start(3));
        } else if (word.equals(OBSERVE)) {
            enforcement = Enforcement.OBSERVE;
        } else {
            level = Level.values()[LEVELS.indexOf(word)];
        }
    }

    private void attribute(String name, String value, int column) {
        switch (name) {
            case "match" -> match = match(value, column);
            case "tls" -> atLeast = Arrays.stream(TlsVersion.values()).filter(version -> version.word().equals(value)).findFirst()
                .orElseGet(() -> mistake(column, "'" + shown(value) + "' is no version of TLS that is spoken here: write 1.2 or 1.3"));
            case "concurrency" -> concurrency = number(value, column).map(OptionalInt::of).orElse(OptionalInt.empty());
            case "rate" -> rate = rate(value).orElseGet(() -> mistake(column, "'" + shown(value)
                + "' is no rate: write deliveries per second, minute or hour, such as 5/s, 30/m or 600/h, from 1 to " + MAX_RATE));
            case "families" -> families = Families.of(value).orElseGet(() -> mistake(column, "'" + shown(value) + "' is none of "
                + Families.allowed() + NearestName.question(value, Arrays.stream(Families.values()).map(Families::toString).toList())));
            case "until" -> until = until(value).orElseGet(() -> mistake(column, "'" + shown(value)
                + "' is no date: write 2026-12-24, which ends with that day in UTC, or 2026-12-24T18:00Z"));
            case "reason" -> reason = reason(value, column);
            default -> throw new IllegalStateException(name);
        }
    }

    private Optional<Integer> number(String value, int column) {
        if (value.matches("[0-9]{1,5}") && Integer.parseInt(value) >= 1 && Integer.parseInt(value) <= MAX_CONCURRENCY) {
            return Optional.of(Integer.parseInt(value));
        }
        mistake(column, "'" + shown(value) + "' is no number from 1 to " + MAX_CONCURRENCY);
        return Optional.empty();
    }

    private static Optional<Rate> rate(String value) {
        Matcher matcher = RATE.matcher(value);
        return matcher.matches() && Integer.parseInt(matcher.group(1)) >= 1 && Integer.parseInt(matcher.group(1)) <= MAX_RATE
            ? Rate.Unit.of(matcher.group(2)).map(unit -> new Rate(Integer.parseInt(matcher.group(1)), unit)) : Optional.empty();
    }

    /** Parses a date, whose day in UTC is included, or a time with its offset. */
    static Optional<Instant> until(String value) {
        try {
            return Optional.of(value.contains("T") ? OffsetDateTime.parse(value).toInstant()
                : LocalDate.parse(value).plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant());
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    private String reason(String value, int column) {
        String clean = Sanitized.line(value, MAX_REASON).strip();
        if (value.isBlank() || !clean.equals(value.strip())) {
            return mistake(column, "a reason is 1 to " + MAX_REASON + " printable characters, such as reason=\"ticket 4711\"");
        }
        return clean;
    }

    private List<String> match(String value, int column) {
        List<String> names = new ArrayList<>();
        int at = column;
        for (String written : value.split(":", -1)) {
            boolean word = List.of("hostname", "nexthop", "dot-nexthop").contains(written);
            String dot = written.startsWith(".") ? "." : "";
            Optional<String> name = word ? Optional.of(written)
                : DomainName.parse(written.substring(dot.length())).map(parsed -> dot + parsed.ascii());
            int here = at;
            names.add(name.orElseGet(() -> mistake(here, "'" + shown(written)
                + "' is no name of a certificate: write name, .name, hostname, nexthop or dot-nexthop, separated by colons")));
            at += written.length() + 1;
        }
        if (names.size() > MAX_NAMES) {
            mistake(column, "more than " + MAX_NAMES + " names");
        }
        return names.contains(null) ? List.of() : names;
    }

    /** Checks which words may stand together. */
    private void together(int column) {
        boolean observe = enforcement == Enforcement.OBSERVE;
        if (seen.isEmpty()) {
            mistake(column, "a destination alone changes nothing: add a level (" + String.join(", ", LEVELS) + ") or one of "
                + String.join(", ", ATTRIBUTES));
        }
        if (level == Level.NONE && (until == null || reason == null || observe)) {
            mistake(seen.get("a level"), "none sends in clear text, so it needs until= (at most " + MAX_EXCEPTION.toDays()
                + " days ahead) and reason=" + (observe ? ", and can't be observed" : ""));
        } else if (observe && until == null) {
            mistake(seen.get(OBSERVE), "observe needs until=, at most " + MAX_OBSERVATION.toDays() + " days ahead");
        } else if (until != null && reason == null && !observe) {
            mistake(seen.get("until"), "until needs reason=: a rule with an end takes the place of what the domain demands");
        } else if (reason != null && until == null) {
            mistake(seen.get("reason"), "reason needs until=: a rule without an end only adds to what the domain demands");
        }
        if (!match.isEmpty() && (level == null || !level.isVerified())) {
            mistake(seen.get("match"), "match= belongs to verify or secure");
        }
        if (atLeast != null && level != null && level.compareTo(Level.ENCRYPT) < 0) {
            mistake(seen.get("tls"), "tls>= requires TLS, and " + level.word() + " does not: write encrypt or a stricter level");
        }
        Duration longest = observe ? MAX_OBSERVATION : MAX_EXCEPTION;
        // one day more, because a date includes its day
        if (until != null && until.isAfter(now.plus(longest).plus(Duration.ofDays(1)))) {
            mistake(seen.get("until"), "until is too far ahead: at most " + longest.toDays() + " days");
        }
    }

    private <T> T mistake(int column, String text) {
        mistakes.add(new Mistake(line, column, text));
        return null;
    }

    private static String shown(String text) {
        return Sanitized.line(text, MAX_SHOWN);
    }
}
