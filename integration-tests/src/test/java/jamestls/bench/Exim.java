package jamestls.bench;

import jamestls.fakeinternet.ServerPorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * Debian's Exim, installed or unpacked into a directory that {@code -Dbench.exim=} names (it can't be installed beside Postfix). In a mount
 * name space of its own, which needs root, {@code /usr} has the files of that directory, too, and {@code /etc} its configuration, hosts
 * and user.
 */
final class Exim implements Relay.Server {

    private static final String PROGRAM = "/usr/sbin/exim4";
    private static final String USER = "Debian-exim";
    private static final int ID = 64_101;
    private static final Optional<Path> UNPACKED =
        Optional.of(System.getProperty("bench.exim", "")).filter(name -> !name.isBlank()).map(name -> Path.of(name).toAbsolutePath());
    /** Queue runs at a time, each of which has one connection: as many as SecureRemoteDelivery has in these cases. */
    private static final int RUNS_TO_ONE = 20;
    private static final int RUNS_TO_MANY = 100;

    private final Path directory;
    private final int port;
    private final Process daemon;
    private final Sink sink;
    private final MachineTime time;

    private Exim(Path directory, int port, Process daemon, Sink sink, MachineTime time) {
        this.directory = directory;
        this.port = port;
        this.daemon = daemon;
        this.sink = sink;
        this.time = time;
    }

    /** Why it can't be measured here; empty if it can. */
    static Optional<String> missing() {
        Path program = UNPACKED.map(root -> root.resolve(PROGRAM.substring(1))).orElse(Path.of(PROGRAM));
        if (!Files.isExecutable(program)) {
            return Optional.of(program + " is missing: install exim4-daemon-light, or unpack it and its libraries (apt-get download, "
                + "dpkg -x) into a directory and name that with -Dbench.exim=");
        }
        return "root".equals(System.getProperty("user.name")) ? Optional.empty() : Optional.of("this is not root");
    }

    /**
     * @param addresses of the mail host of d0.bench.example, d1.bench.example and so on, all on one port
     * @param authority that has issued their certificates, in PEM
     */
    static Exim start(Path parent, List<String> addresses, Sink sink, String authority, MachineTime time) {
        try {
            // not below the build directory, which unprivileged processes of Exim may not be able to reach
            Path directory = Files.createTempDirectory(Path.of("/tmp"), "exim");
            int port = ServerPorts.free();
            Path etc = Files.createDirectories(directory.resolve("etc/exim4")).getParent();
            Files.writeString(etc.resolve("exim4/exim4.conf"), Postfix.resource("exim/exim4.conf", Map.of("DIR", directory.toString(),
                "PORT", "" + port, "SMTP_PORT", "" + sink.port())));
            Files.writeString(directory.resolve("ca.pem"), authority);
            List<String> hosts = new ArrayList<>(List.of("127.0.0.1 localhost"));
            for (int i = 0; i < addresses.size(); i++) {
                hosts.add(addresses.get(i) + " mx.d" + i + ".bench.example");
            }
            Files.write(etc.resolve("hosts"), hosts);
            withUser(etc);
            Process daemon = new ProcessBuilder("unshare", "-m", "sh", "-c", "mount --make-rprivate / && " + prepared(directory)
                + overlay(etc, "/etc") + UNPACKED.map(root -> overlay(root.resolve("usr"), "/usr")).orElse("")
                + "exec " + PROGRAM + " -bdf").redirectErrorStream(true).redirectOutput(parent.resolve("exim.log").toFile()).start();
            Exim exim = new Exim(directory, port, daemon, sink, time);
            try {
                Awaitility.await("Exim").atMost(Duration.ofSeconds(30)).until(() -> !daemon.isAlive() || Postfix.listens(port));
            } catch (ConditionTimeoutException e) {
                exim.close();
                throw e;
            }
            if (!daemon.isAlive()) {
                throw new IllegalStateException("Exim ended: " + Files.readString(parent.resolve("exim.log")));
            }
            return exim;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String name() {
        return "exim";
    }

    @Override
    public void fill(int mails, int size, int destinations) {
        Injection.inParallel(port, mails, size, destinations);
        // the first stage notes which mails wait for which host, so that a session is kept for them; the second one delivers
        run("-qq");
        connections(1);
        int runs = destinations == 1 ? RUNS_TO_ONE : RUNS_TO_MANY;
        for (int i = 1; i < runs; i++) {
            run("-q");
        }
        connections(runs);
    }

    /** Waits until they are made; the sink has not greeted them. */
    private void connections(int wanted) {
        Awaitility.await("connections of Exim").atMost(PATIENCE).until(() -> sink.count().open() >= wanted);
    }

    @Override
    public Duration cpu() {
        return time.used();
    }

    @Override
    public void close() {
        daemon.destroy();
        try {
            daemon.waitFor(20, TimeUnit.SECONDS);
            new ProcessBuilder("rm", "-rf", directory.toString()).inheritIO().start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Starts Exim once more, where it finds the same files. */
    private void run(String option) {
        try {
            new ProcessBuilder("nsenter", "-m", "-t", "" + daemon.pid(), PROGRAM, option).inheritIO().start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String prepared(Path directory) {
        return "mkdir " + directory + "/spool " + directory + "/log && chmod 755 " + directory + " && chown " + ID + ":" + ID + " "
            + directory + "/spool " + directory + "/log && ";
    }

    /** Files of that directory before those of the system. */
    private static String overlay(Path above, String system) {
        return "mount -t overlay overlay -o lowerdir=" + above + ":" + system + " " + system + " && ";
    }

    /** A package that is unpacked only has made no user. */
    private static void withUser(Path etc) throws IOException {
        for (String name : List.of("passwd", "group")) {
            Files.copy(Path.of("/etc", name), etc.resolve(name));
        }
        if (Files.readAllLines(etc.resolve("passwd")).stream().noneMatch(line -> line.startsWith(USER + ":"))) {
            Files.writeString(etc.resolve("passwd"), USER + ":x:" + ID + ":" + ID + "::/nonexistent:/usr/sbin/nologin\n",
                StandardOpenOption.APPEND);
            Files.writeString(etc.resolve("group"), USER + ":x:" + ID + ":\n", StandardOpenOption.APPEND);
        }
    }
}
