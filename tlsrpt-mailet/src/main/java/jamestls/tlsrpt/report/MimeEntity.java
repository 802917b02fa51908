package jamestls.tlsrpt.report;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A mail or a MIME part (RFC 2045), parsed as far as reports and bounces need it. Untrusted input: parsing never fails.
 *
 * @param headers unfolded values by name in lower case; the first field of a name
 * @param repeated names in lower case of fields that occur more than once
 * @param body undecoded content; lines end with LF
 */
public record MimeEntity(Map<String, String> headers, Set<String> repeated, String body) {

    private static final Pattern BOUNDARY = Pattern.compile("boundary=(?:\"([^\"]{1,200})\"|([^;\\s]{1,200}))", Pattern.CASE_INSENSITIVE);
    private static final int MAX_PARTS = 20;

    /** Parses octets with any line ends. */
    public static MimeEntity of(byte[] octets) {
        return of(new String(octets, StandardCharsets.ISO_8859_1).replace("\r\n", "\n"));
    }

    /** Parses text whose lines end with LF. */
    public static MimeEntity of(String text) {
        int end = text.startsWith("\n") ? 0 : text.indexOf("\n\n");
        Map<String, String> headers = new LinkedHashMap<>();
        Set<String> repeated = new HashSet<>();
        for (String line : (end < 0 ? text : text.substring(0, end)).replaceAll("\n[ \t]+", " ").split("\n")) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                String name = line.substring(0, colon).strip().toLowerCase(Locale.ROOT);
                if (headers.putIfAbsent(name, line.substring(colon + 1).strip()) != null) {
                    repeated.add(name);
                }
            }
        }
        return new MimeEntity(headers, repeated, end < 0 ? "" : text.substring(Math.min(text.length(), end == 0 ? 1 : end + 2)));
    }

    /** The value of a field, or an empty text. */
    public String header(String name) {
        return headers.getOrDefault(name, "");
    }

    /** The Content-Type with its parameters, in lower case. */
    public String type() {
        return header("content-type").toLowerCase(Locale.ROOT);
    }

    /** The parts of a multipart entity, at most twenty; none for other types. */
    public List<MimeEntity> parts() {
        Matcher boundary = BOUNDARY.matcher(header("content-type"));
        if (!type().startsWith("multipart/") || !boundary.find()) {
            return List.of();
        }
        String delimiter = "--" + Optional.ofNullable(boundary.group(1)).orElse(boundary.group(2));
        String[] texts = ("\n" + body).split(Pattern.quote("\n" + delimiter), MAX_PARTS + 1);
        List<MimeEntity> parts = new ArrayList<>();
        for (int i = 1; i < texts.length && !texts[i].startsWith("--"); i++) {
            parts.add(of(texts[i].replaceFirst("^[ \t]*\n", "")));
        }
        return parts;
    }
}
