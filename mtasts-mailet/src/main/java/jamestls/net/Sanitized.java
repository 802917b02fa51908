package jamestls.net;

import java.util.regex.Pattern;

/**
 * Sanitizes hostile text for a log line, a mail, a console or a report: one line, bounded, without control sequences and without
 * noncharacters such as U+FFFF.
 */
public final class Sanitized {

    /** Control, format, private, unassigned characters, lone surrogates, line and paragraph separators. */
    private static final Pattern INVISIBLE = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}]");

    private Sanitized() {
    }

    /**
     * For mails, exceptions, consoles and JSON strings: every invisible character except the space becomes
     * {@code ?}. Quotation marks and backslashes stay, because JSON writers escape them.
     *
     * @param max length in UTF-16 units; the rest is cut off
     */
    public static String line(String text, int max) {
        String cut = cut(text, max);
        return isPlainAscii(cut) ? cut : INVISIBLE.matcher(cut).replaceAll("?");
    }

    /** For a field of a log line between quotation marks: as {@link #line}, and {@code "} becomes {@code '}. */
    public static String logValue(String text, int max) {
        return line(text, max).replace('"', '\'');
    }

    /** For fields that are defined as printable ASCII: every other character becomes {@code ?}, blanks at both ends go. */
    public static String ascii(String text, int max) {
        String stripped = text.strip();
        String cut = cut(stripped, max);
        return isPlainAscii(cut) ? cut : cut.replaceAll("[^\\x20-\\x7e]", "?").strip();
    }

    private static String cut(String text, int max) {
        return text.length() > max ? text.substring(0, max) : text;
    }

    /** Whether all characters are printable ASCII, so that nothing would be replaced. */
    public static boolean isPlainAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x20 || c > 0x7e) {
                return false;
            }
        }
        return true;
    }
}
