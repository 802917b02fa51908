package jamestls.bench;

import jamestls.fakeinternet.PostfixProcess;
import jamestls.fakeinternet.ServerPorts;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * Debian's Postfix with postfix-mta-sts-resolver, in a directory of its own. Its hosts file replaces
 * {@code /etc/hosts} in a mount name space of its own, which needs root.
 */
final class Postfix implements Relay.Server {

    private static final Path RESOLVER = Path.of("/usr/lib/python3/dist-packages/postfix_mta_sts_resolver");

    private final String name;
    private final int port;
    private final Process resolver;
    private final PostfixProcess process;
    private final MachineTime time;

    /** Whether it keeps connections for further mails: {@code smtp_tls_connection_reuse}. */
    enum Reuse { NO, YES }

    private Postfix(String name, int port, Process resolver, PostfixProcess process, MachineTime time) {
        this.name = name;
        this.port = port;
        this.resolver = resolver;
        this.process = process;
        this.time = time;
    }

    /** Why it can't be measured here; empty if it can. */
    static Optional<String> missing() {
        return Files.isDirectory(RESOLVER) ? PostfixProcess.missing()
            : Optional.of("the package postfix-mta-sts-resolver is not installed");
    }

    /**
     * @param addresses of the mail host of d0.bench.example, d1.bench.example and so on, all on one port
     * @param authority that has issued their certificates, in PEM
     */
    static Postfix start(Path parent, Reuse reuse, List<String> addresses, int smtpPort, String authority, MachineTime time) {
        String name = name(reuse);
        try {
            Path directory = PostfixProcess.newDirectory(name);
            Path conf = directory.resolve("conf");
            int port = ServerPorts.free();
            int stsPort = ServerPorts.free();
            Map<String, String> values = Map.of("DIR", directory.toString(), "PORT", "127.0.0.1:" + port, "SMTP_PORT", "" + smtpPort,
                "STS_PORT", "" + stsPort, "REUSE", reuse == Reuse.YES ? "yes" : "no");
            Files.writeString(conf.resolve("main.cf"), resource("postfix/main.cf", values));
            Files.writeString(conf.resolve("master.cf"), resource("postfix/master.cf", values));
            Files.writeString(directory.resolve("ca.pem"), authority);
            List<String> hosts = new ArrayList<>(List.of("127.0.0.1 localhost"));
            for (int i = 0; i < addresses.size(); i++) {
                hosts.add(addresses.get(i) + " d" + i + ".bench.example");
            }
            Path hostsFile = Files.write(directory.resolve("hosts"), hosts);
            Path daemon = Files.writeString(directory.resolve("mta-sts-daemon.py"), resource("postfix/mta-sts-daemon.py", values));
            Path settings = Files.writeString(directory.resolve("mta-sts-daemon.yml"),
                "host: 127.0.0.1\nport: " + stsPort + "\ncache_grace: 86400\ncache:\n  type: internal\n");
            Process resolver = inBackground(parent.resolve(name + "-sts.log"),
                "/usr/bin/python3", daemon.toString(), "-c", settings.toString());
            PostfixProcess process = PostfixProcess.start(directory, List.of("unshare", "-m", "sh", "-c", "mount --make-rprivate / "
                + "&& mount --bind " + hostsFile + " /etc/hosts && exec " + String.join(" ", PostfixProcess.command(directory))),
                parent.resolve(name + ".log"));
            Postfix postfix = new Postfix(name, port, resolver, process, time);
            try {
                Awaitility.await(name).atMost(Duration.ofSeconds(30)).until(() -> listens(port) && listens(stsPort));
            } catch (ConditionTimeoutException e) {
                postfix.close();
                throw e;
            }
            return postfix;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String name(Reuse reuse) {
        return reuse == Reuse.YES ? "postfix_reuse" : "postfix";
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void fill(int mails, int size, int destinations) {
        Injection.inParallel(port, mails, size, destinations);
    }

    @Override
    public Duration cpu() {
        return time.used();
    }

    @Override
    public void close() {
        try {
            process.close();
        } finally {
            resolver.destroyForcibly();
        }
    }

    private static Process inBackground(Path log, String... command) throws IOException {
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    }

    static boolean listens(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    static String resource(String name, Map<String, String> values) throws IOException {
        try (InputStream in = Postfix.class.getResourceAsStream("/bench/" + name)) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            for (Map.Entry<String, String> value : values.entrySet()) {
                text = text.replace("@" + value.getKey() + "@", value.getValue());
            }
            return text;
        }
    }
}
