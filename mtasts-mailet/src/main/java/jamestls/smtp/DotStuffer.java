package jamestls.smtp;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;

/**
 * Turns a mail into what follows DATA: every line end CRLF, a dot doubled where it starts a line (RFC 5321 §4.5.2), and at
 * the end, once, the line with only a dot.
 *
 * <p>A bare CR and a bare LF become CRLF. RFC 5321 §2.3.8 forbids to send them, and servers disagree on whether
 * {@code LF . LF} or {@code CR . CR} ends a mail: what one of them takes for the end, the rest of the mail could be
 * commands to (SMTP smuggling). The price is that a signature over bare line ends no longer verifies.
 *
 * <p>{@link #close} does not end the mail: a writer that gives up half way closes its stream, too. Only {@link #finish} does.
 */
final class DotStuffer extends OutputStream {

    private enum Last { LINE_END, CR, OTHER }

    private final OutputStream out;
    private final byte[] buffer;
    private int length;
    private Last last = Last.LINE_END;
    private boolean finished;

    DotStuffer(OutputStream out) {
        this(out, 16_384);
    }

    /** @param bufferSize in bytes, at least 8 */
    DotStuffer(OutputStream out, int bufferSize) {
        this.out = out;
        this.buffer = new byte[bufferSize];
    }

    @Override
    public void write(int b) throws IOException {
        refuseIfFinished();
        put((byte) b);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
        Objects.checkFromIndexSize(offset, count, bytes.length);
        refuseIfFinished();
        int end = offset + count;
        for (int next = offset; next < end; ) {
            int changed = nextChanged(bytes, next, end);
            if (changed > next) {
                copy(bytes, next, changed - next);
                next = changed;
            } else {
                put(bytes[next++]);
            }
        }
    }

    @Override
    public void flush() throws IOException {
        drain();
        out.flush();
    }

    @Override
    public void close() throws IOException {
        if (!finished) {
            flush();
        }
    }

    /** Ends the mail and flushes. Whatever is written after is refused. */
    void finish() throws IOException {
        refuseIfFinished();
        finished = true;
        if (last != Last.LINE_END) {
            lineEnd();
        }
        makeRoom();
        buffer[length++] = '.';
        lineEnd();
        flush();
    }

    /** Where the next byte is that may not be sent as it is: a bare CR or LF, a CR at the end, a dot that starts a line. */
    private int nextChanged(byte[] bytes, int from, int end) {
        int next = from;
        boolean lineStart = last == Last.LINE_END;
        while (last != Last.CR && next < end && !(lineStart && bytes[next] == '.')) {
            while (next < end && bytes[next] != '\r' && bytes[next] != '\n') {
                next++;
            }
            if (next + 1 >= end || bytes[next] != '\r' || bytes[next + 1] != '\n') {
                return next;
            }
            next += 2;
            lineStart = true;
        }
        return next;
    }

    /** Most of a mail, in one piece. The last bytes stay in the buffer, so that the final dot is sent with them. */
    private void copy(byte[] bytes, int offset, int count) throws IOException {
        int direct = count - count % buffer.length;
        if (count - direct > buffer.length - length || direct > 0) {
            drain();
        }
        if (direct > 0) {
            out.write(bytes, offset, direct);
        }
        System.arraycopy(bytes, offset + direct, buffer, length, count - direct);
        length += count - direct;
        last = bytes[offset + count - 1] == '\n' ? Last.LINE_END : Last.OTHER;
    }

    private void put(byte b) throws IOException {
        if (last == Last.CR) {
            lineEnd();
            if (b == '\n') {
                return;
            }
        }
        switch (b) {
            case '\r' -> last = Last.CR;
            case '\n' -> lineEnd();
            default -> {
                makeRoom();
                if (b == '.' && last == Last.LINE_END) {
                    buffer[length++] = '.';
                }
                buffer[length++] = b;
                last = Last.OTHER;
            }
        }
    }

    private void lineEnd() throws IOException {
        makeRoom();
        buffer[length++] = '\r';
        buffer[length++] = '\n';
        last = Last.LINE_END;
    }

    /** For two bytes, more is never added at once. */
    private void makeRoom() throws IOException {
        if (length > buffer.length - 2) {
            drain();
        }
    }

    private void drain() throws IOException {
        int count = length;
        length = 0;
        out.write(buffer, 0, count);
    }

    private void refuseIfFinished() throws IOException {
        if (finished) {
            throw new IOException("the mail has ended");
        }
    }
}
