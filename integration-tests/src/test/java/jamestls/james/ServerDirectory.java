package jamestls.james;

import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.TestCa;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * The working directory of a test server: {@code conf/} from the shipped james-conf and {@code extensions-jars/} with
 * the packaged jars. {@link #adapt} is the complete list of what differs from the shipped configuration.
 */
public final class ServerDirectory {

    private static final String ANCHORS = "fakeinternet-ca.p12";
    private static final String ROOT_KEYS = "fakeinternet-root.ds";
    private static final String ANCHORS_PASSWORD = "fakeinternet";

    /** As the shipped smtpserver.xml and imapserver.xml have it. */
    private static final String SHIPPED_SECRET = "changeit";

    private final Path directory;

    private ServerDirectory(Path directory) {
        this.directory = directory;
    }

    /** Fills that directory for a server that takes that flavour of the jars. */
    public static ServerDirectory create(Path directory, Flavour flavour, Ports ports, ServerEnvironment environment, DkimKey dkim)
        throws IOException {
        ServerDirectory server = new ServerDirectory(directory);
        Files.createDirectories(server.conf());
        copyFiles(BuildPaths.shippedConfiguration().resolve("conf"), server.conf());
        if (flavour == Flavour.JAVAX) {
            copyFiles(BuildPaths.shippedConfiguration().resolve("conf-3.8"), server.conf());
        }
        Files.writeString(server.conf().resolve("dkim-private.pem"), dkim.privatePem());
        writeKeystore(server.conf().resolve("keystore"), SHIPPED_SECRET);
        Path extensions = Files.createDirectories(directory.resolve("extensions-jars"));
        for (Path jar : flavour.jars()) {
            Files.copy(jar, extensions.resolve(jar.getFileName()));
        }
        server.adapt(ports, environment);
        return server;
    }

    /** A directory that is filled already, by whatever means. */
    static ServerDirectory at(Path directory) {
        return new ServerDirectory(directory);
    }

    public Path path() {
        return directory;
    }

    public Path conf() {
        return directory.resolve("conf");
    }

    /** Ports, DNS servers and trust anchors; nothing else. */
    private void adapt(Ports ports, ServerEnvironment environment) throws IOException {
        replace("smtpserver.xml", "<bind>0.0.0.0:25</bind>", "<bind>127.0.0.1:" + ports.smtp() + "</bind>");
        replace("smtpserver.xml", "<bind>0.0.0.0:587</bind>", "<bind>127.0.0.1:" + ports.submission() + "</bind>");
        replace("imapserver.xml", "<bind>0.0.0.0:143</bind>", "<bind>127.0.0.1:" + ports.imap() + "</bind>");
        replace("webadmin.properties", "port=8000", "port=" + ports.webadmin());
        // James's own look-ups (it takes no port) must not leave the machine, either
        replace("dnsservice.xml", "<autodiscover>true</autodiscover>",
            "<servers><server>127.0.0.1</server></servers><autodiscover>false</autodiscover>");
        connect(environment);
    }

    /** Configures both mailets for the surroundings: DNS servers, ports, trust anchors. */
    void connect(ServerEnvironment environment) throws IOException {
        InetSocketAddress dns = environment.dns();
        String dnsServers = "<dnsServers>" + dns.getAddress().getHostAddress() + ":" + dns.getPort() + "</dnsServers>";
        for (String reader : List.of("TlsReporting", "TlsReportInbox")) {
            String opening = "class=\"jamestls.tlsrpt." + reader + "\">";
            if (Files.readString(conf().resolve("mailetcontainer.xml")).contains(opening)) {
                replace("mailetcontainer.xml", opening, opening + dnsServers);
            }
        }
        replace("mailetcontainer.xml", "class=\"jamestls.mtasts.SecureRemoteDelivery\">", "class=\"jamestls.mtasts.SecureRemoteDelivery\">"
            + dnsServers
            + "<smtpPort>" + environment.smtpPort() + "</smtpPort>"
            + "<policyPort>" + environment.policyPort() + "</policyPort>"
            + "<trustStore>file://conf/" + ANCHORS + "</trustStore>"
            + "<trustStorePassword>" + ANCHORS_PASSWORD + "</trustStorePassword>"
            + (environment.rootKeys().isPresent() ? "<trustAnchors>file://conf/" + ROOT_KEYS + "</trustAnchors>" : "<dnssec>off</dnssec>")
            // the other side of the internet is on loopback addresses, too
            + "<allowPrivateAddresses>true</allowPrivateAddresses>");
        Files.writeString(conf().resolve(ROOT_KEYS), environment.rootKeys().orElse(""));
        try (OutputStream file = Files.newOutputStream(conf().resolve(ANCHORS))) {
            environment.anchors().store(file, ANCHORS_PASSWORD.toCharArray());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What --generate-keystore would make, in milliseconds: its RSA key takes many seconds on a busy machine. */
    static void writeKeystore(Path file, String secret) throws IOException {
        Identity identity = TestCa.selfSigned("james");
        try (OutputStream out = Files.newOutputStream(file)) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry("james", identity.key(), secret.toCharArray(), identity.chain().toArray(X509Certificate[]::new));
            store.store(out, secret.toCharArray());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    void replace(String file, String shipped, String ours) throws IOException {
        Path path = conf().resolve(file);
        String text = Files.readString(path);
        if (text.indexOf(shipped) < 0 || text.indexOf(shipped) != text.lastIndexOf(shipped)) {
            throw new IllegalStateException(file + " must contain once: " + shipped);
        }
        Files.writeString(path, text.replace(shipped, ours));
    }

    private static void copyFiles(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.copy(file, to.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    /** Deletes the directory of an earlier run, if it exists. */
    public static void delete(Path directory) {
        if (Files.exists(directory)) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
