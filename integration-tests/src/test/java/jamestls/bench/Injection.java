package jamestls.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Fills queues. */
final class Injection {

    private static final int CONNECTIONS = 8;
    private static final String LINE = "The quick brown fox jumps over the lazy dog, and the lazy dog could not care less.\r\n";

    private Injection() {
    }

    /**
     * Has James fill one of its queues.
     *
     * @param size of each mail in bytes, more or less
     * @param domains recipients are bob@d0.bench.example, bob@d1.bench.example and so on, in turn
     */
    static void mails(int port, String queue, int count, int size, int domains) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            OutputStream out = socket.getOutputStream();
            expect(in, "220");
            say(out, in, "EHLO injector", "250");
            say(out, in, "MAIL FROM:<alice@sender.example>", "250");
            say(out, in, "RCPT TO:<" + count + "-" + domains + "@" + queue + ">", "250");
            say(out, in, "DATA", "354");
            say(out, in, mail(size) + ".", "250");
            say(out, in, "QUIT", "221");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Gives a server so many mails over several connections. */
    static void inParallel(int port, int mails, int size, int domains) {
        try (ExecutorService injectors = Executors.newFixedThreadPool(CONNECTIONS)) {
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < CONNECTIONS; i++) {
                int first = i;
                all.add(injectors.submit(() -> oneByOne(port, first, CONNECTIONS, mails, size, domains)));
            }
            for (Future<?> each : all) {
                each.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Gives a server the mails with the numbers first, first + step and so on of {@code count}, over one connection. */
    private static void oneByOne(int port, int first, int step, int count, int size, int domains) {
        String mail = mail(size) + ".";
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            OutputStream out = socket.getOutputStream();
            expect(in, "220");
            say(out, in, "EHLO injector", "250");
            for (int i = first; i < count; i += step) {
                say(out, in, "MAIL FROM:<alice@sender.example>", "250");
                say(out, in, "RCPT TO:<bob@d" + i % domains + ".bench.example>", "250");
                say(out, in, "DATA", "354");
                say(out, in, mail, "250");
            }
            say(out, in, "QUIT", "221");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A mail of about so many bytes, every line ended. */
    static String mail(int size) {
        return "From: alice@sender.example\r\nSubject: bench\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
            + "Message-ID: <bench@sender.example>\r\n\r\n" + LINE.repeat(Math.max(1, (size - 150) / LINE.length()));
    }

    private static void say(OutputStream out, BufferedReader in, String command, String expected) throws IOException {
        out.write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
        out.flush();
        expect(in, expected);
    }

    private static void expect(BufferedReader in, String code) throws IOException {
        String reply = String.valueOf(in.readLine());
        while (reply.startsWith(code + "-")) {
            reply = String.valueOf(in.readLine());
        }
        if (!reply.startsWith(code)) {
            throw new IOException("James said '" + reply + "' instead of " + code);
        }
    }
}
