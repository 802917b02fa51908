package jamestls.config;

import jakarta.mail.MessagingException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.james.util.DurationParser;
import org.apache.mailet.MailetConfig;

/**
 * The parameters of one {@code <mailet>} element, read strictly: James does not start on a name nobody reads or a value
 * that makes no sense, and the exception says which parameter, its value, and what would do.
 */
public final class Parameters {

    private final String mailet;
    private final Map<String, String> values;

    private Parameters(String mailet, Map<String, String> values) {
        this.mailet = mailet;
        this.values = values;
    }

    /**
     * Takes the parameters of a mailet. James's own {@code onMailetException} and {@code onMatchException} always pass.
     *
     * @param known every parameter name the mailet reads
     * @param declined parameters that exist elsewhere, each with a sentence on what to write instead
     * @throws MessagingException on an unknown or declined name
     */
    public static Parameters of(MailetConfig config, Collection<String> known, Map<String, String> declined)
            throws MessagingException {
        return of(config, ParameterNames.of(known, declined));
    }

    /** Likewise, with the names known elsewhere. */
    static Parameters of(MailetConfig config, ParameterNames names) throws MessagingException {
        // in the order of the file, so that the first mistake is named
        Map<String, String> written = new LinkedHashMap<>();
        for (var each = config.getInitParameterNames(); each.hasNext(); ) {
            String name = each.next();
            written.put(name, Optional.ofNullable(config.getInitParameter(name)).orElse("").strip());
        }
        try {
            return new Parameters(config.getMailetName(), names.accepted(config.getMailetName(), written));
        } catch (IllegalArgumentException e) {
            throw new MessagingException(e.getMessage());
        }
    }

    /** The value, if it is there and not blank. */
    public Optional<String> text(String name) {
        return Optional.ofNullable(values.get(name)).filter(value -> !value.isEmpty());
    }

    /** @throws MessagingException when it is missing or blank */
    public String required(String name, String meaning) throws MessagingException {
        Optional<String> value = text(name);
        if (value.isEmpty()) {
            throw new MessagingException(mailet + ": parameter '" + name + "' is required: " + meaning);
        }
        return value.get();
    }

    /** What stands between the commas, blanks around it and empty elements left out; empty if the parameter is missing. */
    public List<String> list(String name) {
        return text(name).stream().flatMap(value -> Arrays.stream(value.split(","))).map(String::strip)
            .filter(element -> !element.isEmpty()).toList();
    }

    /** {@code true} or {@code false}, in any case. */
    public boolean flag(String name, boolean otherwise) throws MessagingException {
        String value = text(name).orElse(Boolean.toString(otherwise)).toLowerCase(Locale.ROOT);
        if (!value.equals("true") && !value.equals("false")) {
            throw invalid(name, value, "true or false");
        }
        return value.equals("true");
    }

    /** A whole number from {@code least} to {@code most}. */
    public int number(String name, int otherwise, int least, int most) throws MessagingException {
        Optional<String> value = text(name);
        if (value.isEmpty()) {
            return otherwise;
        }
        try {
            int number = Integer.parseInt(value.get());
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // said below, together with numbers out of range
        }
        throw invalid(name, value.get(), "a whole number from " + least + " to " + most);
    }

    /** A duration as James writes them ({@code 30s}, {@code 5 minutes}); a bare number counts in {@code unit}. */
    public Duration duration(String name, Duration otherwise, ChronoUnit unit, Duration least, Duration most)
            throws MessagingException {
        Optional<String> value = text(name);
        if (value.isEmpty()) {
            return otherwise;
        }
        try {
            Duration duration = DurationParser.parse(value.get(), unit);
            if (duration.compareTo(least) >= 0 && duration.compareTo(most) <= 0) {
                return duration;
            }
        } catch (IllegalArgumentException | ArithmeticException e) {
            // said below, together with durations out of range
        }
        throw invalid(name, value.get(), "a duration from " + inWords(least) + " to " + inWords(most)
            + ", for example '" + inWords(otherwise) + "'; a number without unit counts "
            + unit.name().toLowerCase(Locale.ROOT));
    }

    /** The exception for a value that does not do, which names this mailet. */
    public MessagingException invalid(String name, String value, String allowed) {
        return invalid(mailet, name, value, allowed);
    }

    /** The exception for a value that does not do. */
    public static MessagingException invalid(String mailet, String name, String value, String allowed) {
        return new MessagingException(mailet + ": parameter '" + name + "' has the value '" + value + "'; allowed: " + allowed);
    }

    private static String inWords(Duration duration) {
        if (duration.toMillis() % 1000 != 0) {
            return duration.toMillis() + "ms";
        }
        return duration.toSeconds() + "s";
    }
}
