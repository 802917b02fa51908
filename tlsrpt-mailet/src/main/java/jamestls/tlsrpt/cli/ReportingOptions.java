package jamestls.tlsrpt.cli;

import jamestls.config.ConfigurationException;
import jamestls.config.JamesConf;
import jamestls.config.MailetContainerXml.Mailet;
import jamestls.config.Parameters;
import jamestls.dns.Dns;
import jamestls.dns.DnsServers;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.Migrations;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.send.DestinationSettings;
import jamestls.tlsrpt.send.TlsReportingSettings;
import jamestls.tlsrpt.store.Stores;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options shared by the commands: settings from James's configuration, or values that replace them. */
final class ReportingOptions {

    private static final String NAME = TlsReportingSettings.NAME;

    @Option(names = "--conf", paramLabel = "DIR", description = "James's conf directory; default: conf or ../conf")
    private Path conf;

    @Option(names = "--database", paramLabel = "WHERE",
        description = "file or jdbc:postgresql://host/database; default: what TlsReporting has in mailetcontainer.xml")
    private String database;

    @Option(names = "--dns", paramLabel = "SERVERS",
        description = "like 127.0.0.1:5353; default: those of TlsReporting, of James, or of the system")
    private String dns;

    private TlsReportingSettings settings;
    private boolean configured;

    /** Opens the database read-only: nothing is created, migrated or renamed. */
    Database database() throws ConfigurationException, IOException {
        return readOnly(settings().store().database(), "counts", Stores.MIGRATIONS);
    }

    /** @param what what is in the database, for the message if James has it in memory */
    static Database readOnly(Optional<DatabaseAddress> where, String what, List<Migrations> tables) throws IOException {
        DatabaseAddress address = where
            .orElseThrow(() -> new IOException("the " + what + " are in James's memory and can't be read by a command"));
        if (address instanceof DatabaseAddress.SqliteFile sqlite && !Files.exists(sqlite.file())) {
            throw new IOException("there is no file " + sqlite.file()
                + "; name James's conf directory with --conf, or the file with --database");
        }
        return Database.readOnly(address, tables);
    }

    /** The value of the parameter {@code database} for the option of that name, which may be a plain path. */
    static String parameter(String database) {
        return database.matches("(file|jdbc):.*|memory") ? database : Path.of(database).toAbsolutePath().toUri().toString();
    }

    Dns dns() throws ConfigurationException {
        return new DnsjavaDns(DnsSettings.of(settings().dnsServers()));
    }

    Reporters reporters() throws ConfigurationException {
        Reporters reporters = settings().reporters();
        if (!configured) {
            throw new ConfigurationException("no mailetcontainer.xml with a " + NAME + " is here; name James's conf directory with --conf");
        }
        return reporters;
    }

    DestinationSettings destinations() throws ConfigurationException {
        return settings().destinations();
    }

    private TlsReportingSettings settings() throws ConfigurationException {
        if (settings == null) {
            settings = read();
        }
        return settings;
    }

    private TlsReportingSettings read() throws ConfigurationException {
        Optional<JamesConf> james = conf == null ? JamesConf.find() : Optional.of(JamesConf.at(conf));
        Map<String, String> values = new LinkedHashMap<>();
        List<String> servers = List.of();
        try {
            if (james.isPresent()) {
                Optional<Mailet> mailet = conf == null ? james.get().mailetContainer().mailets(NAME).stream().findFirst()
                    : Optional.of(james.get().mailet(NAME));
                mailet.ifPresent(each -> values.putAll(each.parameters()));
                configured = mailet.isPresent();
                servers = james.get().dnsServers();
            }
            if (!configured) {
                // placeholders: commands that work without a configuration do not use them
                values.put("organization", "unknown");
                values.put("contact", "postmaster@unknown.invalid");
            }
            if (database != null) {
                values.put("database", parameter(database));
            }
            if (dns != null) {
                values.put("dnsServers", dns);
            }
            List<InetSocketAddress> defaultServers = servers.isEmpty() ? DnsServers.ofSystem() : DnsServers.parse(String.join(",",
                servers));
            return TlsReportingSettings.of(new Parameters(NAME, values, Parameters.ForeignNames.NONE,
                james.orElseGet(() -> JamesConf.at(Path.of("conf")))::locate), defaultServers);
        } catch (ConfigurationException e) {
            throw conf == null ? e : new ConfigurationException("--conf " + conf + ": " + e.getMessage(), e);
        }
    }
}
