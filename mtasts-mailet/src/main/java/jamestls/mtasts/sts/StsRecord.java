package jamestls.mtasts.sts;

import java.util.List;
import java.util.regex.Pattern;

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
        List<String> candidates = txt.stream().filter(Syntax::begins).toList();
        return switch (candidates.size()) {
            case 0 -> new None();
            case 1 -> Syntax.parse(candidates.getFirst());
            default -> new Invalid(candidates.size() + " records begin with v=STSv1 where one is allowed");
        };
    }

    /** The grammar: {@code sts-version 1*(sts-field-delim sts-field) [sts-field-delim]}. */
    final class Syntax {

        private static final String VERSION = "v=STSv1";
        private static final int MAX_RECORD = 4096;
        private static final Pattern ID = Pattern.compile("[A-Za-z0-9]{1,32}");
        private static final Pattern FIELD =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[\\x21-\\x3a\\x3c\\x3e-\\x7e]+");

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
                String field = record.substring(start, at);
                boolean firstId = id == null && field.startsWith("id=");
                if (firstId && !ID.matcher(field).region(3, field.length()).matches()) {
                    return new Invalid("id is not 1 to 32 letters and digits");
                }
                if (!FIELD.matcher(field).matches()) {
                    return new Invalid("no name=value at character " + start);
                }
                // RFC 8461 §3.2: of duplicate fields the first counts
                id = firstId ? field.substring(3) : id;
            }
            return id == null ? new Invalid("no id") : new Valid(id);
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
