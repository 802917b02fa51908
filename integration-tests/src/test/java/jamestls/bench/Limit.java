package jamestls.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** {@link BareSender} in its own process, as seen by the benchmark: what no relay can be faster than. */
final class Limit implements Relay, AutoCloseable {

    /** As many as SecureRemoteDelivery opens to one destination: the default of deliveriesPerDestination. */
    private static final int SESSIONS_TO_ONE = 20;

    private final Process process;
    private final BufferedReader answers;
    private final Writer orders;
    private final List<String> addresses;
    private final int port;

    private Limit(Process process, List<String> addresses, int port) {
        this.process = process;
        this.answers = process.inputReader();
        this.orders = process.outputWriter();
        this.addresses = addresses;
        this.port = port;
    }

    /** @param addresses of the mail host of d0.bench.example, d1.bench.example and so on, all on one port */
    static Limit start(Path directory, List<String> addresses, int port) {
        try {
            Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
                "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), BareSender.class.getName())
                .redirectError(directory.resolve("limit.log").toFile()).start();
            return new Limit(process, addresses, port);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String name() {
        return "limit";
    }

    /** Connects its sessions, which are greeted when the sink answers: as those of the relays, which begin at once, too. */
    @Override
    public void fill(int mails, int size, int destinations) {
        try {
            orders.write(mails + " " + size + " " + (destinations == 1 ? SESSIONS_TO_ONE : 1) + " " + port + " "
                + String.join(" ", addresses.subList(0, destinations)) + "\n");
            orders.flush();
            if (!"connected".equals(answers.readLine())) {
                throw new IllegalStateException("the bare sender has ended");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Duration cpu() {
        return process.info().totalCpuDuration().orElse(Duration.ZERO);
    }

    @Override
    public void close() {
        process.destroy();
    }
}
