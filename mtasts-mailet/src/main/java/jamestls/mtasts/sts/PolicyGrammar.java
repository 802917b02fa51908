package jamestls.mtasts.sts;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The grammar of the policy file (RFC 8461 §3.2), taken at its word: {@code key:value} lines in any order, LF or CRLF after
 * each (optional after the last), blanks only after the colon and at the end of a line, no empty line.
 *
 * <p>Bytes are read as UTF-8, which only the values of unknown fields may use beyond ASCII; bytes that are not UTF-8 make the
 * policy invalid, as do control characters. Names are case-sensitive. Refused as well: more than 64 KiB (§3.3 suggests that
 * bound; nothing is ever cut to fit), and more than 1000 lines, so that a small text cannot become a large object.
 */
final class PolicyGrammar {

    /** In bytes. */
    static final int LARGEST_POLICY = 64 * 1024;
    static final int MOST_LINES = 1000;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,31}");
    private static final Pattern CONTROL = Pattern.compile("[\\x00-\\x1f\\x7f]");
    /** At most ten digits, so they fit a long (ABNF sts-policy-max-age, with erratum 7282). */
    private static final Pattern MAX_AGE = Pattern.compile("[0-9]{1,10}");

    private final List<String> lines = new ArrayList<>();
    private final List<MxPattern> mx = new ArrayList<>();
    private String version;
    private StsPolicy.Mode mode;
    private Duration maxAge;

    private PolicyGrammar() {
    }

    static ParsedPolicy parse(byte[] body) {
        if (body.length > LARGEST_POLICY) {
            return refused(0, "larger than " + LARGEST_POLICY + " bytes");
        }
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
        } catch (CharacterCodingException e) {
            return refused(0, "not UTF-8");
        }
        return new PolicyGrammar().read(text);
    }

    private ParsedPolicy read(String text) {
        int start = 0;
        while (start < text.length()) {
            int feed = text.indexOf('\n', start);
            int end = feed < 0 ? text.length() : feed;
            // CR ends a line only together with LF; anywhere else it is a control character
            boolean crlf = feed > start && text.charAt(feed - 1) == '\r';
            String line = text.substring(start, crlf ? end - 1 : end);
            if (lines.size() == MOST_LINES) {
                return refused(0, "more than " + MOST_LINES + " lines");
            }
            lines.add(line);
            String fault = field(line);
            if (fault != null) {
                return refused(lines.size(), fault);
            }
            start = end + 1;
        }
        return complete();
    }

    /** Takes one line in; what is wrong with it, or null. */
    private String field(String line) {
        int colon = line.indexOf(':');
        if (colon < 0) {
            return line.isBlank() ? "an empty line" : "no colon";
        }
        String name = line.substring(0, colon);
        if (!NAME.matcher(name).matches()) {
            return "not a field name before the colon";
        }
        String value = withoutBlanks(line.substring(colon + 1));
        if (value.isEmpty()) {
            return "a field without value";
        }
        if (CONTROL.matcher(value).find()) {
            return "a control character";
        }
        return switch (name) {
            case "version" -> version(value);
            case "mode" -> mode(value);
            case "max_age" -> maxAge(value);
            case "mx" -> mx(value);
            // RFC 8461 §3.2: unknown fields are ignored
            default -> null;
        };
    }

    // RFC 8461 §3.2: of duplicate fields the first counts and the others are ignored, all but mx

    private String version(String value) {
        if (version != null) {
            return null;
        }
        version = value;
        return value.equals("STSv1") ? null : "version is not STSv1";
    }

    private String mode(String value) {
        if (mode != null) {
            return null;
        }
        for (StsPolicy.Mode known : StsPolicy.Mode.values()) {
            if (known.wireName().equals(value)) {
                mode = known;
                return null;
            }
        }
        return "mode is not enforce, testing or none";
    }

    private String maxAge(String value) {
        if (maxAge != null) {
            return null;
        }
        if (!MAX_AGE.matcher(value).matches()) {
            return "max_age is not a number of 1 to 10 digits";
        }
        maxAge = Duration.ofSeconds(Long.parseLong(value));
        return maxAge.compareTo(StsPolicy.LONGEST_MAX_AGE) > 0 ? "max_age is more than a year (31557600)" : null;
    }

    private String mx(String value) {
        MxPattern pattern = MxPattern.parse(value).orElse(null);
        if (pattern == null) {
            return "mx is neither a host name in A-labels nor *. and one";
        }
        mx.add(pattern);
        return null;
    }

    private ParsedPolicy complete() {
        if (version == null) {
            return refused(0, "no version");
        }
        if (mode == null) {
            return refused(0, "no mode");
        }
        if (maxAge == null) {
            return refused(0, "no max_age");
        }
        if (mx.isEmpty() && mode != StsPolicy.Mode.NONE) {
            return refused(0, "no mx in mode " + mode.wireName());
        }
        return new ParsedPolicy.Valid(new StsPolicy(mode, maxAge, mx, lines));
    }

    private static ParsedPolicy refused(int line, String reason) {
        return new ParsedPolicy.Invalid(new PolicySyntaxError(line, reason));
    }

    /** Without the blanks and tabs around it. */
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
}
