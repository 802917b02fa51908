package jamestls.mtasts.cli;

import jamestls.config.ConfigurationException;
import jamestls.config.JamesConf;
import jamestls.config.Parameters;
import jamestls.dns.Dns;
import jamestls.dns.DnsServers;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.SecureRemoteDelivery;
import jamestls.mtasts.Services;
import jamestls.mtasts.StockNames;
import jamestls.mtasts.delivery.DeliveryMetrics;
import jamestls.outcome.TlsOutcomes;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options that say which server's answer is wanted; without any it is a SecureRemoteDelivery with its defaults. */
final class MailetOptions {

    private static final String NAME = SecureRemoteDelivery.NAME;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--conf", paramLabel = "DIR",
        description = "James's conf/: take the parameters of SecureRemoteDelivery and the DNS servers of this server")
    private Path conf;

    @Option(names = "--set", paramLabel = "NAME=VALUE",
        description = "a parameter of SecureRemoteDelivery; wins over --conf. Once for each")
    private Map<String, String> set = new LinkedHashMap<>();

    @Option(names = "--dns", paramLabel = "SERVERS", description = "short for --set dnsServers=SERVERS")
    private String dns;

    @Option(names = "--port", paramLabel = "PORT", description = "short for --set policyPort=PORT")
    private String policyPort;

    @Option(names = "--smtp-port", paramLabel = "PORT", description = "short for --set smtpPort=PORT")
    private String smtpPort;

    @Option(names = "--trust-store", paramLabel = "FILE", description = "short for --set trustStore=FILE")
    private String trustStore;

    @Option(names = "--trust-store-password", paramLabel = "PASSWORD", description = "short for --set trustStorePassword=PASSWORD")
    private String trustStorePassword;

    @Option(names = "--trust-anchors", paramLabel = "FILE", description = "short for --set trustAnchors=FILE")
    private String trustAnchors;

    @Option(names = "--allow-private", description = "short for --set allowPrivateAddresses=true")
    private boolean allowPrivate;

    private WatchedDns watched;

    /** Whether it is a server's configuration that is asked about. */
    boolean isOfServer() {
        return conf != null;
    }

    /**
     * Opens what the mailet would open, but for its database.
     *
     * @param usual values of parameters that are neither in the configuration nor on the command line
     * @throws ConfigurationException when the configuration of the server can't be read, or James would not start with it
     */
    Outbound open(Map<String, String> usual) throws ConfigurationException {
        try {
            JamesConf james = JamesConf.at(conf == null ? Path.of("conf") : conf);
            Map<String, String> ofServer = conf == null ? Map.of() : james.mailet(NAME).parameters();
            Terminal terminal = new Terminal(james, conf == null ? List.of() : james.dnsServers());
            Map<String, String> values = new LinkedHashMap<>(conf == null ? usual : Map.of());
            values.putAll(ofServer);
            Map<String, String> given = given();
            values.putAll(given);
            try {
                return Outbound.open(parameters(values, terminal), terminal, new TlsOutcomes(), Clock.systemUTC());
            } catch (ConfigurationException e) {
                if (conf != null) {
                    // throws if the server's own configuration is to blame
                    Outbound.Settings.of(parameters(ofServer, terminal), terminal);
                }
                throw new ParameterException(spec.commandLine(), asOption(e.getMessage()));
            }
        } catch (ConfigurationException e) {
            throw new ConfigurationException("--conf " + conf + ": " + e.getMessage(), e);
        }
    }

    /** All look-ups so far, in the order in which they ended. */
    List<WatchedDns.LookUp> lookUps() {
        return watched.lookUps();
    }

    private static Parameters parameters(Map<String, String> values, Services terminal) {
        return new Parameters(NAME, values, new StockNames(), terminal);
    }

    private Map<String, String> given() {
        Map<String, String> given = new LinkedHashMap<>(set);
        put(given, "dnsServers", dns);
        put(given, "policyPort", policyPort);
        put(given, "smtpPort", smtpPort);
        put(given, "trustStore", trustStore);
        put(given, "trustStorePassword", trustStorePassword);
        put(given, "trustAnchors", trustAnchors);
        put(given, "allowPrivateAddresses", allowPrivate ? "true" : null);
        return given;
    }

    private static void put(Map<String, String> values, String name, String value) {
        if (value != null) {
            values.put(name, value);
        }
    }

    /** The message in terms of the options that were given. */
    private String asOption(String message) {
        Map<String, String> options = new LinkedHashMap<>();
        put(options, "dnsServers", dns == null ? null : "--dns");
        put(options, "policyPort", policyPort == null ? null : "--port");
        put(options, "smtpPort", smtpPort == null ? null : "--smtp-port");
        put(options, "trustStore", trustStore == null ? null : "--trust-store");
        put(options, "trustAnchors", trustAnchors == null ? null : "--trust-anchors");
        String text = message;
        for (Map.Entry<String, String> option : options.entrySet()) {
            text = text.replace(NAME + ": parameter '" + option.getKey() + "'", option.getValue())
                .replace("parameter '" + option.getKey() + "'", option.getValue());
        }
        return text;
    }

    /** What a command has in place of James. */
    private final class Terminal implements Services {

        private final JamesConf james;
        private final List<InetSocketAddress> dnsServers;

        Terminal(JamesConf james, List<String> dnsServers) {
            this.james = james;
            this.dnsServers = dnsServers.isEmpty() ? DnsServers.ofSystem() : DnsServers.parse(String.join(",", dnsServers));
        }

        @Override
        public List<InetSocketAddress> dnsServers() {
            return dnsServers;
        }

        @Override
        public String heloName() {
            return "localhost";
        }

        @Override
        public Path locate(String location) {
            return james.locate(location);
        }

        @Override
        public Optional<Database> open(DatabaseAddress address, Clock clock) {
            // a command writes nothing that belongs to a server
            return Optional.empty();
        }

        @Override
        public DeliveryMetrics metrics() {
            return DeliveryMetrics.none();
        }

        @Override
        public void gauge(String name, Supplier<? extends Number> value) {
            // nobody asks
        }

        @Override
        public Dns watched(Dns resolver) {
            watched = new WatchedDns(resolver);
            return watched;
        }
    }
}
