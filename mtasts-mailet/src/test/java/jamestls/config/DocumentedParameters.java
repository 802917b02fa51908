package jamestls.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The parameters of a mailet with their defaults, as docs/configuration.md has them and as the code has them, in comparable form. */
public final class DocumentedParameters {

    private static final Pattern ROW = Pattern.compile("\\| ((?:`[^`]+`(?:, )?)+) \\| ([^|]+) \\|.*");
    private static final Pattern NAME = Pattern.compile("`([^`]+)`");
    private static final String NONE = "none";

    private DocumentedParameters() {
    }

    /** What the tables in the section of that mailet say: name, and default in back quotes, or a description of it. */
    public static Map<String, String> of(String mailet) throws IOException {
        Map<String, String> documented = new TreeMap<>();
        boolean inside = false;
        for (String line : Files.readAllLines(Path.of("..", "docs", "configuration.md"))) {
            if (line.startsWith("## ")) {
                inside = line.equals("## " + mailet);
            }
            Matcher row = ROW.matcher(line);
            if (inside && row.matches()) {
                NAME.matcher(row.group(1)).results().forEach(name -> documented.put(name.group(1), normal(row.group(2).strip())));
            }
        }
        return documented;
    }

    /** What was asked for, but for names that are only accepted. */
    public static Map<String, String> of(Parameters parameters) {
        Map<String, String> asked = new TreeMap<>();
        parameters.asked().forEach((name, how) -> asked.put(name, how.otherwise().equals("required") ? "required"
            : how.otherwise().isEmpty() ? NONE : normal("`" + how.otherwise() + "`")));
        return asked;
    }

    /** A default that is written out; durations in seconds. What is described in words is none: the code has no text for it. */
    private static String normal(String cell) {
        if (!cell.startsWith("`")) {
            return cell.equals("required") ? cell : NONE;
        }
        String text = cell.substring(1, cell.indexOf('`', 1));
        try {
            return text.matches("[0-9]+") ? text : Durations.inWords(Durations.parse(text, ChronoUnit.MILLIS));
        } catch (IllegalArgumentException e) {
            return text;
        }
    }
}
