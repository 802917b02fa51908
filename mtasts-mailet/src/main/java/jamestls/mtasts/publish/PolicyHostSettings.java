package jamestls.mtasts.publish;

import jamestls.config.ConfigurationException;
import jamestls.config.Parameters;
import jamestls.config.Variables;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Reader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;

/**
 * The settings of the policy host.
 *
 * @param listen where it accepts connections
 * @param domains whose policies it serves, each once; empty if it is off
 * @param policies the directory with a file {@code DOMAIN.txt} for each domain
 * @param keys where the keys are
 * @param limits what clients may take
 * @param reloadEvery how often files are looked at for changes
 */
public record PolicyHostSettings(InetSocketAddress listen, List<DomainName> domains, Path policies, HostKeys.Source keys, Limits limits,
                          Duration reloadEvery) {

    /** Its name in James's conf directory. */
    public static final String FILE = "mtasts-policy-host.properties";
    private static final int MAX_DOMAINS = 10_000;
    private static final String DIRECTORY = "file://conf/mta-sts";

    public PolicyHostSettings {
        domains = List.copyOf(domains);
    }

    /**
     * Bounds.
     *
     * @param connections at once
     * @param perAddress connections of one client, by its address, or by the first 64 bits of an IPv6 address
     * @param time for a whole connection, from its acceptance to the last byte of the answer
     */
    public record Limits(int connections, int perAddress, Duration time) {
    }

    /**
     * Reads {@code conf/mtasts-policy-host.properties}.
     *
     * @param files finds it, and what it names
     * @return empty if the policy host is off: without the file, or unless {@code enabled=true}
     * @throws ConfigurationException naming every mistake in names and values
     */
    public static Optional<PolicyHostSettings> read(Parameters.FileLocator files) throws ConfigurationException {
        Properties properties = new Properties();
        try (Reader in = Files.newBufferedReader(files.locate("file://conf/" + FILE))) {
            properties.load(in);
        } catch (FileNotFoundException | NoSuchFileException none) {
            return Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            throw new ConfigurationException("conf/" + FILE + " can't be read: " + e.getMessage(), e);
        }
        Map<String, String> written = new HashMap<>();
        properties.stringPropertyNames().forEach(name -> written.put(name,
            Variables.ofProcess().filledIn(properties.getProperty(name))));
        Parameters parameters = new Parameters(FILE, written, Parameters.ForeignNames.NONE, files);
        Optional<PolicyHostSettings> settings = of(parameters);
        parameters.check();
        return settings;
    }

    static Optional<PolicyHostSettings> of(Parameters parameters) {
        boolean enabled = parameters.flag("enabled", false);
        InetAddress address = parameters.read("address", "0.0.0.0", "an IP address of this machine", text ->
            IpLiteral.parse(text).orElseThrow(IllegalArgumentException::new));
        int port = parameters.number("port", 443, 0, 65_535);
        List<DomainName> domains = parameters.read("domains", "", "domains, separated by commas, at most " + MAX_DOMAINS,
            PolicyHostSettings::domains);
        if (enabled && domains.isEmpty() && !parameters.has("domains")) {
            parameters.invalid("domains", "the domains whose policies are served, separated by commas");
        }
        Path policies = parameters.read("policies", DIRECTORY, "a directory, such as '" + DIRECTORY + "'", parameters::locate);
        HostKeys.Source keys = HostKeys.Source.of(parameters, enabled);
        Limits limits = new Limits(parameters.number("connections", 256, 1, 10_000),
            parameters.number("connectionsPerAddress", 16, 1, 10_000),
            parameters.duration("timeout", Duration.ofSeconds(10), ChronoUnit.SECONDS, Duration.ofSeconds(1), Duration.ofMinutes(1)));
        Duration reload = parameters.duration("reloadEvery", Duration.ofSeconds(10), ChronoUnit.SECONDS, Duration.ofMillis(50),
            Duration.ofHours(1));
        return enabled ? Optional.of(new PolicyHostSettings(new InetSocketAddress(address, port), domains, policies, keys, limits, reload))
            : Optional.empty();
    }

    private static List<DomainName> domains(String text) throws IOException {
        List<DomainName> domains = new ArrayList<>();
        List<String> wrong = new ArrayList<>();
        for (String each : text.split(",")) {
            if (!each.isBlank()) {
                // RFC 8461 §3.2: the host's name is a host name, so an underscore can't be in it
                DomainName.parse(each.strip()).filter(domain -> domain.ascii().contains(".") && !domain.ascii().contains("_"))
                    .filter(domain -> DomainName.parse(hostName(domain)).isPresent())
                    .ifPresentOrElse(domains::add, () -> wrong.add("'" + each.strip() + "'"));
            }
        }
        if (!wrong.isEmpty()) {
            throw new IOException("no domain names: " + String.join(", ", wrong));
        }
        List<DomainName> distinct = domains.stream().distinct().toList();
        if (distinct.size() > MAX_DOMAINS) {
            throw new IOException("these are " + distinct.size());
        }
        return distinct;
    }

    /** RFC 8461 §3.2. */
    static String hostName(DomainName domain) {
        return "mta-sts." + domain;
    }

    Path policyOf(DomainName domain) {
        return policies.resolve(domain + ".txt");
    }
}
