package jamestls.smtp;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * Cuts a mail into chunks (RFC 3030 §2), each with the BDAT command before it, so that both leave in one piece. Dots stay as
 * they are. Every line end becomes CRLF, as in {@link DotStuffer}: without BODY=BINARYMIME nothing else is allowed.
 *
 * <p>{@link #close} does not end the mail, only {@link #finish} does.
 */
final class Chunks extends OutputStream {

    private static final int MAX = 65_536;
    /** {@code BDAT 65536 LAST} and its line end, in front of the chunk. */
    private static final int COMMAND = 20;
    private static final int SMALLEST_BUFFER = 4_096;

    /** Where they go. */
    @FunctionalInterface
    interface Target {

        /** @param last whether it is the last of the mail */
        void chunk(byte[] bytes, int offset, int length, boolean last) throws IOException;
    }

    private final Target target;
    private byte[] buffer = new byte[SMALLEST_BUFFER];
    private int end = COMMAND;
    private byte before = '\n';
    private boolean finished;

    Chunks(Target target) {
        this.target = target;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
        Objects.checkFromIndexSize(offset, count, bytes.length);
        if (finished) {
            throw new IOException("the mail has ended");
        }
        int to = offset + count;
        for (int i = offset; i < to; ) {
            if (before == '\r') {
                add((byte) '\n');
                before = '\n';
                if (bytes[i] == '\n') {
                    i++;
                    continue;
                }
            }
            int run = i;
            while (run < to && bytes[run] != '\r' && bytes[run] != '\n') {
                run++;
            }
            if (run > i) {
                addAll(bytes, i, run);
                before = bytes[run - 1];
                i = run;
            } else if (bytes[i++] == '\n') {
                lineEnd();
            } else {
                add((byte) '\r');
                before = '\r';
            }
        }
    }

    /** Ends the last line and the mail. Whatever is written after is refused. */
    void finish() throws IOException {
        if (finished) {
            throw new IOException("the mail has ended");
        }
        finished = true;
        if (before == '\r') {
            add((byte) '\n');
        } else if (before != '\n') {
            lineEnd();
        }
        cut(true);
    }

    private void lineEnd() throws IOException {
        add((byte) '\r');
        add((byte) '\n');
        before = '\n';
    }

    private void add(byte b) throws IOException {
        if (end == buffer.length) {
            makeRoom();
        }
        buffer[end++] = b;
    }

    private void addAll(byte[] bytes, int from, int to) throws IOException {
        for (int i = from; i < to; ) {
            if (end == buffer.length) {
                makeRoom();
            }
            int piece = Math.min(to - i, buffer.length - end);
            System.arraycopy(bytes, i, buffer, end, piece);
            end += piece;
            i += piece;
        }
    }

    /** Most mails are small, and many are sent at once: the buffer grows only as far as it is needed. */
    private void makeRoom() throws IOException {
        if (buffer.length < COMMAND + MAX) {
            byte[] larger = new byte[Math.min(4 * buffer.length, COMMAND + MAX)];
            System.arraycopy(buffer, 0, larger, 0, end);
            buffer = larger;
        } else {
            cut(false);
        }
    }

    private void cut(boolean last) throws IOException {
        byte[] command = ("BDAT " + (end - COMMAND) + (last ? " LAST\r\n" : "\r\n")).getBytes(StandardCharsets.US_ASCII);
        int start = COMMAND - command.length;
        System.arraycopy(command, 0, buffer, start, command.length);
        int length = end - start;
        end = COMMAND;
        target.chunk(buffer, start, length, last);
    }
}
