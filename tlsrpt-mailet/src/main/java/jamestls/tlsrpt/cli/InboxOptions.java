package jamestls.tlsrpt.cli;

import jamestls.config.ConfigurationException;
import jamestls.config.JamesConf;
import jamestls.config.MailetContainerXml.Mailet;
import jamestls.config.Parameters;
import jamestls.dns.DnsServers;
import jamestls.storage.Database;
import jamestls.tlsrpt.inbox.InboxSettings;
import jamestls.tlsrpt.inbox.InboxStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options of the command about received reports: the database from James's configuration, or one that replaces it. */
final class InboxOptions {

    private static final String NAME = InboxSettings.NAME;

    @Option(names = "--conf", paramLabel = "DIR", description = "James's conf directory; default: conf or ../conf")
    private Path conf;

    @Option(names = "--database", paramLabel = "WHERE",
        description = "file or jdbc:postgresql://host/database; default: what TlsReportInbox has in mailetcontainer.xml")
    private String database;

    /** Opens the database read-only: nothing is created, migrated or renamed. */
    Database database() throws ConfigurationException, IOException {
        return ReportingOptions.readOnly(settings().store().database(), "reports", List.of(InboxStore.MIGRATIONS));
    }

    private InboxSettings settings() throws ConfigurationException {
        Optional<JamesConf> james = conf == null ? JamesConf.find() : Optional.of(JamesConf.at(conf));
        Map<String, String> values = new LinkedHashMap<>();
        try {
            if (james.isPresent()) {
                Optional<Mailet> mailet = conf == null || database != null
                    ? james.get().mailetContainer().mailets(NAME).stream().findFirst() : Optional.of(james.get().mailet(NAME));
                mailet.ifPresent(each -> values.putAll(each.parameters()));
            }
            if (database != null) {
                values.put("database", ReportingOptions.parameter(database));
            }
            return InboxSettings.of(new Parameters(NAME, values, Parameters.ForeignNames.NONE,
                james.orElseGet(() -> JamesConf.at(Path.of("conf")))::locate), DnsServers.ofSystem());
        } catch (ConfigurationException e) {
            throw conf == null ? e : new ConfigurationException("--conf " + conf + ": " + e.getMessage(), e);
        }
    }
}
