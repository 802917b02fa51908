package jamestls.tlsrpt.dkim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** {@code tag=value; tag=value}, the form of signatures and keys (RFC 6376 §3.2). */
public record TagList(Map<String, String> values) {

    /** Of a tag that is there twice the first counts; what is no tag is left out. */
    public static TagList of(String text) {
        Map<String, String> values = new LinkedHashMap<>();
        for (String tag : text.split(";")) {
            int equals = tag.indexOf('=');
            if (equals > 0) {
                values.putIfAbsent(tag.substring(0, equals).strip(), tag.substring(equals + 1).strip());
            }
        }
        return new TagList(values);
    }

    public Optional<String> get(String tag) {
        return Optional.ofNullable(values.get(tag));
    }

    /** A value whose white space means nothing, such as base64. */
    Optional<String> packed(String tag) {
        return get(tag).map(value -> value.replaceAll("\\s+", ""));
    }

    /** A value that is a list with colons, in lower case. */
    public List<String> list(String tag) {
        return Stream.of(packed(tag).orElse("").toLowerCase(Locale.ROOT).split(":")).filter(each -> !each.isEmpty()).toList();
    }
}
