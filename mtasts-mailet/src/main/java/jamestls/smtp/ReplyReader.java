package jamestls.smtp;

import jamestls.net.Sanitized;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads replies (RFC 5321 §4.2) from a server that may be careless or hostile.
 *
 * <p>The first line must begin with a code of 200 to 599. The last line is the first one that does not continue with a hyphen
 * after its code; its code counts. Between them, lines without a code belong to the reply, too. A line ends with CRLF or LF.
 * Text beyond a limit is read and dropped. A reply of more than {@link #MAX_REPLY} bytes counts by its first line's code,
 * and the reader refuses to read on after it.
 *
 * <p>It reads ahead: before TLS starts, ask {@link #hasUnread}, and take a new reader afterwards.
 */
final class ReplyReader {

    /** In bytes, with all its line ends. */
    static final int MAX_REPLY = 65_536;
    /** In characters: what logs and bounces show of a reply. RFC 5321 §4.5.3.1.5 allows a line of 512. */
    static final int MAX_TEXT = 512;
    /** What is kept of one line, in bytes. */
    static final int MAX_LINE = 2_048;

    private static final int NO_CODE = 0;

    private final InputStream in;
    private final byte[] buffer = new byte[4_096];
    private final byte[] line = new byte[MAX_LINE];
    private int lineLength;
    private int next;
    private int end;
    private int bytesOfReply;
    private boolean overrun;

    ReplyReader(InputStream in) {
        this.in = in;
    }

    /** The next reply, with at most {@link #MAX_TEXT} characters of its text; see {@link #read(int)}. */
    SmtpReply read() throws IOException {
        return read(MAX_TEXT);
    }

    /**
     * The next reply.
     *
     * @param maxText characters of text to keep, each line end counted as one
     * @throws MalformedReply when the code can't be known; the reader must not be used any more
     * @throws EOFException when the server closed the connection before the reply was complete
     */
    SmtpReply read(int maxText) throws IOException {
        if (overrun) {
            throw new MalformedReply("a reply of more than " + MAX_REPLY + " bytes");
        }
        bytesOfReply = 0;
        List<String> lines = new ArrayList<>(1);
        int textLeft = maxText;
        int first = NO_CODE;
        while (true) {
            boolean complete = readLine();
            int code = codeOfLine();
            if (first == NO_CODE) {
                if (code == NO_CODE) {
                    throw new MalformedReply("not a reply: '" + text(0, 80) + "'");
                }
                first = code;
            }
            if (textLeft > 0) {
                String text = text(code == NO_CODE ? 0 : startOfText(), textLeft);
                lines.add(text);
                textLeft -= text.length() + 1;
            }
            if (!complete) {
                overrun = true;
                return new SmtpReply(first, lines);
            }
            // RFC 5321 §4.2.1 wants one code on all lines; of servers that differ, the last line is the answer
            if (code != NO_CODE && !(lineLength > 3 && line[3] == '-')) {
                return new SmtpReply(code, lines);
            }
        }
    }

    /** Whether bytes have come for which nobody has asked yet, here or still in the stream. */
    boolean hasUnread() throws IOException {
        return overrun || next < end || in.available() > 0;
    }

    /** Whether the last reply exceeded the bound: nothing that follows can be understood. */
    boolean isOverrun() {
        return overrun;
    }

    /** Reads one line, without its end. @return false if the reply has reached its bound before the line ended */
    private boolean readLine() throws IOException {
        lineLength = 0;
        while (true) {
            if (next == end) {
                fill();
            }
            if (bytesOfReply == MAX_REPLY) {
                return false;
            }
            bytesOfReply++;
            byte b = buffer[next++];
            if (b == '\n') {
                if (lineLength > 0 && line[lineLength - 1] == '\r') {
                    lineLength--;
                }
                return true;
            }
            if (lineLength < MAX_LINE) {
                line[lineLength++] = b;
            }
        }
    }

    /** The line's code, or {@link #NO_CODE}. {@code 250}, {@code 250<TAB>ok} and {@code 250ok} have one, {@code 2500} has not. */
    private int codeOfLine() {
        int code = 0;
        for (int i = 0; i < 3; i++) {
            int digit = i < lineLength ? line[i] - '0' : -1;
            if (digit < 0 || digit > 9) {
                return NO_CODE;
            }
            code = code * 10 + digit;
        }
        boolean fourthDigit = lineLength > 3 && line[3] >= '0' && line[3] <= '9';
        return code >= 200 && code <= 599 && !fourthDigit ? code : NO_CODE;
    }

    private int startOfText() {
        return lineLength > 3 && (line[3] == ' ' || line[3] == '-' || line[3] == '\t') ? 4 : 3;
    }

    private String text(int from, int max) {
        return from >= lineLength ? "" : Sanitized.line(new String(line, from, lineLength - from, StandardCharsets.UTF_8), max);
    }

    private void fill() throws IOException {
        next = 0;
        end = Math.max(0, in.read(buffer, 0, buffer.length));
        if (end == 0) {
            throw new EOFException(bytesOfReply == 0 ? "the server closed the connection"
                : "the server closed the connection in mid-reply");
        }
    }

    /** What the server sent is no SMTP reply. */
    static final class MalformedReply extends IOException {

        MalformedReply(String message) {
            super(message);
        }
    }
}
