package jamestls.fakeinternet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/**
 * The PgBouncer that is installed on this machine, in front of one database, with transaction pooling: on a free port of 127.0.0.1, with
 * its files in a directory of its own. It refuses to run as root; then it is started as user {@code postgres}.
 */
public final class PgBouncer implements AutoCloseable {

    /** The most connections to the database. */
    public static final int CONNECTIONS = 2;
    private static final Path PROGRAM = Path.of("/usr/sbin/pgbouncer");

    private final Path directory;
    private final String url;
    private final Process process;

    private PgBouncer(Path directory, String url, Process process) {
        this.directory = directory;
        this.url = url;
        this.process = process;
    }

    /**
     * Starts it; where it is not installed the test is skipped, or fails if the environment says {@code CI=true}.
     *
     * @param database of {@link PostgresServer#newDatabase}
     */
    public static PgBouncer startOrSkip(String database) {
        InstalledProgram.require("PgBouncer", PROGRAM);
        URI server = URI.create(database.substring("jdbc:".length()));
        int port = ServerPorts.free();
        try {
            Path directory = Files.createTempDirectory("pgbouncer-");
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
            Path configuration = Files.writeString(directory.resolve("pgbouncer.ini"), """
                [databases]
                * = host=127.0.0.1 user=postgres port=%d
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = %d
                unix_socket_dir =
                auth_type = any
                pool_mode = transaction
                default_pool_size = %d
                ignore_startup_parameters = extra_float_digits
                """.formatted(server.getPort(), port, CONNECTIONS));
            List<String> command = new ArrayList<>();
            if ("root".equals(System.getProperty("user.name"))) {
                command.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"));
            }
            command.addAll(List.of(PROGRAM.toString(), configuration.toString()));
            Process process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(directory.resolve("pgbouncer.log").toFile()).start();
            Awaitility.await("PgBouncer").atMost(30, TimeUnit.SECONDS).until(() -> accepts(port, process, directory));
            return new PgBouncer(directory, database.replace(":" + server.getPort() + "/", ":" + port + "/"), process);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The URL of the database through it. */
    public String url() {
        return url;
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
        try {
            for (String file : List.of("pgbouncer.ini", "pgbouncer.log", "")) {
                Files.deleteIfExists(directory.resolve(file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean accepts(int port, Process process, Path directory) throws IOException {
        if (!process.isAlive()) {
            throw new AssertionError("PgBouncer ended:\n" + Files.readString(directory.resolve("pgbouncer.log")));
        }
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }
}
