package jamestls.fakeinternet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The installed Postfix, run with a configuration of its own from a temporary directory. Its master process needs root. */
public final class PostfixProcess implements AutoCloseable {

    private static final Path PROGRAM = Path.of("/usr/sbin/postfix");

    private final Path directory;
    private final Process master;

    private PostfixProcess(Path directory, Process master) {
        this.directory = directory;
        this.master = master;
    }

    /** Why it can't be run here; empty if it can. */
    public static Optional<String> missing() {
        if (!Files.isExecutable(PROGRAM)) {
            return Optional.of("Postfix is not installed");
        }
        return "root".equals(System.getProperty("user.name")) ? Optional.empty() : Optional.of("this is not root");
    }

    /** A new directory with {@code conf} for main.cf and master.cf, {@code queue} and {@code data}. */
    public static Path newDirectory(String prefix) throws IOException {
        // not below the build directory, which unprivileged processes of Postfix may not be able to reach
        Path directory = Files.createTempDirectory(Path.of("/tmp"), prefix);
        run("chmod", "755", directory.toString());
        for (String name : List.of("conf", "queue", "data")) {
            Files.createDirectory(directory.resolve(name));
        }
        run("chown", "postfix", directory.resolve("data").toString());
        return directory;
    }

    /** The command that runs the master process in the foreground. */
    public static List<String> command(Path directory) {
        return List.of(PROGRAM.toString(), "-c", directory.resolve("conf").toString(), "start-fg");
    }

    /**
     * Starts it; the caller waits until it listens.
     *
     * @param directory made by {@link #newDirectory}, with both files in {@code conf}; deleted by {@link #close}
     * @param command what {@link #command} returns, or a command that executes it
     */
    public static PostfixProcess start(Path directory, List<String> command, Path output) throws IOException {
        return new PostfixProcess(directory,
            new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start());
    }

    public boolean isAlive() {
        return master.isAlive();
    }

    @Override
    public void close() {
        try {
            run(PROGRAM.toString(), "-c", directory.resolve("conf").toString(), "stop");
            master.waitFor(20, TimeUnit.SECONDS);
            run("rm", "-rf", directory.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            master.destroy();
        }
    }

    private static void run(String... command) throws IOException {
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + output);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
