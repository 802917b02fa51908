package jamestls.mtasts.cli;

import jamestls.config.ParameterNames;
import jamestls.dns.AddressGuard;
import jamestls.dns.DnsServers;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnssecMode;
import jamestls.dns.DomainName;
import jamestls.dns.TrustAnchors;
import jamestls.mtasts.dane.DaneScope;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Parameters of SecureRemoteDelivery as far as they bear on where mail goes and what it demands; names, defaults and meaning
 * are those of docs/configuration.md.
 *
 * @param values by parameter name
 * @param conf James's {@code conf/}, for {@code file://conf/…}
 */
record ServerSettings(Map<String, String> values, Path conf) {

    private static final int HIGHEST_PORT = 65_535;
    private static final String MAILET = "SecureRemoteDelivery";

    ServerSettings {
        values = Map.copyOf(values);
    }

    /** @throws IOException on a name that the mailet would not take, in its words */
    static ServerSettings of(Map<String, String> written, Path conf) throws IOException {
        try {
            return new ServerSettings(ParameterNames.ofDelivery().accepted(MAILET, written), conf);
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    DnsSettings dns() throws IOException {
        String text = value("dnssec").orElse("validate");
        Optional<DnssecMode> mode = DnssecMode.of(text);
        if (mode.isEmpty()) {
            throw wrong("dnssec", text, DnssecMode.allowed());
        }
        try {
            return DnsSettings.of(servers()).with(mode.get(), anchors());
        } catch (IllegalArgumentException e) {
            throw wrong("dnssec", text, e.getMessage());
        }
    }

    AddressGuard guard() throws IOException {
        String allowed = value("allowPrivateAddresses").orElse("false").toLowerCase(Locale.ROOT);
        return oneOf("allowPrivateAddresses", allowed, "true", "false").equals("true")
            ? AddressGuard.anywhere() : AddressGuard.publicOnly();
    }

    int smtpPort() throws IOException {
        return port("smtpPort", 25);
    }

    int policyPort() throws IOException {
        return port("policyPort", 443);
    }

    String heloName() {
        return value("heloName").orElse("localhost");
    }

    /** Empty for the JVM's. */
    Optional<KeyStore> trustStore() throws IOException {
        Optional<String> location = value("trustStore");
        if (location.isEmpty()) {
            return Optional.empty();
        }
        String password = values.getOrDefault("trustStorePassword", "");
        try {
            return Optional.of(KeyStore.getInstance(file(location.get()).toFile(), password.isEmpty() ? null : password.toCharArray()));
        } catch (GeneralSecurityException | IOException e) {
            throw wrong("trustStore", location.get(), "a key store that trustStorePassword opens; " + e.getMessage());
        }
    }

    DaneScope dane() throws IOException {
        String use = oneOf("dane", value("dane").orElse("on"), "on", "off");
        String insecureMx = oneOf("insecureMx", value("insecureMx").orElse("dane"), "dane", "ignore");
        return use.equals("off") ? DaneScope.OFF : insecureMx.equals("ignore") ? DaneScope.SECURE_MX : DaneScope.ANY_MX;
    }

    Set<DomainName> mandatoryDane() throws IOException {
        Set<DomainName> domains = new HashSet<>();
        for (String name : values.getOrDefault("mandatoryDane", "").split(",")) {
            if (!name.isBlank()) {
                domains.add(DomainName.parse(name.strip()).orElseThrow(() -> wrong("mandatoryDane", name.strip(),
                    "domain names separated by commas, such as 'example.org, example.net'")));
            }
        }
        return domains;
    }

    private static String oneOf(String name, String value, String... allowed) throws IOException {
        if (!List.of(allowed).contains(value)) {
            throw wrong(name, value, String.join(", ", allowed));
        }
        return value;
    }

    /** Where the server keeps its policies; empty if in memory, or if there is no such file yet. */
    Optional<DatabaseAddress> database() throws IOException {
        String location = value("database").orElse("file://var/jamestls.sqlite");
        try {
            return DatabaseAddress.parse(location, values.getOrDefault("databaseUser", ""), values.getOrDefault("databasePassword", ""),
                this::file).filter(address -> !(address instanceof DatabaseAddress.SqliteFile sqlite) || Files.exists(sqlite.file()));
        } catch (IllegalArgumentException e) {
            throw wrong("database", location, DatabaseAddress.ALLOWED);
        }
    }

    private List<InetSocketAddress> servers() throws IOException {
        Optional<String> named = value("dnsServers");
        try {
            List<InetSocketAddress> servers = named.isPresent() ? DnsServers.parse(named.get()) : DnsServers.ofSystem();
            if (servers.isEmpty()) {
                throw new IOException("the system names no resolver; name one with --dns");
            }
            return servers;
        } catch (IllegalArgumentException e) {
            throw wrong("dnsServers", named.orElse(""), e.getMessage());
        }
    }

    private TrustAnchors anchors() throws IOException {
        Optional<String> location = value("trustAnchors");
        if (location.isEmpty()) {
            return TrustAnchors.iana();
        }
        try (InputStream in = Files.newInputStream(file(location.get()))) {
            return TrustAnchors.read(in);
        }
    }

    /** {@code file://conf/…} and {@code file://var/…} are James's, anything else is a path. */
    private Path file(String location) {
        String path = location.replaceFirst("^file:(//)?", "");
        if (path.startsWith("conf/")) {
            return conf.resolve(path.substring("conf/".length()));
        }
        return location.startsWith("file:") ? conf.toAbsolutePath().resolveSibling(path) : Path.of(path);
    }

    private int port(String name, int otherwise) throws IOException {
        String text = value(name).orElse(Integer.toString(otherwise));
        try {
            int port = Integer.parseInt(text);
            if (port >= 1 && port <= HIGHEST_PORT) {
                return port;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw wrong(name, text, "a port from 1 to " + HIGHEST_PORT);
    }

    private Optional<String> value(String name) {
        return Optional.ofNullable(values.get(name)).filter(text -> !text.isEmpty());
    }

    private static IOException wrong(String name, String value, String allowed) {
        return new IOException(MAILET + ": parameter '" + name + "' has the value '" + value + "'; allowed: " + allowed);
    }
}
