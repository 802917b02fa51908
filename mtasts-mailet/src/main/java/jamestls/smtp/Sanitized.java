package jamestls.smtp;

/** A stranger's text on its way into a log line, a bounce or a report: one line, bounded, nothing a terminal would obey. */
final class Sanitized {

    private Sanitized() {
    }

    /**
     * The text with everything that is not a visible character or a blank turned into {@code ?}.
     *
     * @param longest in UTF-16 units, more is cut off
     */
    static String line(String text, int longest) {
        String cut = text.length() > longest ? text.substring(0, longest) : text;
        return isPlainAscii(cut) ? cut : cut.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
    }

    private static boolean isPlainAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x20 || c > 0x7e) {
                return false;
            }
        }
        return true;
    }
}
