package jamestls.rua;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The TLSRPT record of a domain (RFC 8460 §3), parsed by its grammar.
 *
 * @param destinations distinct destinations of the {@code rua} fields in their order, at least one; all may be {@link Rua.Unusable}
 * @param extensions unknown fields; the first of a name counts
 */
public record RuaRecord(List<Rua> destinations, Map<String, String> extensions) {

    private static final int MAX_RECORD = 16_384;
    // RFC 8460 §3: the text has "v=TLSRPTv1;", the grammar allows blanks before the semicolon, and they are accepted
    private static final Pattern VERSION = Pattern.compile("v=TLSRPTv1[ \\t]*+;.*+", Pattern.DOTALL);
    private static final Pattern DELIMITER = Pattern.compile("[ \\t]*+;[ \\t]*+");
    private static final Pattern TRAILING_BLANKS = Pattern.compile("[ \\t]++$");
    private static final Pattern TRAILING_COMMA = Pattern.compile("(?<=[^,\\s])[ \\t]*+,[ \\t]*+$");
    private static final Pattern COMMA = Pattern.compile("[ \\t]*+,[ \\t]*+");
    private static final String CHARACTERS = "([A-Za-z0-9._~:/?\\[\\]@$&'()*+=-]|%[0-9A-Fa-f]{2})*+";
    // RFC 3986 §2 without the three characters that RFC 8460 §3 wants encoded: , ! ;
    private static final Pattern URI = Pattern.compile(
        "[A-Za-z][A-Za-z0-9+.-]*+:" + CHARACTERS + "(#" + CHARACTERS + ")?+");
    private static final Pattern EXTENSION = Pattern.compile("([A-Za-z0-9][A-Za-z0-9_.-]{0,31}+)=([\\x21-\\x3a\\x3c\\x3e-\\x7e]++)");

    public RuaRecord {
        destinations = List.copyOf(destinations);
        extensions = Map.copyOf(extensions);
    }

    /** Result of selecting the TLSRPT record. */
    public sealed interface Selection {
    }

    /** There is exactly one TLSRPT record, and it is well-formed. */
    public record Found(RuaRecord record) implements Selection {
    }

    /** There is no valid TLSRPT record. */
    public record None(String reason) implements Selection {
    }

    /** Selects the TLSRPT record among all TXT records of a name (RFC 8460 §3). Never throws. */
    public static Selection select(List<String> texts) {
        List<String> candidates = texts.stream().filter(text -> VERSION.matcher(text).matches()).limit(2).toList();
        if (candidates.isEmpty()) {
            return new None("no TLSRPT record");
        }
        if (candidates.size() > 1) {
            return new None("more than one TLSRPT record");
        }
        return parse(candidates.getFirst())
            .<Selection>map(Found::new)
            .orElseGet(() -> new None("malformed TLSRPT record"));
    }

    /**
     * Parses one record; empty if it violates the grammar. Two unambiguous deviations are accepted: blanks at the end of the record, and a
     * comma without a URI after it (ADR 40).
     */
    public static Optional<RuaRecord> parse(String text) {
        if (text.length() > MAX_RECORD || !VERSION.matcher(text).matches()) {
            return Optional.empty();
        }
        List<String> fields = new ArrayList<>(List.of(DELIMITER.split(TRAILING_BLANKS.matcher(text).replaceFirst(""), -1)));
        fields.removeFirst();
        if (fields.getLast().isEmpty()) {
            // the record may end with a delimiter
            fields.removeLast();
        }
        Map<String, Rua> destinations = new LinkedHashMap<>();
        Map<String, String> extensions = new LinkedHashMap<>();
        for (String field : fields) {
            if (!addRua(field, destinations) && !addExtension(field, extensions)) {
                return Optional.empty();
            }
        }
        return destinations.isEmpty() ? Optional.empty() : Optional.of(new RuaRecord(List.copyOf(destinations.values()), extensions));
    }

    /** The supported destinations. */
    public List<Rua> usable() {
        return destinations.stream().filter(destination -> !(destination instanceof Rua.Unusable)).toList();
    }

    private static boolean addRua(String field, Map<String, Rua> destinations) {
        if (!field.startsWith("rua=")) {
            return false;
        }
        String uris = TRAILING_COMMA.matcher(field.substring("rua=".length())).replaceFirst("");
        for (String uri : COMMA.split(uris, -1)) {
            if (!URI.matcher(uri).matches()) {
                return false;
            }
            Rua destination = Rua.of(uri);
            destinations.putIfAbsent(destination.id(), destination);
        }
        return true;
    }

    private static boolean addExtension(String field, Map<String, String> extensions) {
        var matcher = EXTENSION.matcher(field);
        if (field.startsWith("rua=") || !matcher.matches()) {
            return false;
        }
        extensions.putIfAbsent(matcher.group(1), matcher.group(2));
        return true;
    }
}
