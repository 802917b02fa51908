package jamestls.mtasts.sts;

import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.mtasts.sts.StsPolicy.PolicySyntaxError;
import jamestls.net.Sanitized;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The parser of the policy file, strictly by RFC 8461 §3.2: {@code key:value} lines in any order, LF or CRLF after
 * each (optional after the last), blanks only after the colon and at the end of a line.
 *
 * <p>Two common mistakes are tolerated and reported (docs/adr/0024): blank lines after the last field, and a
 * {@code max_age} above a year, which counts as a year.
 *
 * <p>Bytes are read as UTF-8, which only the values of unknown fields may use beyond ASCII; bytes that are not UTF-8 make the
 * policy invalid, as do control characters. Names are case-sensitive. Refused as well: more than 64 KiB (§3.3 suggests that
 * bound; nothing is ever cut to fit), and more than 1000 lines, so that a small text cannot become a large object.
 */
final class PolicyGrammar {

    /** In bytes. */
    static final int MAX_POLICY = 64 * 1024;
    static final int MAX_LINES = 1000;
    /** Of an invalid policy, in bytes; a text that ends within is quoted whole. */
    private static final int MAX_DECLARED = 4_096;
    private static final int MAX_DECLARED_LINES = 100;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,31}");
    private static final Pattern CONTROL = Pattern.compile("[\\x00-\\x1f\\x7f]");
    /** At most ten digits, so they fit a long (ABNF sts-policy-max-age, with erratum 7282). */
    private static final Pattern MAX_AGE = Pattern.compile("[0-9]{1,10}");

    private enum Until { FIRST_FAULT, END }

    /**
     * @param line as {@link PolicySyntaxError#line}
     * @param reason the fault's, completed where it depends on the text
     */
    record Finding(int line, PolicyFault fault, String reason) {
    }

    private final Until until;
    private final List<String> lines = new ArrayList<>();
    private final List<Finding> findings = new ArrayList<>();
    private final List<Finding> tolerated = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private final List<MxPattern> mx = new ArrayList<>();
    private StsPolicy.Mode mode;
    private Duration maxAge;

    private PolicyGrammar(Until until) {
        this.until = until;
    }

    static ParsedPolicy parse(byte[] body) {
        PolicyGrammar grammar = read(body, Until.FIRST_FAULT);
        if (grammar.findings.isEmpty()) {
            return new ParsedPolicy.Valid(grammar.policy());
        }
        Finding first = grammar.findings.getFirst();
        return new ParsedPolicy.Invalid(new PolicySyntaxError(first.line(), first.reason()));
    }

    /**
     * The lines of an invalid policy, as a report quotes them (RFC 8460 §4.5: "including any errors"). Of a stranger's text, so: the first
     * 4,096 bytes and 100 lines, without empty ones; bytes that are not UTF-8 become U+FFFD, control characters become {@code ?}.
     */
    static List<String> declared(byte[] body) {
        return new String(body, 0, Math.min(body.length, MAX_DECLARED), StandardCharsets.UTF_8).lines()
            .filter(line -> !line.isBlank()).limit(MAX_DECLARED_LINES).map(line -> Sanitized.line(line, MAX_DECLARED)).toList();
    }

    /** Finds all faults, not only the first. */
    static PolicyGrammar readAll(byte[] body) {
        return read(body, Until.END);
    }

    List<Finding> findings() {
        return findings;
    }

    /** The tolerated mistakes, which a strict sender refuses. */
    List<Finding> tolerated() {
        return tolerated;
    }

    List<String> lines() {
        return lines;
    }

    /** The parsed policy; only to be called without findings. */
    StsPolicy policy() {
        return new StsPolicy(mode, maxAge, mx, lines);
    }

    private static PolicyGrammar read(byte[] body, Until until) {
        PolicyGrammar grammar = new PolicyGrammar(until);
        if (body.length > MAX_POLICY) {
            grammar.find(0, PolicyFault.TOO_LARGE);
            return grammar;
        }
        try {
            grammar.read(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString());
        } catch (CharacterCodingException e) {
            grammar.find(0, PolicyFault.NOT_UTF8);
        }
        return grammar;
    }

    private void read(String text) {
        int start = 0;
        List<String> blank = new ArrayList<>();
        while (start < text.length()) {
            int feed = text.indexOf('\n', start);
            int end = feed < 0 ? text.length() : feed;
            // CR ends a line only before LF; elsewhere it is a control character
            boolean crlf = feed > start && text.charAt(feed - 1) == '\r';
            String line = text.substring(start, crlf ? end - 1 : end);
            if (lines.size() + blank.size() == MAX_LINES) {
                find(0, PolicyFault.TOO_MANY_LINES);
                return;
            }
            if (withoutBlanks(line).isEmpty()) {
                blank.add(line);
            } else {
                takeNotLast(blank);
                lines.add(line);
                PolicyFault fault = field(line);
                if (fault != null) {
                    find(lines.size(), fault);
                }
            }
            if (until == Until.FIRST_FAULT && !findings.isEmpty()) {
                return;
            }
            start = end + 1;
        }
        if (!blank.isEmpty() && !lines.isEmpty()) {
            tolerated.add(new Finding(lines.size() + 1, PolicyFault.EMPTY_LINE, "a blank line after the last field"));
        }
        complete();
    }

    /** Reports blank lines before a field, which are not tolerated. */
    private void takeNotLast(List<String> blank) {
        for (String line : blank) {
            lines.add(line);
            find(lines.size(), PolicyFault.EMPTY_LINE);
        }
        blank.clear();
    }

    /** Parses one line; returns its fault, or null. */
    private PolicyFault field(String line) {
        int colon = line.indexOf(':');
        if (colon < 0) {
            return PolicyFault.NO_COLON;
        }
        String name = line.substring(0, colon);
        if (!NAME.matcher(name).matches()) {
            return PolicyFault.BAD_NAME;
        }
        String value = withoutBlanks(line.substring(colon + 1));
        // RFC 8461 §3.2: of duplicate fields the first counts and the others are ignored, all but mx
        boolean first = names.add(name);
        if (value.isEmpty()) {
            return PolicyFault.NO_VALUE;
        }
        if (CONTROL.matcher(value).find()) {
            return PolicyFault.CONTROL_CHARACTER;
        }
        if (name.equals("mx")) {
            return mx(value);
        }
        return first ? single(name, value) : null;
    }

    private PolicyFault single(String name, String value) {
        return switch (name) {
            case "version" -> value.equals("STSv1") ? null : PolicyFault.BAD_VERSION;
            case "mode" -> mode(value);
            case "max_age" -> maxAge(value);
            // RFC 8461 §3.2: unknown fields are ignored
            default -> null;
        };
    }

    private PolicyFault mode(String value) {
        for (StsPolicy.Mode known : StsPolicy.Mode.values()) {
            if (known.wireName().equals(value)) {
                mode = known;
                return null;
            }
        }
        return PolicyFault.BAD_MODE;
    }

    private PolicyFault maxAge(String value) {
        if (!MAX_AGE.matcher(value).matches()) {
            return PolicyFault.BAD_MAX_AGE;
        }
        maxAge = Duration.ofSeconds(Long.parseLong(value));
        if (maxAge.compareTo(StsPolicy.MAX_MAX_AGE) > 0) {
            maxAge = StsPolicy.MAX_MAX_AGE;
            tolerated.add(new Finding(lines.size(), PolicyFault.LONG_MAX_AGE, PolicyFault.LONG_MAX_AGE.reason()));
        }
        return null;
    }

    private PolicyFault mx(String value) {
        Optional<MxPattern> pattern = MxPattern.parse(value);
        pattern.ifPresent(mx::add);
        return pattern.isPresent() ? null : PolicyFault.BAD_MX;
    }

    private void complete() {
        // missing fields; a field with a faulty value is not missing
        if (!names.contains("version")) {
            find(0, PolicyFault.NO_VERSION);
        }
        if (!names.contains("mode")) {
            find(0, PolicyFault.NO_MODE);
        }
        if (!names.contains("max_age")) {
            find(0, PolicyFault.NO_MAX_AGE);
        }
        if (!names.contains("mx") && mode != null && mode != StsPolicy.Mode.NONE) {
            findings.add(new Finding(0, PolicyFault.NO_MX, PolicyFault.NO_MX.reason() + mode.wireName()));
        }
    }

    private void find(int line, PolicyFault fault) {
        findings.add(new Finding(line, fault, fault.reason()));
    }

    /** Strips blanks and tabs. */
    private static String withoutBlanks(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && isBlank(text.charAt(from))) {
            from++;
        }
        while (to > from && isBlank(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    /** The faults of a policy file (RFC 8461 §3.2), each with its remedy. */
    enum PolicyFault {
        TOO_LARGE("larger than " + PolicyGrammar.MAX_POLICY + " bytes", "name fewer hosts, or use wildcards such as *.example.com"),
        NOT_UTF8("not UTF-8", "save the file as plain ASCII, without byte order mark"),
        TOO_MANY_LINES("more than " + PolicyGrammar.MAX_LINES + " lines", "name fewer hosts, or use wildcards such as *.example.com"),
        EMPTY_LINE("an empty line", "delete the line"),
        NO_COLON("no colon", "write each line as name: value, without comments"),
        BAD_NAME("not a field name before the colon",
            "names are letters, digits, '_', '-' and '.', at most 32, without blanks before or after and without byte order mark"),
        NO_VALUE("a field without value", "write the value after the colon, or delete the line"),
        CONTROL_CHARACTER("a control character", "delete it; lines end with CRLF or LF, never with CR alone"),
        BAD_VERSION("version is not STSv1", "write version: STSv1, with just these capitals"),
        BAD_MODE("mode is not enforce, testing or none", "write mode: enforce, mode: testing or mode: none, in small letters"),
        BAD_MAX_AGE("max_age is not a number of 1 to 10 digits", "write seconds as a bare number, for example max_age: 604800 for a week"),
        LONG_MAX_AGE("a max_age above a year (31557600)", "write max_age: 31557600 or less"),
        BAD_MX("mx is neither a host name in A-labels nor *. and one",
            "write one host per line: no preference, address or trailing dot, '*' as the whole first label only, A-labels"),
        NO_VERSION("no version", "add the line version: STSv1"),
        NO_MODE("no mode", "add the line mode: testing, or mode: enforce once the reports are clean"),
        NO_MAX_AGE("no max_age", "add the line max_age: 604800"),
        NO_MX("no mx in mode ", "add a line mx: for each mail host, or write mode: none to withdraw the policy");

        private final String reason;
        private final String remedy;

        PolicyFault(String reason, String remedy) {
            this.reason = reason;
            this.remedy = remedy;
        }

        String reason() {
            return reason;
        }

        String remedy() {
            return remedy;
        }
    }
}
