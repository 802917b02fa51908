package jamestls.config;

import jakarta.mail.MessagingException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
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
 * @param heloName what we call ourselves in EHLO; default: James's default domain, or its host name where that is localhost
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
 * @param maxDnsProblemRetries retries for a mail whose domain has neither MX nor address; errors of DNS follow delayTime
 * @param bind address of ours that connections come from, as figures
 * @param chunking whether mails go by BDAT to servers that offer it
 * @param retries whether retries wait for first attempts
 * @param gateway who gets all mail; empty if it goes to the hosts of its domain
 */
public record DeliveryConfiguration(
        String outgoing, String delayTime, int maxRetries, Duration readTimeout, Duration connectTimeout,
        Optional<String> bounceProcessor, Optional<String> onSuccess, Optional<String> heloName, int deliveries,
        int deliveriesPerDestination, int mailsInHand, int reuseMails, Duration reuseIdle, Duration reuseAge,
        Optional<String> dnsServers, int smtpPort, int policyPort, Duration policyFetchTimeout, Optional<String> trustStore,
        String trustStorePassword, Reachable reachable, String dnssec, Optional<String> trustAnchors, PolicyStorage policyStorage,
        DaneConfiguration dane, int maxDnsProblemRetries, Optional<String> bind, Chunking chunking, Retries retries,
        Optional<GatewayParameters> gateway) {

    /** Which addresses a name from a stranger's DNS may lead us to. */
    public enum Reachable {
        PUBLIC_ADDRESSES_ONLY,
        /** For laboratories and private networks: {@code allowPrivateAddresses}. */
        ANY_ADDRESS
    }

    /** Whether mails go by BDAT (RFC 3030): {@code chunking}. */
    public enum Chunking { WHEN_OFFERED, NEVER }

    /** Whether retries wait for first attempts, in queues that know priorities: {@code usePriority}. */
    public enum Retries { AS_THEY_COME, LAST }

    /** The exception for a value that turns out unusable only when it is put to use. */
    public static MessagingException invalid(String name, String value, String allowed) {
        return Parameters.invalid("SecureRemoteDelivery", name, value, allowed);
    }

    /** @throws MessagingException naming the parameter, its value and what is allowed */
    public static DeliveryConfiguration of(MailetConfig config) throws MessagingException {
        Parameters parameters = Parameters.of(config, ParameterNames.ofDelivery());
        // read for their syntax only: each recipient has a result of its own either way, and log levels are logback.xml's
        parameters.flag("sendpartial", false);
        parameters.flag("debug", false);
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
            DaneConfiguration.of(parameters),
            parameters.number("maxDnsProblemRetries", 0, 0, 10_000),
            parameters.text("bind"),
            parameters.flag("chunking", true) ? Chunking.WHEN_OFFERED : Chunking.NEVER,
            parameters.flag("usePriority", false) ? Retries.LAST : Retries.AS_THEY_COME,
            GatewayParameters.of(parameters));
    }
}
