package jamestls.fakeinternet;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * The RabbitMQ that is installed on this machine with its management plugin, started for one test class: its own data directory, node
 * name, port mapper and free ports on 127.0.0.1, no other service touched. User and password are {@code guest}.
 */
public final class RabbitMqServer implements AutoCloseable {

    private static final Path INSTALLATIONS = Path.of("/usr/lib/rabbitmq/lib");
    private static final int TIMEOUT_SECONDS = 90;

    private final Path programs;
    private final Path directory;
    private final int amqpPort;
    private final int managementPort;
    private final int distributionPort;
    private final int mapperPort;
    private final Process mapper;
    private Process process;

    private RabbitMqServer(Path programs, Path directory) throws IOException {
        this.programs = programs;
        this.directory = directory;
        this.amqpPort = ServerPorts.free();
        this.managementPort = ServerPorts.free();
        this.distributionPort = ServerPorts.free();
        this.mapperPort = ServerPorts.free();
        // without one of its own, the node would start a daemon that nobody ends
        this.mapper = new ProcessBuilder("epmd", "-port", "" + mapperPort).directory(new File("/"))
            .redirectErrorStream(true).redirectOutput(directory.resolve("epmd.log").toFile()).start();
    }

    /** Starts it; where it is not installed the test is skipped, or fails if the environment says {@code CI=true}. */
    public static RabbitMqServer startOrSkip() {
        Optional<Path> programs = installed();
        InstalledProgram.require(programs.isPresent(), "RabbitMQ is not installed (no " + INSTALLATIONS + ")");
        try {
            Path directory = Files.createTempDirectory("rabbitmq-");
            Files.writeString(directory.resolve("enabled_plugins"), "[rabbitmq_management].\n");
            RabbitMqServer server = new RabbitMqServer(programs.get(), directory);
            Files.writeString(directory.resolve("rabbitmq.conf"), """
                listeners.tcp.1 = 127.0.0.1:%d
                management.tcp.ip = 127.0.0.1
                management.tcp.port = %d
                disk_free_limit.absolute = 1MB
                """.formatted(server.amqpPort, server.managementPort));
            server.start();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where a client connects, in the form of James's {@code uri}. */
    public URI amqp() {
        return URI.create("amqp://guest:guest@127.0.0.1:" + amqpPort);
    }

    /** In the form of James's {@code management.uri}. */
    public URI management() {
        return URI.create("http://127.0.0.1:" + managementPort);
    }

    /** Starts it again after {@link #kill}, with the same ports and data, and waits until clients can connect. */
    public void start() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(programs.resolve("rabbitmq-server").toString()).directory(new File("/"))
            .redirectErrorStream(true).redirectOutput(directory.resolve("server.log").toFile());
        environment(builder);
        process = builder.start();
        Awaitility.await("RabbitMQ").atMost(TIMEOUT_SECONDS, TimeUnit.SECONDS).until(() -> accepts(amqpPort) && accepts(managementPort));
    }

    /** As if the machine were switched off: open connections break. */
    public void kill() {
        // the program is a shell script that has started the virtual machine
        List<ProcessHandle> all = processes();
        all.forEach(ProcessHandle::destroyForcibly);
        all.forEach(one -> one.onExit().orTimeout(TIMEOUT_SECONDS, TimeUnit.SECONDS).join());
    }

    /** Stops it in its steps; connections stay open and nobody answers. */
    public void freeze() {
        signal("-STOP");
    }

    /** Lets it go on after {@link #freeze}. */
    public void thaw() {
        signal("-CONT");
    }

    /** Has it close all connections of clients. */
    public void closeConnections() {
        control("close_all_connections", "test");
    }

    /** Messages of a queue, delivered and not acknowledged ones included. */
    public int messages(String queue) {
        return control("list_queues", "--quiet", "--no-table-headers", "name", "messages").lines().map(line -> line.split("\\s+"))
            .filter(line -> line[0].equals(queue)).mapToInt(line -> Integer.parseInt(line[1])).sum();
    }

    /** Processor time that it has used so far. */
    public Duration cpu() {
        return processes().stream().map(one -> one.info().totalCpuDuration().orElse(Duration.ZERO)).reduce(Duration.ZERO, Duration::plus);
    }

    /** What {@code rabbitmqctl} prints. */
    public String control(String... arguments) {
        try {
            List<String> command = new ArrayList<>(List.of(programs.resolve("rabbitmqctl").toString()));
            command.addAll(List.of(arguments));
            ProcessBuilder builder = new ProcessBuilder(command).directory(new File("/")).redirectErrorStream(true);
            environment(builder);
            Process started = builder.start();
            String output = new String(started.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (started.waitFor() != 0) {
                throw new AssertionError(String.join(" ", command) + " failed:\n" + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        kill();
        mapper.destroyForcibly();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void environment(ProcessBuilder builder) {
        builder.environment().putAll(Map.ofEntries(
            Map.entry("HOME", directory.toString()),
            Map.entry("ERL_EPMD_PORT", "" + mapperPort),
            Map.entry("RABBITMQ_NODENAME", "node" + amqpPort + "@localhost"),
            Map.entry("RABBITMQ_NODE_PORT", "" + amqpPort),
            Map.entry("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1"),
            Map.entry("RABBITMQ_DIST_PORT", "" + distributionPort),
            Map.entry("RABBITMQ_CONFIG_FILE", directory.resolve("rabbitmq.conf").toString()),
            Map.entry("RABBITMQ_ENABLED_PLUGINS_FILE", directory.resolve("enabled_plugins").toString()),
            Map.entry("RABBITMQ_MNESIA_BASE", directory.resolve("data").toString()),
            Map.entry("RABBITMQ_LOG_BASE", directory.resolve("log").toString()),
            Map.entry("RABBITMQ_PID_FILE", directory.resolve("pid").toString())));
    }

    private void signal(String signal) {
        try {
            List<String> command = new ArrayList<>(List.of("kill", signal));
            processes().forEach(one -> command.add("" + one.pid()));
            new ProcessBuilder(command).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<ProcessHandle> processes() {
        return process == null ? List.of()
            : Stream.concat(process.descendants(), Stream.of(process.toHandle())).filter(ProcessHandle::isAlive).toList();
    }

    private boolean accepts(int port) throws IOException {
        if (!process.isAlive()) {
            throw new AssertionError("RabbitMQ ended:\n" + Files.readString(directory.resolve("server.log")));
        }
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 1_000);
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    private static Optional<Path> installed() {
        if (!Files.isDirectory(INSTALLATIONS)) {
            return Optional.empty();
        }
        try (Stream<Path> versions = Files.list(INSTALLATIONS)) {
            return versions.map(version -> version.resolve("sbin")).filter(sbin -> Files.isExecutable(sbin.resolve("rabbitmq-server")))
                .findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
