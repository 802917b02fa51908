package jamestls.fakeinternet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
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

/** The installed Postfix as the mail host of a domain, on an address and port of its own. It discards every mail for its domain. */
public final class PostfixMx implements AutoCloseable {

    private static final Duration START = Duration.ofSeconds(60);
    private static final List<String> SERVICES = List.of(
        "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "tlsmgr unix - - n 1000? 1 tlsmgr",
        "rewrite unix - - n - - trivial-rewrite", "bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce", "proxymap unix - - n - - proxymap", "error unix - - n - - error", "retry unix - - n - - error",
        "discard unix - - n - - discard", "anvil unix - - n - 1 anvil", "postlog unix-dgram n - n - 1 postlogd");

    private final Path directory;
    private final InetSocketAddress address;
    private final PostfixProcess process;

    private PostfixMx(Path directory, InetSocketAddress address, PostfixProcess process) {
        this.directory = directory;
        this.address = address;
        this.process = process;
    }

    /**
     * Starts it; where Postfix is not installed, or this is not root, the test is skipped, or fails if the environment says
     * {@code CI=true}.
     *
     * @param domain whose mail it takes
     * @param host its name
     * @param parameters of main.cf, beside those that put it into its place
     */
    public static PostfixMx startOrSkip(String domain, String host, InetSocketAddress address, Identity identity,
                                        Map<String, String> parameters) {
        Optional<String> missing = PostfixProcess.missing();
        InstalledProgram.require(missing.isEmpty(), missing.orElse("Postfix can be used"));
        try {
            Path directory = PostfixProcess.newDirectory("postfix-mx-");
            Files.writeString(directory.resolve("identity.pem"), identity.keyPem() + identity.chainPem());
            Files.writeString(directory.resolve("conf/main.cf"), mainCf(directory, domain, host, parameters));
            Files.write(directory.resolve("conf/master.cf"), masterCf(address));
            PostfixMx server = new PostfixMx(directory, address,
                PostfixProcess.start(directory, PostfixProcess.command(directory), directory.resolve("start.log")));
            Awaitility.await("Postfix").atMost(START).until(server::listens);
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many mails it has taken and thrown away. */
    public long taken() {
        return logged("status=sent (");
    }

    /** How many connections it has refused because there were too many. */
    public long refusedConnections() {
        return logged("Connection concurrency limit exceeded");
    }

    /** How many lines of its log have that text. */
    public long logged(String text) {
        Path log = directory.resolve("mail.log");
        try {
            return Files.exists(log) ? Files.readAllLines(log, StandardCharsets.ISO_8859_1).stream().filter(line ->
                line.contains(text)).count()
                : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.close();
    }

    private static String mainCf(Path directory, String domain, String host, Map<String, String> parameters) {
        List<String> lines = new ArrayList<>(List.of(
            "compatibility_level = 3.6", "command_directory = /usr/sbin", "daemon_directory = /usr/lib/postfix/sbin",
            "queue_directory = " + directory + "/queue", "data_directory = " + directory + "/data", "mail_owner = postfix",
            "setgid_group = postdrop", "maillog_file = " + directory + "/mail.log", "maillog_file_prefixes = " + directory,
            "myhostname = " + host, "mydestination = " + domain, "alias_maps =", "alias_database =", "local_recipient_maps =",
            "local_transport = discard:", "mynetworks = 192.0.2.0/32", "inet_interfaces = all", "inet_protocols = ipv4",
            "smtpd_relay_restrictions = reject_unauth_destination", "smtpd_client_event_limit_exceptions =", "in_flow_delay = 0",
            "smtpd_tls_security_level = may", "smtpd_tls_chain_files = " + directory + "/identity.pem"));
        parameters.forEach((name, value) -> lines.add(name + " = " + value));
        return String.join("\n", lines) + "\n";
    }

    private static List<String> masterCf(InetSocketAddress address) {
        List<String> lines = new ArrayList<>(SERVICES);
        lines.add(address.getAddress().getHostAddress() + ":" + address.getPort() + " inet n - n - - smtpd");
        return lines;
    }

    private boolean listens() throws IOException {
        if (!process.isAlive()) {
            throw new AssertionError("Postfix ended:\n" + Files.readString(directory.resolve("start.log")));
        }
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }
}
