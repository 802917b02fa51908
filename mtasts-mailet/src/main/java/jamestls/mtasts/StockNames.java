package jamestls.mtasts;

import jamestls.config.Parameters;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Parameter names of stock RemoteDelivery that have another name here, or none: properties of Jakarta Mail, an old spelling, and names
 * that stock's samples have but stock's code never reads. As in stock RemoteDelivery, a property overrides the parameter.
 */
public final class StockNames implements Parameters.ForeignNames {

    private static final Map<String, String> NEVER_READ = Map.of(
        "deliveryThreads", "write 'deliveries', the maximum of concurrent deliveries",
        "outgoingQueue", "write 'outgoing'; stock RemoteDelivery also reads that name only",
        "connectionTimeout", "write 'connectiontimeout'; stock RemoteDelivery also reads that name only");

    private static final Pattern PROPERTY = Pattern.compile("mail\\.(?:smtps?\\.)?(.+)");

    private static final Map<String, String> SAME = Map.of(
        "localhost", "heloName",
        "timeout", "timeout",
        "connectiontimeout", "connectiontimeout",
        "localaddress", "bind",
        "sendpartial", "sendpartial",
        "debug", "debug",
        "starttls.enable", "startTLS");

    private static final Map<String, String> INSTEAD = Map.ofEntries(
        Map.entry("port", "write 'smtpPort' for MX hosts or 'gatewayPort' for gateways"),
        Map.entry("host", "write 'gateway'"),
        Map.entry("user", "write 'gatewayUsername'"),
        Map.entry("auth", "leave it out; with 'gatewayUsername' and 'gatewayPassword' AUTH is used"),
        Map.entry("from", "leave it out; the reverse path is that of the mail"),
        Map.entry("ehlo", "leave it out; EHLO is always tried first"),
        Map.entry("starttls.required", "write verifyServerIdentity=true with a gateway; for MX hosts policies decide"),
        Map.entry("ssl.enable", "write 'sslEnable'"),
        Map.entry("ssl.checkserveridentity", "write 'verifyServerIdentity'"),
        Map.entry("ssl.trust", "write 'trustStore' with the certificate authorities to trust"),
        Map.entry("ssl.protocols", "leave it out; TLS 1.2 and 1.3 are used, jvm.properties can restrict them"),
        Map.entry("ssl.ciphersuites", "leave it out; cipher suites are chosen in jvm.properties (jdk.tls.disabledAlgorithms)"),
        Map.entry("dsn.notify", "leave it out; each mail has its own DSN parameters"),
        Map.entry("dsn.ret", "leave it out; each mail has its own DSN parameters"),
        Map.entry("allow8bitmime", "leave it out; 8BITMIME is used where it is offered"),
        Map.entry("chunksize", "leave it out; CHUNKING is not configured"),
        Map.entry("writetimeout", "leave it out; sending a mail has half an hour"),
        Map.entry("socketFactory.port", "write 'smtpPort'"));

    @Override
    public Optional<String> here(String name) {
        return name.equals("gatewayusername") ? Optional.of("gatewayUsername") : property(name).map(SAME::get);
    }

    @Override
    public Optional<String> objection(String name) {
        return Optional.ofNullable(NEVER_READ.get(name)).or(() -> property(name).map(property -> INSTEAD.getOrDefault(property,
            "leave it out; Jakarta Mail is not used to send, so its properties have no effect")));
    }

    private static Optional<String> property(String name) {
        Matcher matcher = PROPERTY.matcher(name);
        return matcher.matches() ? Optional.of(matcher.group(1)) : Optional.empty();
    }
}
