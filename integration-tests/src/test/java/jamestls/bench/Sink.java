package jamestls.bench;

import jamestls.fakeinternet.Identity;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@link SinkServer} in its own process, as seen by the benchmark. */
public final class Sink implements AutoCloseable {

    private static final char[] PASSWORD = "sink".toCharArray();

    private final Process process;
    private final BufferedReader answers;
    private final BufferedWriter commands;
    private final int port;

    /**
     * What it has counted.
     *
     * @param connections so far
     * @param open those that have not ended
     */
    public record Count(long mails, long connections, long open) {
    }

    private Sink(Process process) throws IOException {
        this.process = process;
        this.answers = process.inputReader();
        this.commands = process.outputWriter();
        this.port = Integer.parseInt(answers.readLine());
    }

    /** @param hosts who answers at which address */
    public static Sink start(Path directory, Map<String, Identity> hosts) {
        try {
            Path keys = Files.createDirectories(directory).resolve("sink.p12");
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (Map.Entry<String, Identity> host : hosts.entrySet()) {
                store.setKeyEntry(host.getKey(), host.getValue().key(), PASSWORD,
                    host.getValue().chain().toArray(Certificate[]::new));
            }
            try (OutputStream file = Files.newOutputStream(keys)) {
                store.store(file, PASSWORD);
            }
            List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m", "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), SinkServer.class.getName(), keys.toString()));
            command.addAll(hosts.keySet());
            return new Sink(new ProcessBuilder(command).redirectError(directory.resolve("sink.log").toFile()).start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The port it listens on, at all its addresses. */
    public int port() {
        return port;
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    /** From now on it holds back every answer. */
    public void shut() {
        say("close");
    }

    /** What it held back goes out. */
    public void open() {
        say("open");
    }

    /** From now on it refuses each recipient for now. */
    public void refuse() {
        say("refuse");
    }

    /** It takes recipients again. */
    public void accept() {
        say("accept");
    }

    public void roundTrip(Duration time) {
        say("rtt " + time.toMillis());
    }

    public Count count() {
        String[] words = say("count").split(" ");
        return new Count(Long.parseLong(words[0]), Long.parseLong(words[1]), Long.parseLong(words[2]));
    }

    @Override
    public void close() {
        process.destroy();
    }

    private String say(String command) {
        try {
            commands.write(command);
            commands.newLine();
            commands.flush();
            return String.valueOf(answers.readLine());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
