package jamestls.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * James's queue without anything behind it: each mail is taken, read and acknowledged, by the mailet DrainQueue of the benchmark's James,
 * which measures the time itself. Nothing reaches the sink.
 *
 * @param port where DrainQueue listens
 */
record QueueAlone(OfJames james, int port) implements Relay {

    @Override
    public String name() {
        return james.name();
    }

    @Override
    public void fill(int mails, int size, int destinations) {
        james.fill(mails, size, destinations);
    }

    @Override
    public Duration send(Sink sink, long total) {
        long mails = total - sink.count().mails();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
             BufferedReader answer = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII))) {
            socket.getOutputStream().write((name() + " " + mails + "\n").getBytes(StandardCharsets.US_ASCII));
            return Duration.ofNanos(Long.parseLong(answer.readLine()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            sink.open();
        }
    }

    @Override
    public Duration cpu() {
        return james.cpu();
    }
}
