package jamestls.tlsrpt.cli;

import jamestls.dns.Dns;
import jamestls.dns.DnsServers;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.report.Address;
import jamestls.tlsrpt.report.Reporter;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.send.DestinationRules;
import jamestls.tlsrpt.store.Stores;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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

    private List<ConfiguredMailet> mailets;

    /** To read in: nothing is created, migrated or renamed. */
    Database database() throws IOException {
        return Database.toRead(address(), Stores.MIGRATIONS);
    }

    private DatabaseAddress address() throws IOException {
        String location = Optional.ofNullable(database).or(() -> parameter("database")).orElse("file://var/tlsreports.sqlite");
        String plain = location.matches("(file|jdbc):.*|memory") ? location : Path.of(location).toAbsolutePath().toUri().toString();
        DatabaseAddress address = DatabaseAddress.parse(plain, parameter("databaseUser").orElse(""),
                parameter("databasePassword").orElse(""), this::located)
            .orElseThrow(() -> new IOException("the counts are in the memory of James: there is nothing to look at from here"));
        if (address instanceof DatabaseAddress.SqliteFile sqlite && !Files.exists(sqlite.file())) {
            throw new IOException("there is no file " + sqlite.file()
                + "; name James's conf directory with --conf, or the file with --database");
        }
        return address;
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

    /** With the identities of sending domains. */
    Reporters reporters() throws IOException {
        return Reporters.parse(reporter(), parameter("identities").orElse(""));
    }

    DestinationRules rules() {
        Set<Integer> ports = Stream.of(parameter("httpsPorts").orElse("443").split(",")).map(String::strip).map(Integer::valueOf)
            .collect(Collectors.toUnmodifiableSet());
        return DestinationRules.parse(parameter("destinations").orElse(""), ports);
    }

    /** Of TlsReporting. */
    Optional<String> parameter(String name) {
        return mailets().stream().filter(each -> each.is("TlsReporting")).findFirst().flatMap(each -> each.parameter(name));
    }

    /** All mailets, in their order; none if there is no such file. */
    List<ConfiguredMailet> mailets() {
        if (mailets == null) {
            if (conf != null && !Files.isRegularFile(conf.resolve(FILE))) {
                throw new IllegalArgumentException("--conf " + conf + ": there is no " + FILE + " in it");
            }
            mailets = directory().map(each -> each.resolve(FILE)).filter(Files::exists).map(ConfiguredMailet::read).orElse(List.of());
        }
        return mailets;
    }

    private Optional<Path> directory() {
        return Stream.ofNullable(conf).findFirst()
            .or(() -> Stream.of(Path.of("conf"), Path.of("..", "conf")).filter(each -> Files.exists(each.resolve(FILE))).findFirst())
            .map(Path::toAbsolutePath).map(Path::normalize);
    }

    /** James has {@code file://var/…} beside its conf directory; a bare name stands for a file in that. */
    Path located(String location) {
        if (location.startsWith("file:///")) {
            return Path.of(URI.create(location));
        }
        if (!location.startsWith("file:")) {
            return directory().orElse(Path.of("").toAbsolutePath()).resolve(location.replaceFirst("^(conf|classpath):/*", ""));
        }
        String relative = location.substring(location.startsWith("file://") ? "file://".length() : "file:".length());
        return relative.startsWith("/") ? Path.of(relative)
            : directory().map(Path::getParent).orElse(Path.of("").toAbsolutePath()).resolve(relative);
    }
}
