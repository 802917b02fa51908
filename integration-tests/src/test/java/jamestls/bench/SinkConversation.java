package jamestls.bench;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** One connection of {@link SinkServer}: takes every mail as fast as it comes and forgets it. */
final class SinkConversation {

    private static final byte[] END = "\r\n.\r\n".getBytes(StandardCharsets.US_ASCII);

    private final Socket connection;
    private final SSLContext tls;
    private final LongAdder mails;
    private final Supplier<CountDownLatch> gate;
    private final BooleanSupplier refusing;
    private InputStream in;
    private OutputStream out;
    private final byte[] buffer = new byte[32_768];
    private int next;
    private int end;

    SinkConversation(Socket connection, SSLContext tls, LongAdder mails, Supplier<CountDownLatch> gate, BooleanSupplier refusing) {
        this.connection = connection;
        this.tls = tls;
        this.mails = mails;
        this.gate = gate;
        this.refusing = refusing;
    }

    void run() throws IOException, InterruptedException {
        in = connection.getInputStream();
        out = connection.getOutputStream();
        StringBuilder replies = new StringBuilder("220 sink\r\n");
        boolean secured = false;
        while (true) {
            gate.get().await();
            if (next == end && !replies.isEmpty()) {
                out.write(replies.toString().getBytes(StandardCharsets.US_ASCII));
                out.flush();
                replies.setLength(0);
            }
            String line = line();
            String verb = line.substring(0, Math.min(4, line.length())).toUpperCase(Locale.ROOT);
            switch (verb) {
                case "EHLO" -> replies.append("250-sink\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n")
                    .append(secured ? "250 8BITMIME\r\n" : "250-STARTTLS\r\n250 8BITMIME\r\n");
                case "STAR" -> {
                    out.write("220 go\r\n".getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                    SSLSocket socket = (SSLSocket) tls.getSocketFactory().createSocket(connection, null, connection.getPort(), true);
                    socket.setUseClientMode(false);
                    socket.startHandshake();
                    in = socket.getInputStream();
                    out = socket.getOutputStream();
                    secured = true;
                }
                case "RCPT" -> replies.append(refusing.getAsBoolean() ? "450 4.2.1 busy\r\n" : "250 ok\r\n");
                case "DATA" -> {
                    if (replies.indexOf("450") >= 0) {
                        replies.append("503 5.5.1 no recipient\r\n");
                        break;
                    }
                    out.write((replies + "354 go\r\n").getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                    replies.setLength(0);
                    skipMail();
                    mails.increment();
                    replies.append("250 taken\r\n");
                }
                case "QUIT" -> {
                    out.write((replies + "221 bye\r\n").getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                    return;
                }
                default -> replies.append("250 ok\r\n");
            }
        }
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            int b = read();
            if (b == '\n') {
                return line.toString().stripTrailing();
            }
            line.append((char) b);
        }
    }

    private void skipMail() throws IOException {
        // the end of the line before counts as the beginning
        int matched = 2;
        while (matched < END.length) {
            if (matched == 0) {
                skipToCarriageReturn();
            }
            byte b = (byte) read();
            matched = b == END[matched] ? matched + 1 : b == '\r' ? 1 : 0;
        }
    }

    private void skipToCarriageReturn() throws IOException {
        while (true) {
            for (; next < end; next++) {
                if (buffer[next] == '\r') {
                    return;
                }
            }
            fill();
        }
    }

    private int read() throws IOException {
        if (next == end) {
            fill();
        }
        return buffer[next++];
    }

    private void fill() throws IOException {
        next = 0;
        end = Math.max(0, in.read(buffer));
        if (end == 0) {
            throw new EOFException();
        }
    }
}
