package jamestls.config;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * The parameters of one {@code <mailet>} element. Each settings record reads its own, with name, default and bounds. {@link #check}
 * refuses names that were not read, and reports all mistakes together; until then a mistaken value is replaced by its default. Nothing
 * may be opened or started before the check.
 *
 * <p>Not thread-safe.
 */
public final class Parameters {

    private static final int MAX_SHOWN = 200;
    /** Parameters of every mailet, which James reads itself. */
    private static final Set<String> OF_EVERY_MAILET = Set.of("onMailetException", "onMatchException");

    private final String mailet;
    private final Map<String, String> values = new LinkedHashMap<>();
    private final ForeignNames foreign;
    private final FileLocator files;
    private final Map<String, Asked> asked = new TreeMap<>();
    private final List<Mistake> mistakes = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    /**
     * A parameter that was read.
     *
     * @param otherwise the default in the syntax of the parameter; empty if there is none
     * @param allowed a description of the allowed values
     */
    public record Asked(String otherwise, String allowed) {
    }

    /** A value that is not allowed, or a missing one. The text names the parameter. */
    public record Mistake(String parameter, String text) {
    }

    /** Resolves a {@code file://…} location in James's syntax to a path. */
    @FunctionalInterface
    public interface FileLocator {

        /** The path, whether or not there is a file. */
        Path locate(String location) throws IOException;
    }

    /** Parameter names of another mailet that this one understands. */
    public interface ForeignNames {

        /** The name of that parameter here. Its value overrides one under the name here. */
        Optional<String> here(String name);

        /** Why that name is not supported, and what to write instead. */
        Optional<String> objection(String name);

        /** No such names. */
        ForeignNames NONE = new ForeignNames() {
            @Override
            public Optional<String> here(String name) {
                return Optional.empty();
            }

            @Override
            public Optional<String> objection(String name) {
                return Optional.empty();
            }
        };
    }

    /** Reads a value from text. */
    @FunctionalInterface
    public interface Reader<T> {

        /** @throws IllegalArgumentException or IOException if the text is invalid; the message may say why */
        T read(String text) throws IOException;
    }

    /** Reads a value from a file. */
    @FunctionalInterface
    public interface FileReader<T> {

        /**
         * @throws IllegalArgumentException if the content of the file is invalid
         * @throws IOException if the file can't be read
         * @throws GeneralSecurityException if a key store can't be opened
         */
        T read(Path file) throws IOException, GeneralSecurityException;
    }

    /**
     * @param mailet the name of the mailet, for messages
     * @param written the values by name, in the order of the file
     * @param foreign the names of another mailet
     * @param files resolves {@code file://…}
     */
    public Parameters(String mailet, Map<String, String> written, ForeignNames foreign, FileLocator files) {
        this.mailet = mailet;
        this.foreign = foreign;
        this.files = files;
        Map<String, String> winning = new LinkedHashMap<>();
        written.forEach((name, value) -> foreign.here(name).ifPresentOrElse(ours -> winning.put(ours, value.strip()),
            () -> values.put(name, value.strip())));
        values.putAll(winning);
        values.keySet().removeAll(OF_EVERY_MAILET);
    }

    /** Creates parameters from the two methods of James's {@code MailetConfig}. */
    public static Parameters of(String mailet, Iterator<String> names, UnaryOperator<String> values, ForeignNames foreign,
                                FileLocator files) {
        Map<String, String> written = new LinkedHashMap<>();
        names.forEachRemaining(name -> written.put(name, Optional.ofNullable(values.apply(name)).orElse("")));
        Parameters parameters = new Parameters(mailet, written, foreign, files);
        parameters.values.forEach((name, value) -> {
            // James leaves such a variable in the value
            if (Variables.hasUnset(value)) {
                parameters.invalid(name, "a value; a variable in it is not set where James runs, and has no default (':-')");
            }
        });
        return parameters;
    }

    /** Whether the parameter has a value that is not blank. */
    public boolean has(String name) {
        return value(name).isPresent();
    }

    /** The value, empty if the parameter is missing or blank. */
    public Optional<String> text(String name) {
        asked.put(name, new Asked("", "text"));
        return value(name);
    }

    /** The value or its default. */
    public String text(String name, String otherwise) {
        asked.put(name, new Asked(otherwise, "text"));
        return value(name).orElse(otherwise);
    }

    /** The elements of a list separated by commas, stripped, without empty ones; empty if the parameter is missing. */
    public List<String> list(String name) {
        return text(name).stream().flatMap(value -> Arrays.stream(value.split(","))).map(String::strip)
            .filter(element -> !element.isEmpty()).toList();
    }

    /** {@code true} or {@code false}, in any case. */
    public boolean flag(String name, boolean otherwise) {
        return oneOf(name, otherwise, Boolean.TRUE, Boolean.FALSE);
    }

    /** One of some constants, written in lower case with a hyphen for each underscore: {@code TRUST_AD} is {@code trust-ad}. */
    @SafeVarargs
    public final <T> T oneOf(String name, T otherwise, T... constants) {
        Map<String, T> byWord = new LinkedHashMap<>();
        for (T constant : constants) {
            byWord.put(word(constant), constant);
        }
        return read(name, word(otherwise), String.join(", ", byWord.keySet()), text -> {
            T constant = byWord.get(text.toLowerCase(Locale.ROOT));
            if (constant == null) {
                throw new IllegalArgumentException();
            }
            return constant;
        });
    }

    /** A whole number from {@code least} to {@code most}. */
    public int number(String name, int otherwise, int least, int most) {
        return read(name, Integer.toString(otherwise), "a whole number from " + least + " to " + most, text -> {
            int number = Integer.parseInt(text);
            if (number < least || number > most) {
                throw new NumberFormatException();
            }
            return number;
        });
    }

    /** A duration as James writes them ({@code 30s}, {@code 5 minutes}); a number without unit counts in {@code unit}. */
    public Duration duration(String name, Duration otherwise, ChronoUnit unit, Duration least, Duration most) {
        String allowed = "a duration from " + Durations.inWords(least) + " to " + Durations.inWords(most) + ", for example '"
            + Durations.inWords(otherwise) + "'; a number without unit counts " + unit.name().toLowerCase(Locale.ROOT);
        return read(name, Durations.inWords(otherwise), allowed, text -> {
            Duration duration = Durations.parse(text, unit);
            if (duration.compareTo(least) < 0 || duration.compareTo(most) > 0) {
                throw new NumberFormatException();
            }
            return duration;
        });
    }

    /** A value read from the file at a location such as {@code file://conf/root.ds}; empty if the parameter is missing or invalid. */
    public <T> Optional<T> file(String name, String allowed, FileReader<T> reader) {
        return read(name, allowed, location -> {
            try {
                return reader.read(locate(location));
            } catch (NoSuchFileException e) {
                throw new IOException("there is no file " + e.getFile(), e);
            } catch (AccessDeniedException e) {
                throw new IOException(e.getFile() + " may not be read by this user", e);
            } catch (GeneralSecurityException e) {
                throw new IOException(e.getMessage(), e);
            }
        });
    }

    /** The path of a {@code file://…} location. */
    public Path locate(String location) throws IOException {
        try {
            return files.locate(location);
        } catch (InvalidPathException e) {
            throw new IOException("not a valid path", e);
        }
    }

    /** Any other value; empty if the parameter is missing or invalid. */
    public <T> Optional<T> read(String name, String allowed, Reader<T> reader) {
        asked.put(name, new Asked("", allowed));
        return value(name).flatMap(text -> parse(name, text, allowed, reader));
    }

    /** Any other value. The reader must accept the default. */
    public <T> T read(String name, String otherwise, String allowed, Reader<T> reader) {
        asked.put(name, new Asked(otherwise, allowed));
        return value(name).flatMap(text -> parse(name, text, allowed, reader)).orElseGet(() -> {
            try {
                return reader.read(otherwise);
            } catch (IOException e) {
                throw new IllegalStateException("the default of " + name + ": " + e.getMessage(), e);
            }
        });
    }

    /**
     * A required value.
     *
     * @param standIn returned after a mistake, so that reading can go on
     */
    public <T> T required(String name, String allowed, T standIn, Reader<T> reader) {
        asked.put(name, new Asked("required", allowed));
        Optional<String> value = value(name);
        if (value.isEmpty()) {
            mistakes.add(new Mistake(name, "parameter '" + name + "' is required: " + allowed));
        }
        return value.flatMap(text -> parse(name, text, allowed, reader)).orElse(standIn);
    }

    /** Records a mistake in a value that was read: it contradicts another one, or can't be used. */
    public void invalid(String name, String allowed) {
        mistakes.add(new Mistake(name,
            "parameter '" + name + "' has the value '" + shown(name, value(name).orElse("")) + "'; allowed: " + allowed));
    }

    /** Records mistakes that the reader of the value describes. */
    public void invalid(String name, List<String> texts) {
        texts.forEach(text -> mistakes.add(new Mistake(name, "parameter '" + name + "', " + text)));
    }

    /** The same for a value that turns out to be unusable after {@link #check}; returns the exception to throw. */
    public ConfigurationException refusal(String name, String allowed) {
        invalid(name, allowed);
        return new ConfigurationException(mailet + ": " + mistakes.getLast().text());
    }

    /** Records a warning to log, for a mistake that does not stop James. */
    public void warn(String warning) {
        warnings.add(mailet + ": " + warning);
    }

    /** The values by their names here. They may contain passwords. */
    public Map<String, String> written() {
        return Map.copyOf(values);
    }

    /** The warnings to log, one sentence each. */
    public List<String> warnings() {
        return List.copyOf(warnings);
    }

    /** The mistakes in values that were read so far; without unknown names. */
    public List<Mistake> mistakes() {
        return List.copyOf(mistakes);
    }

    /** Every parameter that was read so far, by name. */
    public Map<String, Asked> asked() {
        return Map.copyOf(asked);
    }

    /**
     * Ends the reading.
     *
     * @throws ConfigurationException naming every mistake: values that are not allowed, and names that nobody reads
     */
    public void check() throws ConfigurationException {
        List<String> all = new ArrayList<>(mistakes.stream().map(Mistake::text).toList());
        values.keySet().stream().filter(name -> !asked.containsKey(name)).map(this::unknown).forEach(all::add);
        if (all.size() == 1) {
            throw new ConfigurationException(mailet + ": " + all.getFirst());
        }
        if (!all.isEmpty()) {
            throw new ConfigurationException(mailet + ": " + all.size() + " mistakes in its parameters:\n- " + String.join("\n- ", all));
        }
    }

    /** Why that name is not taken, and what to write instead; empty if it was read, or stands for one that was. */
    public Optional<String> objection(String name) {
        if (asked.containsKey(name) || foreign.here(name).isPresent()) {
            return Optional.empty();
        }
        return foreign.objection(name).or(() -> Optional.of("there is no such parameter" + NearestName.question(name, asked.keySet())));
    }

    private Optional<String> value(String name) {
        return Optional.ofNullable(values.get(name)).filter(value -> !value.isEmpty());
    }

    private <T> Optional<T> parse(String name, String text, String allowed, Reader<T> reader) {
        try {
            return Optional.of(reader.read(text));
        } catch (NumberFormatException e) {
            invalid(name, allowed);
        } catch (IllegalArgumentException | ArithmeticException | IOException e) {
            invalid(name, allowed + (e.getMessage() == null ? "" : "; " + e.getMessage()));
        }
        return Optional.empty();
    }

    private String unknown(String name) {
        String named = "'" + name + "' (value '" + shown(name, values.get(name)) + "')";
        Optional<String> objection = foreign.objection(name);
        if (objection.isPresent()) {
            return "parameter " + named + " is not supported: " + objection.get();
        }
        return "unknown parameter " + named + NearestName.of(name, asked.keySet()).map(near -> "; did you mean '" + near + "'?")
            .orElseGet(() -> ". Known parameters: " + String.join(", ", asked.keySet()));
    }

    private static String word(Object constant) {
        return constant.toString().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** A value for a message: without passwords, tokens and control characters, and shortened. */
    private static String shown(String name, String value) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.contains("pas") || lower.contains("token")) {
            return "(not shown)";
        }
        // a URL may hold a password, well-formed or not: only the part before all of it is shown
        String shown = value.startsWith("jdbc:") ? value.replaceFirst("//.*@", "//").replaceFirst("[?;&].*", "") : value;
        String printable = shown.chars().mapToObj(c -> Character.isISOControl(c) && c != '\n' ? "?" : Character.toString(c))
            .collect(Collectors.joining());
        return printable.length() > MAX_SHOWN ? printable.substring(0, MAX_SHOWN) + "…" : printable;
    }
}
