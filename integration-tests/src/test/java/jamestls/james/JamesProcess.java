package jamestls.james;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** A James server as a process of its own, on the JVM of the tests. What it prints is in {@code server.log}. */
public final class JamesProcess implements AutoCloseable {

    private static final Duration BOOT = Duration.ofSeconds(180);
    private static final Duration STOP = Duration.ofSeconds(15);
    private static final int TAIL = 40;

    private final JamesHome home;
    private final Ports ports;
    private final Path directory;
    private final Process process;

    private JamesProcess(JamesHome home, Ports ports, Path directory, Process process) {
        this.home = home;
        this.ports = ports;
        this.directory = directory;
        this.process = process;
    }

    /**
     * Boots the server in {@code directory} (empty or absent) and waits until it answers.
     *
     * @throws IllegalStateException when it does not come up; the message ends with the last lines it printed
     */
    public static JamesProcess start(JamesHome home, Path directory, ServerEnvironment environment, DkimKey dkim) {
        return start(home, directory, environment, dkim, conf -> { });
    }

    /** What a test wants otherwise than the shipped configuration has it. */
    @FunctionalInterface
    public interface Adaptation {

        /** @param conf the directory of the configuration, complete */
        void adapt(Path conf) throws IOException;
    }

    /** Likewise, with an adaptation of the configuration. */
    public static JamesProcess start(JamesHome home, Path directory, ServerEnvironment environment, DkimKey dkim, Adaptation adaptation) {
        Ports ports = Ports.free();
        try {
            ServerDirectory server = ServerDirectory.create(directory.toAbsolutePath(), home.flavour(), ports, environment, dkim);
            adaptation.adapt(server.conf());
            return boot(home, ports, server.path(), classPath(home, server.path()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Boots the server in a directory that is complete, with {@code conf/} and {@code extensions-jars/}.
     *
     * @param classPath what James finds there besides its own libraries
     */
    static JamesProcess boot(JamesHome home, Ports ports, Path directory, List<Path> classPath) throws IOException {
        Process process = new ProcessBuilder(command(home, directory, classPath))
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("server.log").toFile())
            .start();
        JamesProcess james = new JamesProcess(home, ports, directory, process);
        james.awaitBoot();
        return james;
    }

    /** DKIMSign of James 3.8 reads the key file of james-conf from the class path. */
    private static List<Path> classPath(JamesHome home, Path directory) {
        return home.flavour() == Flavour.JAVAX ? List.of(directory.resolve("conf")) : List.of();
    }

    /** Boots a server of {@link #start} again that was stopped or killed; its log begins anew. */
    JamesProcess restart() throws IOException {
        return boot(home, ports, directory, classPath(home, directory));
    }

    public JamesHome home() {
        return home;
    }

    public Ports ports() {
        return ports;
    }

    /** The working directory, with {@code conf/} in it. */
    public Path directory() {
        return directory;
    }

    /** Everything the server has printed so far. */
    public List<String> log() {
        try (Stream<String> lines = Files.lines(directory.resolve("server.log"))) {
            return lines.toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Asks the server to stop, as an operator would. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP.toSeconds(), TimeUnit.SECONDS)) {
                kill();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** What a power cut does. */
    public void kill() {
        process.destroyForcibly();
        process.onExit().orTimeout(STOP.toSeconds(), TimeUnit.SECONDS).join();
    }

    private static List<String> command(JamesHome home, Path directory, List<Path> moreClassPath) {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        List<String> classPath = new ArrayList<>(List.of(home.app().toString(), home.libraries() + "/*"));
        moreClassPath.forEach(each -> classPath.add(each.toString()));
        return List.of(java.toString(), "-Xmx512m", "-XX:+UseSerialGC",
            "-Dworking.directory=" + directory,
            "-Dextra.props=" + directory.resolve("conf/jvm.properties"),
            "-Dlogback.configurationFile=" + directory.resolve("conf/logback.xml"),
            "-cp", String.join(File.pathSeparator, classPath),
            home.mainClass());
    }

    private void awaitBoot() {
        try {
            Awaitility.await().atMost(BOOT).pollInterval(Duration.ofMillis(100))
                .until(() -> !process.isAlive() || listens(ports.submission()) && listens(ports.webadmin()));
        } catch (ConditionTimeoutException e) {
            process.destroyForcibly();
            throw failed("did not answer within " + BOOT.toSeconds() + " s");
        }
        if (!process.isAlive()) {
            throw failed("ended with exit code " + process.exitValue());
        }
    }

    private IllegalStateException failed(String what) {
        List<String> log = log();
        return new IllegalStateException("James " + home.version() + " in " + directory + " " + what + "; it said last:\n"
            + String.join("\n", log.subList(Math.max(0, log.size() - TAIL), log.size())));
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1000);
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }
}
