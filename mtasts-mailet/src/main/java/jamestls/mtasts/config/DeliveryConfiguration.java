package jamestls.mtasts.config;

import jakarta.mail.MessagingException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.mailet.MailetConfig;

/**
 * Every parameter of SecureRemoteDelivery with its unit, default and check. What stock RemoteDelivery has under the same
 * name means the same here; docs/configuration.md has the table.
 *
 * @param outgoing name of James's mail queue that the mailet fills and empties
 * @param delayTime see {@code RetrySchedule}
 * @param maxRetries retries after the first attempt, 0 to 10,000
 * @param readTimeout longest wait for one reply, also for the greeting and the TLS handshake
 * @param connectTimeout longest wait for a connection
 * @param bounceProcessor processor that gets mails which failed for good; without one James's own text bounce is sent
 * @param onSuccess processor that gets a copy of each delivered mail
 * @param heloName what we call ourselves in EHLO; default: James's host name
 * @param deliveries most deliveries at once
 * @param deliveriesPerDestination most deliveries at once to one recipient domain, and to one address of a mail host
 * @param mailsInHand most mails taken from the queue at once, most of them waiting for their destination
 * @param reuseMails most mails over one connection; 1 means a connection for each mail
 * @param reuseIdle how long a connection is kept without a mail
 * @param reuseAge how long a connection is used for further mails
 * @param dnsServers resolvers as {@code address[:port]} list; default: those James itself uses
 * @param smtpPort port of all MX hosts; anything but 25 is for laboratories
 * @param policyPort port of all MTA-STS policy hosts; anything but 443 is for laboratories
 * @param policyFetchTimeout for all of the fetch of a policy; 1 second to 1 minute
 * @param trustStore PKCS#12 or JKS file with the certificate authorities to trust, as James file URL
 *     ({@code file://conf/…}); default: the JVM's
 * @param trustStorePassword its password; empty for none
 * @param reachable which addresses policy hosts and MX hosts may have
 * @param dnssec who finds out whether DNS answers are secure: {@code validate}, {@code trust-ad} or {@code off}
 * @param trustAnchors file of DS or DNSKEY records to validate from, as James file URL; default: the public root's
 * @param policyStorage where policies are kept
 * @param dane see there
 */
public record DeliveryConfiguration(
        String outgoing, String delayTime, int maxRetries, Duration readTimeout, Duration connectTimeout,
        Optional<String> bounceProcessor, Optional<String> onSuccess, Optional<String> heloName, int deliveries,
        int deliveriesPerDestination, int mailsInHand, int reuseMails, Duration reuseIdle, Duration reuseAge,
        Optional<String> dnsServers, int smtpPort, int policyPort, Duration policyFetchTimeout, Optional<String> trustStore,
        String trustStorePassword, Reachable reachable, String dnssec, Optional<String> trustAnchors, PolicyStorage policyStorage,
        DaneConfiguration dane) {

    /** Which addresses a name from a stranger's DNS may lead us to. */
    public enum Reachable {
        PUBLIC_ADDRESSES_ONLY,
        /** For laboratories and private networks: {@code allowPrivateAddresses}. */
        ANY_ADDRESS
    }

    private static final List<String> KNOWN = Stream.concat(PolicyStorage.NAMES.stream(), Stream.of(
        "outgoing", "delayTime", "maxRetries", "timeout", "connectiontimeout",
        "bounceProcessor", "onSuccess", "heloName", "deliveries", "deliveriesPerDestination", "mailsInHand", "reuseMails", "reuseIdle",
        "reuseAge", "dnsServers", "smtpPort", "policyPort", "policyFetchTimeout", "trustStore",
        "trustStorePassword", "allowPrivateAddresses", "dnssec", "trustAnchors", "dane",
        "insecureMx", "mandatoryDane")).toList();

    /** What stock RemoteDelivery reads and this mailet does not, each with what to do instead. */
    private static final Map<String, String> DECLINED = Map.ofEntries(
        Map.entry("startTLS", "leave it out; STARTTLS is always used where the server offers it"),
        Map.entry("sslEnable", "leave it out; remote delivery speaks STARTTLS on port 25"),
        Map.entry("verifyServerIdentity", "leave it out; the recipient domain's MTA-STS policy decides what is verified"),
        Map.entry("sslTrustAllCerts", "leave it out; without a policy any certificate is accepted, with one none but a valid one"),
        Map.entry("deliveryThreads", "write 'deliveries', the most deliveries at once; waiting costs no thread"),
        Map.entry("outgoingQueue", "write 'outgoing'; stock RemoteDelivery reads that name, too, whatever its samples say"),
        Map.entry("connectionTimeout", "write 'connectiontimeout'; stock RemoteDelivery reads that name, too"),
        Map.entry("gateway", "this version delivers to MX hosts only; keep stock RemoteDelivery for mail to a gateway"),
        Map.entry("gatewayPort", "this version delivers to MX hosts only"),
        Map.entry("gatewayUsername", "this version delivers to MX hosts only"),
        Map.entry("gatewayPassword", "this version delivers to MX hosts only"),
        Map.entry("maxDnsProblemRetries", "leave it out; DNS problems are temporary and follow delayTime"),
        Map.entry("sendpartial", "leave it out; recipients a server accepts are delivered, the others retried or bounced"),
        Map.entry("bind", "this version lets the operating system choose the address"),
        Map.entry("loadBalancing", "leave it out; MX hosts of equal preference are always tried in random order"),
        Map.entry("usePriority", "this version does not order the queue by MT-PRIORITY"),
        Map.entry("debug", "set the log level of 'jamestls' to DEBUG in logback.xml"));

    /** The exception for a value that turns out unusable only when it is put to use. */
    public static MessagingException invalid(String name, String value, String allowed) {
        return Parameters.invalid("SecureRemoteDelivery", name, value, allowed);
    }

    /** @throws MessagingException naming the parameter, its value and what is allowed */
    public static DeliveryConfiguration of(MailetConfig config) throws MessagingException {
        for (var names = config.getInitParameterNames(); names.hasNext(); ) {
            String name = names.next();
            if (name.startsWith("mail.")) {
                throw new MessagingException(config.getMailetName() + ": parameter '" + name + "' (value '" + config.getInitParameter(name)
                    + "') is not supported: "
                    + "properties of Jakarta Mail have no effect here, because it is not used to send");
            }
        }
        Parameters parameters = Parameters.of(config, KNOWN, DECLINED);
        return new DeliveryConfiguration(
            parameters.text("outgoing").orElse("outgoing"),
            parameters.text("delayTime").orElse("6h"),
            parameters.number("maxRetries", 5, 0, 10_000),
            parameters.duration("timeout", Duration.ofMinutes(3), ChronoUnit.MILLIS, Duration.ofMillis(100), Duration.ofHours(1)),
            parameters.duration("connectiontimeout", Duration.ofMinutes(1), ChronoUnit.MILLIS, Duration.ofMillis(100),
                Duration.ofMinutes(10)),
            parameters.text("bounceProcessor"),
            parameters.text("onSuccess"),
            parameters.text("heloName"),
            parameters.number("deliveries", 256, 1, 100_000),
            parameters.number("deliveriesPerDestination", 20, 1, 10_000),
            parameters.number("mailsInHand", 5_000, 1, 100_000),
            parameters.number("reuseMails", 100, 1, 100_000),
            parameters.duration("reuseIdle", Duration.ofSeconds(5), ChronoUnit.SECONDS, Duration.ofMillis(100), Duration.ofMinutes(2)),
            parameters.duration("reuseAge", Duration.ofMinutes(5), ChronoUnit.SECONDS, Duration.ofSeconds(1), Duration.ofHours(1)),
            parameters.text("dnsServers"),
            parameters.number("smtpPort", 25, 1, 65_535),
            parameters.number("policyPort", 443, 1, 65_535),
            parameters.duration("policyFetchTimeout", Duration.ofMinutes(1), ChronoUnit.SECONDS, Duration.ofSeconds(1),
                Duration.ofMinutes(1)),
            parameters.text("trustStore"),
            parameters.text("trustStorePassword").orElse(""),
            parameters.flag("allowPrivateAddresses", false) ? Reachable.ANY_ADDRESS : Reachable.PUBLIC_ADDRESSES_ONLY,
            parameters.text("dnssec").orElse("validate"),
            parameters.text("trustAnchors"),
            PolicyStorage.of(parameters),
            DaneConfiguration.of(parameters));
    }
}
