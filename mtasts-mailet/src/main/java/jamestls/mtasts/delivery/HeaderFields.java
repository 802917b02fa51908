package jamestls.mtasts.delivery;

import java.io.ByteArrayOutputStream;

/**
 * The header of a message in bytes (RFC 5322 §2.2), up to the first empty line. A line ends with CRLF, CR or LF, because each of them
 * is sent as a line end.
 */
final class HeaderFields {

    private final byte[] message;

    /** @param message header and body, or the header alone */
    HeaderFields(byte[] message) {
        this.message = message;
    }

    /** Returns the message without the fields of these names (case is ignored); the same array if it has none of them. */
    byte[] without(String... names) {
        ByteArrayOutputStream rest = new ByteArrayOutputStream(0);
        int copied = 0;
        int next = 0;
        while (next < message.length && !isLineEnd(message[next])) {
            int start = next;
            next = endOfField(start);
            if (isOneOf(names, start)) {
                rest.write(message, copied, start - copied);
                copied = next;
            }
        }
        if (copied == 0) {
            return message;
        }
        rest.write(message, copied, message.length - copied);
        return rest.toByteArray();
    }

    private boolean isOneOf(String[] names, int start) {
        for (String name : names) {
            if (isNamed(name, start)) {
                return true;
            }
        }
        return false;
    }

    /** Accepts white space before the colon (RFC 5322 §4.5, obsolete syntax). */
    private boolean isNamed(String name, int start) {
        int next = start;
        for (int i = 0; i < name.length(); i++, next++) {
            if (next == message.length || Character.toLowerCase(message[next]) != Character.toLowerCase(name.charAt(i))) {
                return false;
            }
        }
        while (next < message.length && isBlank(message[next])) {
            next++;
        }
        return next < message.length && message[next] == ':';
    }

    /** The start of the next field. Lines that begin with white space continue the field (RFC 5322 §2.2.3). */
    private int endOfField(int start) {
        int next = afterLine(start);
        while (next < message.length && isBlank(message[next])) {
            next = afterLine(next);
        }
        return next;
    }

    private int afterLine(int start) {
        int next = start;
        while (next < message.length && !isLineEnd(message[next])) {
            next++;
        }
        boolean crLf = next + 1 < message.length && message[next] == '\r' && message[next + 1] == '\n';
        return Math.min(message.length, next + (crLf ? 2 : 1));
    }

    private static boolean isLineEnd(byte b) {
        return b == '\r' || b == '\n';
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }
}
