package jamestls.mtasts.cli;

import jamestls.config.ConfigurationException;
import jamestls.config.JamesConf;
import jamestls.config.Parameters;
import jamestls.dns.Dns;
import jamestls.dns.DnsServers;
import jamestls.mtasts.Outbound;
import jamestls.mtasts.OutboundSettings;
import jamestls.mtasts.SecureRemoteDelivery;
import jamestls.mtasts.Services;
import jamestls.mtasts.StockNames;
import jamestls.mtasts.delivery.DeliveryMetrics;
import jamestls.outcome.TlsOutcomes;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
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

/** The options that configure the delivery to explain or look up with. Without options it has the defaults of SecureRemoteDelivery. */
final class MailetOptions {

    private static final String NAME = SecureRemoteDelivery.NAME;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--conf", paramLabel = "DIR",
        description = "James's conf directory: use this server's parameters of SecureRemoteDelivery, DNS servers and name")
    private Path conf;

    @Option(names = "--set", paramLabel = "NAME=VALUE",
        description = "a parameter of SecureRemoteDelivery; overrides --conf; may be repeated")
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

    private RecordingDns recording;
    private CommandServices services;

    /** Whether {@code --conf} names the configuration of a server. */
    boolean isOfServer() {
        return conf != null;
    }

    /** James's conf directory, if one is named. */
    Optional<Path> conf() {
        return Optional.ofNullable(conf);
    }

    /**
     * Opens what the mailet would open, except its database.
     *
     * @param defaults the parameters without {@code --conf}; options override them
     * @throws ConfigurationException if the configuration of the server can't be read, or James would not start with it
     */
    Outbound open(Map<String, String> defaults) throws ConfigurationException {
        try {
            JamesConf james = JamesConf.at(conf == null ? Path.of("conf") : conf);
            Map<String, String> ofServer = conf == null ? Map.of() : james.mailet(NAME).parameters();
            services = new CommandServices(james, conf == null ? List.of() : james.dnsServers(),
                conf == null ? Optional.empty() : james.defaultDomain());
            Map<String, String> values = new LinkedHashMap<>(conf == null ? defaults : Map.of());
            values.putAll(ofServer);
            Map<String, String> given = given();
            values.putAll(given);
            try {
                return Outbound.open(parameters(values, services), services, new TlsOutcomes(), Clock.systemUTC());
            } catch (ConfigurationException e) {
                if (conf != null) {
                    // throws if the mistake is in the server's own configuration
                    OutboundSettings.of(parameters(ofServer, services), services);
                }
                throw new ParameterException(spec.commandLine(), asOption(e.getMessage()));
            }
        } catch (ConfigurationException e) {
            throw new ConfigurationException("--conf " + conf + ": " + e.getMessage(), e);
        }
    }

    /** Where the name in EHLO comes from; says so if it is assumed. */
    String heloSource(Outbound outbound) {
        return outbound.settings().smtp().heloName().equals(services.heloName()) ? services.heloSource() : "parameter heloName";
    }

    /** All look-ups so far, in the order in which they ended. */
    List<RecordingDns.LookUp> lookUps() {
        return recording.lookUps();
    }

    private static Parameters parameters(Map<String, String> values, Services services) {
        return new Parameters(NAME, values, new StockNames(), services);
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

    /** The message with the names of options in place of those of parameters. */
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

    /** The services of a command, which runs without James. */
    private final class CommandServices implements Services {

        private final JamesConf james;
        private final List<InetSocketAddress> dnsServers;
        private final Optional<String> defaultDomain;
        private final String assumedName;

        /** @param defaultDomain James's, as configured; empty if unknown */
        CommandServices(JamesConf james, List<String> dnsServers, Optional<String> defaultDomain) {
            this.james = james;
            // as in JamesServices: a name without a dot is replaced by the name of the machine
            this.defaultDomain = defaultDomain.filter(name -> name.contains("."));
            this.assumedName = conf == null ? "localhost" : nameOfMachine();
            this.dnsServers = dnsServers.isEmpty() ? DnsServers.ofSystem() : DnsServers.parse(String.join(",", dnsServers));
        }

        @Override
        public List<InetSocketAddress> dnsServers() {
            return dnsServers;
        }

        @Override
        public String heloName() {
            return defaultDomain.orElse(assumedName);
        }

        private String heloSource() {
            return defaultDomain.isPresent() ? "default domain of domainlist.xml"
                : conf == null ? "assumed, because the server's name is not known; --conf reads it, --set heloName=NAME sets it"
                : "assumed: name of this machine, because domainlist.xml has no default domain with a dot; --set heloName=NAME sets it";
        }

        private static String nameOfMachine() {
            try {
                return InetAddress.getLocalHost().getCanonicalHostName();
            } catch (UnknownHostException e) {
                return "localhost";
            }
        }

        @Override
        public Path locate(String location) {
            return james.locate(location);
        }

        @Override
        public Optional<Database> open(DatabaseAddress address, Clock clock) {
            // a command never writes into a database of a server
            return Optional.empty();
        }

        @Override
        public DeliveryMetrics metrics() {
            return DeliveryMetrics.none();
        }

        @Override
        public void gauge(String name, Supplier<? extends Number> value) {
            // a command publishes no gauges
        }

        @Override
        public Dns recorded(Dns resolver) {
            recording = new RecordingDns(resolver);
            return recording;
        }
    }
}
