package jamestls.smtp;

import jamestls.net.Sanitized;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads replies (RFC 5321 §4.2) from a server that may be hostile: 2,048 bytes per line, 100 lines per reply, codes 200 to
 * 599, the same code on every line. A line ends with CRLF or LF. It reads ahead, so whoever starts TLS must ask
 * {@link #hasUnread} first and take a new reader afterwards.
 */
final class ReplyReader {

    /** In bytes with the line end; RFC 5321 §4.5.3.1.5 allows 512, servers with long enhanced texts exceed it. */
    static final int MAX_LINE = 2_048;
    /** An EHLO reply with every registered keyword has about 40. */
    static final int MAX_LINES = 100;

    private final InputStream in;
    private final byte[] buffer = new byte[4_096];
    private int next;
    private int end;

    ReplyReader(InputStream in) {
        this.in = in;
    }

    /**
     * The next reply, complete.
     *
     * @throws MalformedReply when the bytes are no reply or exceed a bound; the reader must not be used any more
     * @throws EOFException when the server closed the connection before the reply was complete
     */
    SmtpReply read() throws IOException {
        List<String> lines = new ArrayList<>(1);
        int code = 0;
        while (lines.size() < MAX_LINES) {
            Line line = readLine();
            if (!lines.isEmpty() && line.code() != code) {
                throw new MalformedReply("a reply whose lines say both " + code + " and " + line.code());
            }
            code = line.code();
            lines.add(line.text());
            if (line.isLast()) {
                return new SmtpReply(code, lines);
            }
        }
        throw new MalformedReply("a reply of more than " + MAX_LINES + " lines");
    }

    /** Whether bytes have come for which nobody has asked yet, here or still in the stream. */
    boolean hasUnread() throws IOException {
        return next < end || in.available() > 0;
    }

    private record Line(int code, boolean isLast, String text) {
    }

    private Line readLine() throws IOException {
        byte[] line = new byte[MAX_LINE];
        int length = 0;
        for (int b = nextByte(length); b != '\n'; b = nextByte(length)) {
            if (length == MAX_LINE - 1) {
                throw new MalformedReply("a reply line of more than " + MAX_LINE + " bytes");
            }
            line[length++] = (byte) b;
        }
        return parse(line, length > 0 && line[length - 1] == '\r' ? length - 1 : length);
    }

    private static Line parse(byte[] line, int length) throws MalformedReply {
        int code = 0;
        for (int i = 0; i < 3; i++) {
            int digit = i < length ? line[i] - '0' : -1;
            if (digit < 0 || digit > 9) {
                throw new MalformedReply("not a reply: '" + text(line, 0, length, 80) + "'");
            }
            code = code * 10 + digit;
        }
        if (code < 200 || code > 599) {
            throw new MalformedReply("not a reply code: " + code);
        }
        // RFC 5321 §4.2: a bare code is to be accepted
        byte separator = length > 3 ? line[3] : (byte) ' ';
        if (separator != ' ' && separator != '-') {
            throw new MalformedReply("not a reply: '" + text(line, 0, length, 80) + "'");
        }
        return new Line(code, separator == ' ', length > 4 ? text(line, 4, length, MAX_LINE) : "");
    }

    private static String text(byte[] line, int from, int to, int longest) {
        return Sanitized.line(new String(line, from, to - from, StandardCharsets.UTF_8), longest);
    }

    private int nextByte(int alreadyInLine) throws IOException {
        if (next == end) {
            next = 0;
            end = Math.max(0, in.read(buffer, 0, buffer.length));
            if (end == 0) {
                throw new EOFException(alreadyInLine == 0 ? "the server closed the connection"
                    : "the server closed the connection in mid-reply");
            }
        }
        return buffer[next++] & 0xff;
    }

    /** What the server sent is no SMTP reply, or is larger than any reply we are willing to read. */
    static final class MalformedReply extends IOException {

        MalformedReply(String message) {
            super(message);
        }
    }
}
