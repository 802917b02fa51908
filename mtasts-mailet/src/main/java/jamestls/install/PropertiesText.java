package jamestls.install;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A {@code .properties} file of James as text. James (Commons Configuration) joins the values of a repeated key, and treats commas as
 * list separators.
 */
record PropertiesText(String text) {

    // a value continues on the next line after an odd number of backslashes
    private static final Pattern ENTRY = Pattern.compile(
        "(?m)^[ \\t\\f]*(?![#!\\s])([^\\s=:]+)[ \\t\\f]*[=:]?[ \\t\\f]*((?:[^\\\\\\r\\n]|\\\\\\r?\\n|\\\\.)*)");
    private static final Pattern CONTINUED = Pattern.compile("\\\\\\r?\\n[ \\t]*");

    /**
     * One entry.
     *
     * @param start offset of its key in the text
     * @param end offset behind its value, without blanks at the end of the line
     */
    private record Entry(String key, String value, int start, int end) {
    }

    /** The first value, if the key is there; it may be empty. */
    Optional<String> first(String key) {
        return entries(key).stream().findFirst().map(Entry::value);
    }

    /** The list items of all values of the key. */
    List<String> list(String key) {
        return entries(key).stream().flatMap(entry -> Arrays.stream(entry.value.split(","))).map(String::strip)
            .filter(each -> !each.isEmpty()).toList();
    }

    /** The line of the key, from 1; 0 if it is not there. */
    int line(String key) {
        return entries(key).stream().findFirst().map(entry -> 1 + (int) text.substring(0, entry.start).lines().count()
            - (entry.start == 0 || text.charAt(entry.start - 1) == '\n' ? 0 : 1)).orElse(0);
    }

    /** The text with these values added to the list of the key: after the existing ones, or on a new last line. */
    String with(String key, List<String> values, String newLine) {
        List<String> there = list(key);
        String missing = String.join(",", values.stream().filter(value -> !there.contains(value)).toList());
        if (missing.isEmpty()) {
            return text;
        }
        List<Entry> entries = entries(key);
        if (entries.isEmpty()) {
            return text + (text.isEmpty() || text.endsWith("\n") ? "" : newLine) + key + "=" + missing + newLine;
        }
        Entry last = entries.getLast();
        boolean bare = text.substring(last.start, last.end).equals(key);
        return text.substring(0, last.end) + (bare ? "=" : last.value.isEmpty() || last.value.endsWith(",") ? "" : ",") + missing
            + text.substring(last.end);
    }

    private List<Entry> entries(String key) {
        List<Entry> entries = new ArrayList<>();
        Matcher matcher = ENTRY.matcher(text);
        while (matcher.find()) {
            if (matcher.group(1).equals(key)) {
                String raw = matcher.group(2).stripTrailing();
                // an entry without a value ends with its key or separator
                int end = raw.isEmpty() ? matcher.start(1) + text.substring(matcher.start(1), matcher.end()).stripTrailing().length()
                    : matcher.start(2) + raw.length();
                entries.add(new Entry(key, CONTINUED.matcher(raw).replaceAll(""), matcher.start(1), end));
            }
        }
        return entries;
    }
}
