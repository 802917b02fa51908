package jamestls.fakeinternet;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * The PostgreSQL that is installed on this machine, started for one test class: its own data directory, a free port on
 * 127.0.0.1, no other service touched. It refuses to run as root; then it is started as user {@code postgres}.
 */
public final class PostgresServer implements AutoCloseable {

    private static final Path INSTALLATIONS = Path.of("/usr/lib/postgresql");
    private static final String UNPRIVILEGED = "postgres";

    private final Path programs;
    private final Path directory;
    private final int port;
    private final Durability durability;
    private Process process;

    /** Whether commits are flushed to the disk. */
    public enum Durability {
        /** As PostgreSQL does by default. */
        FSYNC,
        /** Commits survive a kill of the processes, but not of the machine: faster tests. */
        NONE
    }

    private PostgresServer(Path programs, Path directory, int port, Durability durability) {
        this.durability = durability;
        this.programs = programs;
        this.directory = directory;
        this.port = port;
    }

    /** Starts one without fsync; where it is not installed the test is skipped, or fails if the environment says {@code CI=true}. */
    public static PostgresServer startOrSkip() {
        return startOrSkip(Durability.NONE);
    }

    /** As {@link #startOrSkip()}. */
    public static PostgresServer startOrSkip(Durability durability) {
        Optional<Path> programs = installed();
        InstalledProgram.require(programs.isPresent(), "PostgreSQL is not installed (no " + INSTALLATIONS + ")");
        try {
            PostgresServer server = new PostgresServer(programs.get(), Files.createTempDirectory("postgres-"), ServerPorts.free(),
                durability);
            server.initialise();
            server.start();
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** For {@code DatabaseAddress.PostgreSql}; the user is {@code postgres} and needs no password. */
    public String url() {
        return "jdbc:postgresql://127.0.0.1:" + port + "/postgres?user=postgres";
    }

    /** A database of its own on this server, empty, for tests that must not see each other. */
    public String newDatabase(String name) {
        run("create database", programs.resolve("psql").toString(), "-q", "-h", "127.0.0.1", "-p", Integer.toString(port), "-U", "postgres",
            "-c", "CREATE DATABASE " + name);
        return url().replace("/postgres?", "/" + name + "?");
    }

    /** Starts a second server that replicates this one; from then on each commit is on both before a client hears of it. */
    public PostgresServer startStandby() {
        try {
            PostgresServer standby = new PostgresServer(programs, Files.createTempDirectory("postgres-"), ServerPorts.free(),
                durability);
            standby.give(standby.directory);
            run("pg_basebackup", unprivileged(programs.resolve("pg_basebackup").toString(), "-D", standby.data(), "-h", "127.0.0.1", "-p",
                Integer.toString(port), "-U", "postgres", "-R", "-c", "fast", "--no-sync").toArray(String[]::new));
            standby.start();
            query("ALTER SYSTEM SET synchronous_standby_names = '*'");
            query("SELECT pg_reload_conf()");
            Awaitility.await("replication").atMost(60, TimeUnit.SECONDS).until(() ->
                query("SELECT sync_state FROM pg_stat_replication").equals("sync"));
            return standby;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Makes a standby the server that takes writes. */
    public void promote() {
        query("SELECT pg_promote()");
    }

    /** The URL of this server and of another one, of which the driver takes the one that takes writes. */
    public String urlWith(PostgresServer other) {
        return url().replace("/postgres?", ",127.0.0.1:" + other.port + "/postgres?") + "&targetServerType=primary";
    }

    /** What {@code psql} prints for a statement in the first database: values only. */
    public String query(String sql) {
        return query("postgres", sql);
    }

    /** The same in another database. */
    public String query(String database, String sql) {
        return run("query", programs.resolve("psql").toString(), "-qAt", "-h", "127.0.0.1", "-p", Integer.toString(port), "-U", "postgres",
            "-d", database, "-c", sql).strip();
    }

    /** Starts it again after {@link #stop}, with the same port and data. */
    public void start() throws IOException {
        process = new ProcessBuilder(unprivileged(programs.resolve("postgres").toString(), "-D", data(), "-p", Integer.toString(port),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            "-c", "fsync=" + (durability == Durability.FSYNC ? "on" : "off")))
            .redirectErrorStream(true).redirectOutput(log().toFile()).start();
        Awaitility.await().atMost(60, TimeUnit.SECONDS).until(this::accepts);
    }

    /** As if the machine were switched off: open connections break. */
    public void stop() {
        if (process.isAlive()) {
            // SIGQUIT is PostgreSQL's immediate shutdown, which takes its child processes along
            run("stop", "kill", "-QUIT", Long.toString(process.pid()));
            process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
        }
    }

    /** Stops all its processes in their steps: connections stay open, new ones are accepted by the kernel, and nobody answers. */
    public void freeze() {
        signal("-STOP");
    }

    /** Lets it go on after {@link #freeze}. */
    public void thaw() {
        signal("-CONT");
    }

    /** Processor time that its running processes have used so far. */
    public Duration cpu() {
        return process.descendants().map(one -> one.info().totalCpuDuration().orElse(Duration.ZERO)).reduce(Duration.ZERO, Duration::plus);
    }

    /** Cuts all connections of clients but the one that does this, whatever they are doing. */
    public void cutConnections() {
        query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' "
            + "AND pid <> pg_backend_pid()");
    }

    private void signal(String signal) {
        List<String> command = new ArrayList<>(List.of("kill", signal, Long.toString(process.pid())));
        process.descendants().forEach(child -> command.add(Long.toString(child.pid())));
        // a connection may have ended since
        command.add("||");
        command.add("true");
        run("signal", "sh", "-c", String.join(" ", command));
    }

    @Override
    public void close() {
        thaw();
        stop();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean accepts() throws IOException, InterruptedException {
        if (!process.isAlive()) {
            throw new AssertionError("PostgreSQL ended:\n" + Files.readString(log()));
        }
        return new ProcessBuilder(programs.resolve("pg_isready").toString(), "-q", "-h", "127.0.0.1", "-p", Integer.toString(port))
            .start().waitFor() == 0;
    }

    private void initialise() {
        give(directory);
        run("initdb", unprivileged(programs.resolve("initdb").toString(), "-D", data(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-sync").toArray(String[]::new));
    }

    private void give(Path toTheUser) {
        if (isRoot()) {
            run("chown", "chown", UNPRIVILEGED, toTheUser.toString());
        }
    }

    private String run(String what, String... command) {
        try {
            Process started = new ProcessBuilder(command).directory(new File("/")).redirectErrorStream(true).start();
            String output = new String(started.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (started.waitFor() != 0) {
                throw new AssertionError(what + " failed:\n" + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static List<String> unprivileged(String... command) {
        List<String> all = new ArrayList<>();
        if (isRoot()) {
            all.addAll(List.of("setpriv", "--reuid=" + UNPRIVILEGED, "--regid=" + UNPRIVILEGED, "--clear-groups"));
        }
        all.addAll(List.of(command));
        return all;
    }

    private String data() {
        return directory.resolve("data").toString();
    }

    private Path log() {
        return directory.resolve("server.log");
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private static Optional<Path> installed() {
        if (!Files.isDirectory(INSTALLATIONS)) {
            return Optional.empty();
        }
        try (Stream<Path> versions = Files.list(INSTALLATIONS)) {
            return versions.map(version -> version.resolve("bin")).filter(bin -> Files.isExecutable(bin.resolve("initdb"))).findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
