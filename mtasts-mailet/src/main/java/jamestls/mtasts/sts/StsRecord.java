package jamestls.mtasts.sts;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * The result of parsing the TXT records at {@code _mta-sts.<domain>} (RFC 8461 §3.1). The record announces a policy and its version, so
 * that a sender notices a new one without an HTTPS request.
 */
public sealed interface StsRecord {

    /**
     * Exactly one well-formed record.
     *
     * @param id 1 to 32 ASCII letters and digits. Ids have no order and can only be equal or not
     */
    record Valid(String id) implements StsRecord {
    }

    /** No record starts as an MTA-STS record. */
    record None() implements StsRecord {
    }

    /**
     * One or more MTA-STS records, but no usable one. For a sender no policy is available, except a cached one (RFC 8461 §3.1).
     *
     * @param reason one line; quotes nothing from the record
     */
    record Invalid(String reason) implements StsRecord {
    }

    /**
     * Parses a record set. Never throws.
     *
     * @param txt every TXT record at the name, the character-strings of each already joined without blanks; a record of
     *     more than 4096 characters is refused
     */
    static StsRecord of(List<String> txt) {
        // RFC 8461 §3.1: records that do not begin with "v=STSv1;" are dropped before they are counted
        int candidates = 0;
        String last = "";
        for (String record : txt) {
            if (Syntax.begins(record)) {
                candidates++;
                last = record;
            }
        }
        return switch (candidates) {
            case 0 -> new None();
            case 1 -> Syntax.parse(last);
            default -> new Invalid(candidates + " records begin with v=STSv1 where one is allowed");
        };
    }

    /** What the ids of {@link #idOf} begin with. */
    String DERIVED = "sha";

    /** The id of a policy, made from its content, so that both change together: {@value #DERIVED} and 29 hexadecimal digits of SHA-256. */
    static String idOf(StsPolicy policy) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(policy.text().getBytes(StandardCharsets.UTF_8));
            return DERIVED + HexFormat.of().formatHex(digest).substring(0, Syntax.MAX_ID - DERIVED.length());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JVM has no SHA-256", e);
        }
    }

    /** Whether an id has the form of {@link #idOf}. */
    static boolean isDerived(String id) {
        return id.matches(DERIVED + "[0-9a-f]{29}");
    }

    /** The grammar: {@code sts-version 1*(sts-field-delim sts-field) [sts-field-delim]}. */
    final class Syntax {

        private static final String VERSION = "v=STSv1";
        private static final int MAX_RECORD = 4096;
        private static final int MAX_ID = 32;
        private static final int MAX_NAME = 32;

        private Syntax() {
        }

        /** Whether the record starts as an MTA-STS record. Blanks before the semicolon are allowed (sts-field-delim). */
        private static boolean begins(String record) {
            if (!record.startsWith(VERSION)) {
                return false;
            }
            int delimiter = skipBlanks(record, VERSION.length());
            return delimiter < record.length() && record.charAt(delimiter) == ';';
        }

        private static StsRecord parse(String record) {
            if (record.length() > MAX_RECORD) {
                return new Invalid("longer than " + MAX_RECORD + " characters");
            }
            String id = null;
            int at = VERSION.length();
            while (at < record.length()) {
                int delimiter = skipBlanks(record, at);
                if (delimiter == record.length() || record.charAt(delimiter) != ';') {
                    return new Invalid("a blank that no semicolon follows, at character " + at);
                }
                int start = skipBlanks(record, delimiter + 1);
                if (start == record.length()) {
                    break;
                }
                at = endOfField(record, start);
                boolean firstId = id == null && record.startsWith("id=", start);
                if (firstId && !isId(record, start + 3, at)) {
                    return new Invalid("id is not 1 to 32 letters and digits");
                }
                if (!isField(record, start, at)) {
                    return new Invalid("no name=value at character " + start);
                }
                // RFC 8461 §3.2: of duplicate fields the first counts
                id = firstId ? record.substring(start + 3, at) : id;
            }
            return id == null ? new Invalid("no id") : new Valid(id);
        }

        /** {@code 1*32(ALPHA / DIGIT)} */
        private static boolean isId(String text, int from, int to) {
            int at = from;
            while (at < to && isAlphanumeric(text.charAt(at))) {
                at++;
            }
            return at == to && to > from && to - from <= MAX_ID;
        }

        /** {@code (ALPHA / DIGIT) *31(ALPHA / DIGIT / "_" / "-" / ".") "=" 1*(%x21-3A / %x3C / %x3E-7E)} */
        private static boolean isField(String text, int from, int to) {
            int at = from;
            while (at < to && (isAlphanumeric(text.charAt(at)) || at > from && "_-.".indexOf(text.charAt(at)) >= 0)) {
                at++;
            }
            if (at == from || at - from > MAX_NAME || at + 1 >= to || text.charAt(at) != '=') {
                return false;
            }
            for (int i = at + 1; i < to; i++) {
                char c = text.charAt(i);
                if (c < 0x21 || c > 0x7e || c == ';' || c == '=') {
                    return false;
                }
            }
            return true;
        }

        private static boolean isAlphanumeric(char c) {
            return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
        }

        private static int skipBlanks(String text, int from) {
            int at = from;
            while (at < text.length() && isBlank(text.charAt(at))) {
                at++;
            }
            return at;
        }

        private static int endOfField(String text, int from) {
            int at = from;
            while (at < text.length() && text.charAt(at) != ';' && !isBlank(text.charAt(at))) {
                at++;
            }
            return at;
        }

        private static boolean isBlank(char c) {
            return c == ' ' || c == '\t';
        }
    }
}
