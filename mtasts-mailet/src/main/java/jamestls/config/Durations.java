package jamestls.config;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Parses durations in the syntax of James's configuration, such as {@code 30s}, {@code 5 minutes} or {@code 1 week}. */
public final class Durations {

    private static final Pattern DURATION = Pattern.compile("\\s*([0-9]{1,18})\\s*([a-zA-Z]*)\\s*");

    private Durations() {
    }

    /**
     * Reads a duration.
     *
     * @param unit the unit of a number without one
     * @throws IllegalArgumentException if the text is not a duration
     * @throws ArithmeticException if it exceeds the range of {@link Duration}
     */
    public static Duration parse(String text, ChronoUnit unit) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new NumberFormatException("'" + text + "' is not a duration");
        }
        return (matcher.group(2).isEmpty() ? unit : unit(matcher.group(2))).getDuration().multipliedBy(Long.parseLong(matcher.group(1)));
    }

    private static ChronoUnit unit(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "ms", "msec", "msecs" -> ChronoUnit.MILLIS;
            case "s", "sec", "secs", "second", "seconds" -> ChronoUnit.SECONDS;
            case "m", "min", "mins", "minute", "minutes" -> ChronoUnit.MINUTES;
            case "h", "hour", "hours" -> ChronoUnit.HOURS;
            case "d", "day", "days" -> ChronoUnit.DAYS;
            case "w", "week", "weeks" -> ChronoUnit.WEEKS;
            case "month", "months" -> ChronoUnit.MONTHS;
            case "y", "year", "years" -> ChronoUnit.YEARS;
            default -> throw new NumberFormatException("'" + text + "' is not a unit of time");
        };
    }

    /** A duration in seconds, or in milliseconds if it has a fraction. */
    static String inWords(Duration duration) {
        return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
    }
}
