package jamestls.tlsrpt.dkim;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A mail as signatures see it: its header fields and its body, octet by octet, with line ends as on the wire.
 *
 * @param fields unchanged, folded as they are, without the last line end
 * @param body all after the empty line
 */
record SignedMail(List<String> fields, String body) {

    private static final String CRLF = "\r\n";

    /** How white space is seen (RFC 6376 §3.4). */
    enum Form {
        SIMPLE, RELAXED;

        /** @param name as in {@code c=} */
        static Form of(String name) {
            return name.equals("relaxed") ? RELAXED : SIMPLE;
        }
    }

    static SignedMail of(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1).replace(CRLF, "\n").replace('\r', '\n');
        int end = text.startsWith("\n") ? -1 : text.indexOf("\n\n");
        String header = end < 0 ? text : text.substring(0, end);
        List<String> fields = new ArrayList<>();
        for (String line : header.split("\n")) {
            if (!fields.isEmpty() && (line.startsWith(" ") || line.startsWith("\t"))) {
                fields.set(fields.size() - 1, fields.getLast() + CRLF + line);
            } else {
                fields.add(line);
            }
        }
        return new SignedMail(List.copyOf(fields), end < 0 ? "" : text.substring(end + 2).replace("\n", CRLF));
    }

    static String name(String field) {
        int colon = field.indexOf(':');
        return (colon < 0 ? field : field.substring(0, colon)).strip().toLowerCase(Locale.ROOT);
    }

    static String value(String field) {
        return field.substring(field.indexOf(':') + 1);
    }

    List<String> named(String name) {
        return fields.stream().filter(field -> name(field).equals(name)).toList();
    }

    /** SHA-256 of the body (RFC 6376 §3.7). */
    byte[] bodyHash(Form form) {
        return sha256(canonicalBody(form));
    }

    /**
     * What is signed (RFC 6376 §3.7).
     *
     * @param names of the fields; a name that stands n times takes the last n fields, from below (RFC 6376 §5.4.2)
     * @param signature the field of the signature itself, with an empty {@code b=}
     */
    byte[] signedOctets(List<String> names, Form form, String signature) {
        Map<String, Integer> taken = new HashMap<>();
        StringBuilder octets = new StringBuilder();
        for (String name : names) {
            List<String> fieldsOfName = named(name);
            int next = fieldsOfName.size() - taken.merge(name, 1, Integer::sum);
            if (next >= 0) {
                octets.append(canonical(fieldsOfName.get(next), form)).append(CRLF);
            }
        }
        return octets.append(canonical(signature, form)).toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String canonical(String field, Form form) {
        return form == Form.SIMPLE ? field
            : name(field) + ":" + value(field).replace(CRLF, "").replaceAll("[ \t]+", " ").strip();
    }

    private byte[] canonicalBody(Form form) {
        String text = form == Form.SIMPLE ? body : body.replaceAll("[ \t]+", " ").replace(" " + CRLF, CRLF);
        int end = text.length();
        while (end >= 2 && text.startsWith(CRLF, end - 2)) {
            end -= 2;
        }
        String kept = text.substring(0, end);
        if (form == Form.RELAXED && kept.endsWith(" ")) {
            kept = kept.substring(0, kept.length() - 1);
        }
        // an empty body is one empty line when simple, and nothing when relaxed
        return (kept.isEmpty() && form == Form.RELAXED ? "" : kept + CRLF).getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] sha256(byte[] octets) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(octets);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
