package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One {@code mx} line of a policy: a host name, or {@code *.} and a domain for every name with exactly one more label
 * (RFC 8461 §4.1).
 *
 * @param text in A-labels and lower case, without trailing dot, for example {@code mail.example.org} or
 *     {@code *.example.org}
 */
public record MxPattern(String text) {

    private static final String WILDCARD = "*.";
    /** RFC 5321 §4.1.2, Domain: no underscore, no empty label, and so no trailing dot. */
    private static final Pattern LETTERS_DIGITS_HYPHENS = Pattern.compile("[a-z0-9.-]+");

    /** @throws IllegalArgumentException when {@code text} is no pattern in that form */
    public MxPattern {
        String domain = text.startsWith(WILDCARD) ? text.substring(WILDCARD.length()) : text;
        if (!LETTERS_DIGITS_HYPHENS.matcher(domain).matches() || domain.endsWith(".")) {
            throw new IllegalArgumentException("not an mx pattern");
        }
        new DomainName(domain);
    }

    /**
     * Reads a pattern as it stands in a policy: upper case is allowed, U-labels are not (RFC 8461 §3.2), nor are IP
     * addresses.
     */
    public static Optional<MxPattern> parse(String text) {
        try {
            // checked before the case is folded, because a few letters beyond ASCII fold into it
            return text.chars().allMatch(c -> c < 0x80) ? Optional.of(new MxPattern(text.toLowerCase(Locale.ROOT))) : Optional.empty();
        } catch (IllegalArgumentException notAPattern) {
            return Optional.empty();
        }
    }

    /** Whether the pattern matches this host. */
    public boolean matches(DomainName mxHost) {
        if (!text.startsWith(WILDCARD)) {
            return text.equals(mxHost.ascii());
        }
        // RFC 8461 §4.1: the wildcard stands for the whole left-most label and for nothing else
        String host = mxHost.ascii();
        int firstDot = host.indexOf('.');
        return firstDot > 0 && host.length() - firstDot == text.length() - 1 && host.regionMatches(firstDot, text, 1, text.length() - 1);
    }

    @Override
    public String toString() {
        return text;
    }
}
