package jamestls.fakeinternet;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Puts an {@link HttpAnswer} on the wire; the slow ones end when the client has gone or the server is closed. */
final class HttpAnswerWriter {

    private final OutputStream out;
    private final CountDownLatch closed;

    HttpAnswerWriter(OutputStream out, CountDownLatch closed) {
        this.out = out;
        this.closed = closed;
    }

    void write(HttpAnswer answer) throws IOException, InterruptedException {
        switch (answer) {
            case HttpAnswer.Document document -> document(document);
            case HttpAnswer.Redirect redirect -> text("HTTP/1.1 301 Moved\r\nLocation: " + redirect.location()
                + "\r\nContent-Length: 0\r\n\r\n");
            case HttpAnswer.DripBody drip -> {
                text("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
                drip("version: STSv1\n", drip.pause());
            }
            case HttpAnswer.DripHeaders drip -> {
                text("HTTP/1.1 200 OK\r\n");
                drip("X-A: b\r\n", drip.pause());
            }
            case HttpAnswer.HugeHeaders huge -> {
                text("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n");
                for (int i = 0; i < huge.fields(); i++) {
                    text("X-" + i + ": " + "h".repeat(huge.bytes()) + "\r\n");
                }
                text("Content-Length: 2\r\n\r\nok");
            }
            case HttpAnswer.CloseMidBody half -> text("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n"
                + "x".repeat(50));
            case HttpAnswer.Stall stall -> closed.await();
            case HttpAnswer.Torso torso -> {
                out.write(torso.bytes());
                out.flush();
            }
            case HttpAnswer.Raw raw -> {
                out.write(raw.bytes());
                out.flush();
            }
        }
    }

    private void document(HttpAnswer.Document document) throws IOException {
        byte[] body = document.body().getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 " + document.status() + " Status\r\n"
            + document.mediaType().map(type -> "Content-Type: " + type + "\r\n").orElse("");
        switch (document.framing()) {
            case CONTENT_LENGTH -> text(head + "Content-Length: " + body.length + "\r\n\r\n");
            case CHUNKED -> text(head + "Transfer-Encoding: chunked\r\n\r\n" + Integer.toHexString(body.length) + "\r\n");
            default -> text(head + "\r\n");
        }
        out.write(body);
        if (document.framing() == HttpAnswer.Framing.CHUNKED) {
            text("\r\n0\r\n\r\n");
        }
        out.flush();
    }

    private void drip(String over, Duration pause) throws IOException, InterruptedException {
        int i = 0;
        while (!closed.await(pause.toNanos(), TimeUnit.NANOSECONDS)) {
            out.write(over.charAt(i++ % over.length()));
            out.flush();
        }
    }

    private void text(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }
}
