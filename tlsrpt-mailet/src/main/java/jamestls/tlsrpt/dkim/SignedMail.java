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
 * Header fields and body of a mail in the form that DKIM signs, with CRLF as line end.
 *
 * @param fields unchanged header fields, folded as received, without the last line end
 * @param body everything after the empty line
 */
record SignedMail(List<String> fields, String body) {

    private static final String CRLF = "\r\n";

    /** Canonicalization (RFC 6376 §3.4). */
    enum Form {
        SIMPLE, RELAXED;

        /** @param name value from {@code c=} */
        static Form of(String name) {
            return name.equals("relaxed") ? RELAXED : SIMPLE;
        }
    }

    static SignedMail of(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1).replace(CRLF, "\n").replace('\r', '\n');
        int end = text.startsWith("\n") ? -1 : text.indexOf("\n\n");
        String header = end < 0 ? text : text.substring(0, end);
        List<StringBuilder> fields = new ArrayList<>();
        for (String line : header.split("\n")) {
            if (!fields.isEmpty() && (line.startsWith(" ") || line.startsWith("\t"))) {
                fields.getLast().append(CRLF).append(line);
            } else {
                fields.add(new StringBuilder(line));
            }
        }
        return new SignedMail(fields.stream().map(StringBuilder::toString).toList(),
            end < 0 ? "" : text.substring(end + 2).replace("\n", CRLF));
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
     * The octets that are signed (RFC 6376 §3.7).
     *
     * @param names names of the signed fields; a name that is listed n times selects the last n fields, from the bottom (RFC 6376 §5.4.2)
     * @param signature the signature's own field, with an empty {@code b=}
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
        // RFC 6376 §3.4.3, §3.4.4: an empty body is CRLF in simple form, and empty in relaxed form
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
