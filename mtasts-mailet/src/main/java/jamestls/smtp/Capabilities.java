package jamestls.smtp;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a server says it can do (RFC 5321 §4.1.1.1): the extensions of its EHLO reply.
 *
 * @param keywords keyword in upper case to its parameters as sent, empty if there are none; at most 500, and those that are used here
 */
public record Capabilities(Map<String, String> keywords) {

    private static final Pattern KEYWORD = Pattern.compile("[A-Z0-9][A-Z0-9-]{0,63}");
    private static final int MAX_KEYWORDS = 500;
    /** Never left out, wherever they stand. */
    private static final Set<String> USED =
        Set.of("8BITMIME", "AUTH", "DSN", "MT-PRIORITY", "PIPELINING", "REQUIRETLS", "SIZE", "SMTPUTF8", "STARTTLS");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,18}");

    public Capabilities {
        keywords = Map.copyOf(keywords);
    }

    /** A server that knows only HELO. */
    static Capabilities none() {
        return new Capabilities(Map.of());
    }

    /** Lines that are no extension are passed over; of two lines with one keyword the first counts. */
    static Capabilities of(SmtpReply ehlo) {
        Map<String, String> keywords = new HashMap<>();
        for (String line : ehlo.lines().subList(1, ehlo.lines().size())) {
            String[] words = line.strip().split(" +", 2);
            String keyword = words[0].toUpperCase(Locale.ROOT);
            if (KEYWORD.matcher(keyword).matches() && (keywords.size() < MAX_KEYWORDS || USED.contains(keyword))) {
                keywords.putIfAbsent(keyword, words.length > 1 ? words[1] : "");
            }
        }
        return new Capabilities(keywords);
    }

    /** All of these but that one. */
    Capabilities without(String keyword) {
        Map<String, String> others = new HashMap<>(keywords);
        others.remove(keyword);
        return new Capabilities(others);
    }

    /** @param keyword in upper case, such as {@code REQUIRETLS} */
    public boolean offers(String keyword) {
        return keywords.containsKey(keyword);
    }

    /** The largest mail in bytes, if the server says so (RFC 1870 §3; 0 means no fixed maximum and comes back empty). */
    public OptionalLong largestMail() {
        String limit = keywords.getOrDefault("SIZE", "");
        return NUMBER.matcher(limit).matches() && Long.parseLong(limit) > 0
            ? OptionalLong.of(Long.parseLong(limit)) : OptionalLong.empty();
    }
}
