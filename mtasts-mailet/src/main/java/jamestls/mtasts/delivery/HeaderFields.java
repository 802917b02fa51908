package jamestls.mtasts.delivery;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The header of a message in bytes (RFC 5322 §2.2), up to the first empty line. A line ends with CRLF, CR or LF, because each of them
 * is sent as a line end.
 */
final class HeaderFields {

    /** In bytes: more than most headers have. */
    private static final int FIRST_PIECE = 4_096;
    /** In bytes: what is read of a header. */
    private static final int MAX_READ = 1 << 20;

    private final byte[] message;

    /** @param message header and body, or the header alone */
    HeaderFields(byte[] message) {
        this.message = message;
    }

    /** Reads the header of a message, and not much more of it; of a header of more than 1 MiB the first MiB. */
    static HeaderFields read(InputStream message) throws IOException {
        byte[] read = message.readNBytes(FIRST_PIECE);
        for (int wanted = FIRST_PIECE; read.length == wanted && wanted < MAX_READ && !new HeaderFields(read).isComplete();
                wanted *= 2) {
            byte[] more = message.readNBytes(wanted);
            int before = read.length;
            read = Arrays.copyOf(read, before + more.length);
            System.arraycopy(more, 0, read, before, more.length);
        }
        return new HeaderFields(read);
    }

    /** The values of the fields of that name (case is ignored), as they stand in the message. */
    List<String> values(String name) {
        List<String> values = new ArrayList<>(0);
        for (int start = 0, next; start < message.length && !isLineEnd(message[start]); start = next) {
            next = endOfField(start);
            if (isNamed(name, start)) {
                String field = new String(message, start, next - start, StandardCharsets.UTF_8);
                values.add(field.substring(field.indexOf(':') + 1));
            }
        }
        return values;
    }

    /** Whether the empty line after the header is there. */
    private boolean isComplete() {
        int next = 0;
        while (next < message.length && !isLineEnd(message[next])) {
            next = afterLine(next);
        }
        return next < message.length;
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
