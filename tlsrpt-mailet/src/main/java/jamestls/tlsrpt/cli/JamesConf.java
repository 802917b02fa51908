package jamestls.tlsrpt.cli;

import jamestls.mtasts.dns.Dns;
import jamestls.mtasts.dns.DnsServers;
import jamestls.mtasts.dns.DnsSettings;
import jamestls.mtasts.dns.DnsjavaDns;
import jamestls.mtasts.storage.Database;
import jamestls.mtasts.storage.DatabaseAddress;
import jamestls.tlsrpt.report.Address;
import jamestls.tlsrpt.report.Reporter;
import jamestls.tlsrpt.send.DestinationRules;
import jamestls.tlsrpt.store.Stores;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;
import picocli.CommandLine.Option;

/** What the commands take from James's configuration, or from options in its place. */
final class JamesConf {

    private static final String FILE = "mailetcontainer.xml";

    @Option(names = "--conf", paramLabel = "DIR", description = "James's conf directory; default: conf or ../conf")
    private Path conf;

    @Option(names = "--database", paramLabel = "WHERE",
        description = "file or jdbc:postgresql://host/database; default: what TlsReporting has in " + FILE)
    private String database;

    @Option(names = "--dns", paramLabel = "SERVERS", description = "like 127.0.0.1:5353; default: as TlsReporting, else the system's")
    private String dns;

    private Map<String, String> parameters;

    Database database() throws IOException {
        String location = Optional.ofNullable(database).or(() -> parameter("database")).orElse("file://var/tlsreports.sqlite");
        String plain = location.matches("(file|jdbc):.*|memory") ? location : Path.of(location).toAbsolutePath().toUri().toString();
        DatabaseAddress address = DatabaseAddress.parse(plain, parameter("databaseUser").orElse(""),
                parameter("databasePassword").orElse(""), this::located)
            .orElseThrow(() -> new IOException("the counts are in the memory of James: there is nothing to look at from here"));
        if (address instanceof DatabaseAddress.SqliteFile sqlite && !Files.exists(sqlite.file())) {
            throw new IOException("there is no file " + sqlite.file()
                + "; name James's conf directory with --conf, or the file with --database");
        }
        return Database.open(address, Stores.MIGRATIONS, Clock.systemUTC());
    }

    Dns dns() {
        return new DnsjavaDns(DnsSettings.of(Optional.ofNullable(dns).or(() -> parameter("dnsServers")).map(DnsServers::parse)
            .orElseGet(DnsServers::ofSystem)));
    }

    Reporter reporter() throws IOException {
        Optional<String> contact = parameter("contact").flatMap(Address::canonical);
        if (contact.isEmpty()) {
            throw new IOException("there is no TlsReporting with a contact in " + FILE + "; name James's conf directory with --conf");
        }
        return new Reporter(parameter("organization").orElse(""), contact.get(),
            parameter("from").flatMap(Address::canonical).orElse(contact.get()));
    }

    DestinationRules rules() {
        Set<Integer> ports = Stream.of(parameter("httpsPorts").orElse("443").split(",")).map(String::strip).map(Integer::valueOf)
            .collect(Collectors.toUnmodifiableSet());
        return DestinationRules.parse(parameter("destinations").orElse(""), ports);
    }

    private Optional<String> parameter(String name) {
        if (parameters == null) {
            parameters = read();
        }
        return Optional.ofNullable(parameters.get(name)).filter(value -> !value.isEmpty());
    }

    private Optional<Path> directory() {
        return Stream.ofNullable(conf).findFirst()
            .or(() -> Stream.of(Path.of("conf"), Path.of("..", "conf")).filter(each -> Files.exists(each.resolve(FILE))).findFirst())
            .map(Path::toAbsolutePath).map(Path::normalize);
    }

    /** James has {@code file://var/…} beside its conf directory. */
    private Path located(String location) {
        if (location.startsWith("file:///")) {
            return Path.of(URI.create(location));
        }
        String relative = location.substring(location.startsWith("file://") ? "file://".length() : "file:".length());
        return relative.startsWith("/") ? Path.of(relative)
            : directory().map(Path::getParent).orElse(Path.of("").toAbsolutePath()).resolve(relative);
    }

    private Map<String, String> read() {
        Map<String, String> values = new HashMap<>();
        Optional<Path> file = directory().map(each -> each.resolve(FILE)).filter(Files::exists);
        if (file.isEmpty()) {
            return values;
        }
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
            factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
            NodeList mailets = factory.newDocumentBuilder().parse(file.get().toFile()).getElementsByTagName("mailet");
            for (int i = 0; i < mailets.getLength(); i++) {
                Element mailet = (Element) mailets.item(i);
                if (mailet.getAttribute("class").endsWith("TlsReporting")) {
                    NodeList children = mailet.getElementsByTagName("*");
                    for (int j = 0; j < children.getLength(); j++) {
                        values.put(children.item(j).getNodeName(), children.item(j).getTextContent().strip());
                    }
                }
            }
            return values;
        } catch (IOException | SAXException | ParserConfigurationException e) {
            throw new IllegalArgumentException(file.get() + " can't be read: " + e.getMessage(), e);
        }
    }
}
