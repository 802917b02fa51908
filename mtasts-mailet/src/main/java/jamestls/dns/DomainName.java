package jamestls.dns;

import jamestls.net.Sanitized;
import java.net.IDN;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A DNS name in the one form this project compares and sends: A-labels (RFC 5890), lower case, no trailing dot,
 * at most 253 characters in labels of 1 to 63 letters, digits, hyphens and underscores. Never the root, never an
 * address literal in brackets, never a bare IPv4 address.
 *
 * @param ascii the name, for example {@code mta-sts.xn--bcher-kva.example}
 */
public record DomainName(String ascii) implements Comparable<DomainName> {

    private static final int MAX_NAME = 253;
    private static final int MAX_QUOTED = 80;
    private static final Pattern LABELS =
        Pattern.compile("(?!-)[a-z0-9_-]{1,63}(?<!-)(\\.(?!-)[a-z0-9_-]{1,63}(?<!-))*+");
    private static final Pattern IPV4 = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");

    /** @throws IllegalArgumentException when {@code ascii} is not already in the canonical form */
    public DomainName {
        if (ascii.length() > MAX_NAME || !LABELS.matcher(ascii).matches() || IPV4.matcher(ascii).matches()) {
            throw new IllegalArgumentException("not a domain name: " + quoted(ascii));
        }
    }

    /**
     * Reads a name as people and protocols write it: any case, U-labels or A-labels, one trailing dot allowed. U-labels that
     * IDNA 2003, which is what the JDK has, and IDNA 2008 take for two different names are refused: {@code faß.example} would
     * become {@code fass.example}, which another may own.
     *
     * @throws IllegalArgumentException when it is no domain name; the message quotes at most 80 characters of it
     */
    public static DomainName of(String text) {
        return parse(text).orElseThrow(() -> new IllegalArgumentException("not a domain name: " + quoted(text)));
    }

    /** Like {@link #of}, with an empty answer in place of the exception. */
    public static Optional<DomainName> parse(String text) {
        String bare = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        if (bare.isEmpty() || bare.length() > MAX_NAME) {
            return Optional.empty();
        }
        try {
            if (isAscii(bare)) {
                return Optional.of(new DomainName(bare.toLowerCase(Locale.ROOT)));
            }
            String ascii = IDN.toASCII(bare);
            return isSameInBothStandards(bare, ascii) ? Optional.of(new DomainName(ascii.toLowerCase(Locale.ROOT))) : Optional.empty();
        } catch (IllegalArgumentException notAName) {
            return Optional.empty();
        }
    }

    /** The name below this one, for example {@code child("_mta-sts")}.
     *
     * @throws IllegalArgumentException when the result is longer than 253 characters
     */
    public DomainName child(String labels) {
        return new DomainName(labels + "." + ascii);
    }

    @Override
    public int compareTo(DomainName other) {
        return ascii.compareTo(other.ascii);
    }

    @Override
    public String toString() {
        return ascii;
    }

    /**
     * Whether nothing but case, width and dots was changed on the way to A-labels. IDNA 2003 also maps characters away that IDNA 2008
     * keeps: ß, ς, joiners (UTS 46 §2.3), and letters that had no lower case in Unicode 3.2.
     */
    private static boolean isSameInBothStandards(String text, String ascii) {
        StringBuilder lower = new StringBuilder();
        // one by one: String.toLowerCase makes a final sigma of some capital ones
        text.codePoints().map(Character::toLowerCase).forEach(lower::appendCodePoint);
        String kept = Normalizer.normalize(lower, Normalizer.Form.NFKC).replace('\u3002', '.');
        return IDN.toUnicode(ascii.toLowerCase(Locale.ROOT)).equals(kept);
    }

    private static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c < 0x80);
    }

    private static String quoted(String text) {
        return "'" + Sanitized.line(text, MAX_QUOTED) + (text.length() > MAX_QUOTED ? "…" : "") + "'";
    }
}
