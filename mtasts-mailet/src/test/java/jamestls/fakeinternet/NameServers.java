package jamestls.fakeinternet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;

/**
 * The same tree of zones by the software of others: Knot DNS serves what {@link DnsTree} has signed, and two Unbounds resolve
 * from it, one that validates and one that hands through. All on free ports of 127.0.0.1, with their files in a directory
 * of their own.
 */
public final class NameServers implements AutoCloseable {

    private static final Path KNOT = Path.of("/usr/sbin/knotd");
    private static final Path UNBOUND = Path.of("/usr/sbin/unbound");

    private final Path directory;
    private final DnsTree tree;
    private final List<Process> processes = new ArrayList<>();
    private final InetSocketAddress authority;
    private final InetSocketAddress recursor;
    private final InetSocketAddress validator;

    private NameServers(DnsTree tree, InetSocketAddress authority, boolean serve) throws IOException {
        this.directory = Files.createTempDirectory("name-servers-");
        this.tree = tree;
        this.authority = authority;
        this.recursor = new InetSocketAddress(authority.getAddress(), ServerPorts.free());
        this.validator = new InetSocketAddress(authority.getAddress(), ServerPorts.free());
        if (serve) {
            serve();
            resolve("recursor", recursor, "iterator", stubs());
            resolve("validator", validator, "validator iterator", stubs());
        } else {
            resolve("validator", validator, "validator iterator",
                "forward-zone:\n  name: \".\"\n  forward-addr: 127.0.0.1@" + authority.getPort() + "\n");
        }
    }

    /** Starts them; where they are not installed the test is skipped, or fails if the environment says {@code CI=true}. */
    public static NameServers startOrSkip(DnsTree tree) {
        InstalledProgram.require("Knot DNS", KNOT);
        InstalledProgram.require("Unbound", UNBOUND);
        try {
            return new NameServers(tree, new InetSocketAddress(loopback(), ServerPorts.free()), true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The validating Unbound alone, before a resolver that is there already. */
    public static NameServers before(DnsTree tree, InetSocketAddress authority) {
        InstalledProgram.require("Unbound", UNBOUND);
        try {
            return new NameServers(tree, authority, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Resolves and validates nothing. */
    public InetSocketAddress recursor() {
        return recursor;
    }

    /** Validates: AD, or SERVFAIL. */
    public InetSocketAddress validator() {
        return validator;
    }

    @Override
    public void close() {
        processes.forEach(Process::destroy);
        processes.forEach(process -> process.onExit().orTimeout(30, TimeUnit.SECONDS).join());
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void serve() throws IOException {
        StringBuilder zones = new StringBuilder("zone:\n");
        int number = 0;
        for (Name apex : tree.apexes()) {
            Path file = directory.resolve("zone" + number++);
            Files.writeString(file, tree.contents(apex).stream().map(Record::toString).collect(Collectors.joining("\n", "", "\n")));
            zones.append("  - domain: \"").append(apex).append("\"\n    file: \"").append(file).append("\"\n");
        }
        Path configuration = Files.writeString(directory.resolve("knot.conf"), """
            server:
                rundir: "%1$s"
                listen: 127.0.0.1@%2$d
            database:
                storage: "%1$s/knot"
            log:
              - target: stderr
                any: warning
            template:
              - id: default
                semantic-checks: off
                journal-content: none
            %3$s""".formatted(directory, authority.getPort(), zones));
        start("knot", authority, KNOT.toString(), "-c", configuration.toString());
    }

    private String stubs() {
        return tree.apexes().stream()
            .map(apex -> "stub-zone:\n  name: \"" + apex + "\"\n  stub-addr: 127.0.0.1@" + authority.getPort() + "\n")
            .collect(Collectors.joining());
    }

    private void resolve(String name, InetSocketAddress address, String modules, String upstream) throws IOException {
        Path home = Files.createDirectory(directory.resolve(name));
        Path anchors = Files.writeString(home.resolve("anchors"), tree.trustAnchors());
        Path configuration = Files.writeString(home.resolve("unbound.conf"), """
            server:
              directory: "%1$s"
              interface: 127.0.0.1
              port: %2$d
              module-config: "%3$s"
              trust-anchor-file: "%4$s"
              username: ""
              chroot: ""
              pidfile: ""
              use-syslog: no
              do-daemonize: no
              do-ip6: no
              do-not-query-localhost: no
              qname-minimisation: no
              ede: yes
            remote-control:
              control-enable: no
            %5$s""".formatted(home, address.getPort(), modules, anchors, upstream));
        start(name, address, UNBOUND.toString(), "-d", "-c", configuration.toString());
    }

    private void start(String name, InetSocketAddress address, String... command) throws IOException {
        Path log = directory.resolve(name + ".log");
        Process process = new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true)
            .redirectOutput(log.toFile()).start();
        processes.add(process);
        Awaitility.await().atMost(60, TimeUnit.SECONDS).until(() -> {
            if (!process.isAlive()) {
                throw new AssertionError(name + " ended:\n" + Files.readString(log));
            }
            return answers(address);
        });
    }

    private static boolean answers(InetSocketAddress address) {
        try {
            SimpleResolver resolver = new SimpleResolver(address);
            resolver.setTimeout(Duration.ofSeconds(1));
            resolver.send(Message.newQuery(Record.newRecord(Name.root, Type.SOA, DClass.IN)));
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    private static InetAddress loopback() throws IOException {
        return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
    }
}
