package jamestls.mtasts;

import jakarta.mail.MessagingException;
import jamestls.config.DeliveryConfiguration;
import jamestls.config.GatewayParameters;
import jamestls.config.PolicyStorage;
import jamestls.dns.DnsServers;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnssecMode;
import jamestls.dns.IpLiteral;
import jamestls.dns.TrustAnchors;
import jamestls.mtasts.delivery.GatewaySettings;
import jamestls.mtasts.delivery.QueuePriority;
import jamestls.mtasts.delivery.RetrySchedule;
import jamestls.mtasts.mx.Gateways;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.SmtpCredentials;
import jamestls.smtp.SmtpSettings;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.apache.james.dnsservice.api.DNSService;
import org.apache.james.filesystem.api.FileSystem;

/**
 * What the parameters of a SecureRemoteDelivery come to where James runs: files read, names and addresses found.
 *
 * @param schedule of the retries
 * @param dns whom to ask, and whom to believe
 * @param dane where DANE is asked for
 * @param trustStore the certificate authorities to trust, if not the JVM's
 * @param certificates verifies with them
 * @param smtp how we speak to servers
 * @param reuse how long sessions are kept
 * @param database where policies are kept; empty for memory
 * @param gateways where all mail goes, if it does not go to the hosts of its domain
 */
record OutboundSettings(RetrySchedule schedule, DnsSettings dns, DaneSettings dane, Optional<KeyStore> trustStore,
                        CertificateCheck certificates, SmtpSettings smtp, ReuseLimits reuse, Optional<DatabaseAddress> database,
                        Optional<GatewaySettings> gateways) {

    /** @throws MessagingException when a parameter turns out to be unusable: a trust store, a name, a resolver */
    static OutboundSettings of(DeliveryConfiguration configuration, JamesServices james) throws MessagingException {
        Optional<KeyStore> trustStore = trustStore(configuration, james.files());
        try {
            return new OutboundSettings(schedule(configuration), dnsSettings(configuration, james),
                DaneSettings.of(configuration.dane()), trustStore,
                trustStore.isPresent() ? CertificateCheck.trusting(trustStore.get()) : CertificateCheck.trustingJvm(),
                smtpSettings(configuration, james.heloName()), reuse(configuration),
                database(configuration, james.files()), gateways(configuration, RandomGenerator.of("SecureRandom")));
        } catch (GeneralSecurityException e) {
            throw new MessagingException("the certificate authorities to trust can't be read: " + e.getMessage(), e);
        }
    }

    private static RetrySchedule schedule(DeliveryConfiguration configuration) throws MessagingException {
        try {
            return RetrySchedule.parse(configuration.delayTime(), configuration.maxRetries(),
                configuration.retries() == DeliveryConfiguration.Retries.LAST ? QueuePriority.RETRIES_LAST : QueuePriority.UNTOUCHED);
        } catch (IllegalArgumentException e) {
            throw DeliveryConfiguration.invalid("delayTime", configuration.delayTime(),
                "[attempts*]delay[unit] separated by commas, such as '5m, 3*30m, 6h'; " + e.getMessage());
        }
    }

    private static List<InetSocketAddress> dnsServers(DeliveryConfiguration configuration, DNSService jamesDns) throws MessagingException {
        try {
            return DnsServers.of(configuration.dnsServers(), jamesDns);
        } catch (IllegalArgumentException e) {
            throw DeliveryConfiguration.invalid("dnsServers", configuration.dnsServers().orElse(""), e.getMessage());
        }
    }

    private static DnsSettings dnsSettings(DeliveryConfiguration configuration, JamesServices james) throws MessagingException {
        List<InetSocketAddress> servers = dnsServers(configuration, james.dns());
        Optional<DnssecMode> mode = DnssecMode.of(configuration.dnssec());
        try {
            return DnsSettings.of(servers).with(mode.orElseThrow(() -> new IllegalArgumentException("no such mode")),
                trustAnchors(configuration, james.files()));
        } catch (IllegalArgumentException e) {
            throw DeliveryConfiguration.invalid("dnssec", configuration.dnssec(), DnssecMode.allowed() + "; " + e.getMessage());
        }
    }

    private static TrustAnchors trustAnchors(DeliveryConfiguration configuration, FileSystem files) throws MessagingException {
        if (configuration.trustAnchors().isEmpty()) {
            return TrustAnchors.iana();
        }
        String location = configuration.trustAnchors().get();
        try (InputStream in = files.getResource(location)) {
            return TrustAnchors.read(in);
        } catch (IOException e) {
            throw DeliveryConfiguration.invalid("trustAnchors", location,
                "a file of DS or DNSKEY records in zone format, such as 'file://conf/root.ds'; " + e.getMessage());
        }
    }

    private static Optional<DatabaseAddress> database(DeliveryConfiguration configuration, FileSystem files) throws MessagingException {
        PolicyStorage storage = configuration.policyStorage();
        try {
            return DatabaseAddress.parse(storage.database(), storage.user(), storage.password(), file -> files.getFile(file).toPath());
        } catch (IllegalArgumentException e) {
            throw DeliveryConfiguration.invalid("database", DatabaseAddress.withoutPassword(storage.database()),
                DatabaseAddress.ALLOWED + "; " + e.getMessage());
        }
    }

    private static SmtpSettings smtpSettings(DeliveryConfiguration configuration, String jamesName) throws MessagingException {
        String helo = configuration.heloName().orElse(jamesName);
        Optional<InetAddress> bind = bindAddress(configuration);
        try {
            SmtpSettings settings = SmtpSettings.defaults(helo)
                .withReadTimeout(configuration.readTimeout())
                .withLimit(Phase.CONNECT, configuration.connectTimeout());
            return bind.map(settings::withBindAddress).orElse(settings);
        } catch (IllegalArgumentException e) {
            throw DeliveryConfiguration.invalid("heloName", helo, "this host's full name, such as 'mail.example.org'; " + e.getMessage());
        }
    }

    private static ReuseLimits reuse(DeliveryConfiguration configuration) {
        return new ReuseLimits(configuration.reuseMails(), configuration.reuseIdle(), configuration.reuseAge(),
            configuration.deliveriesPerDestination(), configuration.deliveries());
    }

    private static Optional<InetAddress> bindAddress(DeliveryConfiguration configuration) throws MessagingException {
        if (configuration.bind().isEmpty()) {
            return Optional.empty();
        }
        String text = configuration.bind().get();
        InetAddress address = IpLiteral.parse(text).orElseThrow(() -> notOurs(text, "it is no address"));
        try (Socket attempt = new Socket()) {
            attempt.bind(new InetSocketAddress(address, 0));
            return Optional.of(address);
        } catch (IOException e) {
            throw notOurs(text, e.getMessage());
        }
    }

    private static MessagingException notOurs(String text, String why) {
        return DeliveryConfiguration.invalid("bind", text, "an address of this machine in figures, such as 192.0.2.1; " + why);
    }

    private static Optional<GatewaySettings> gateways(DeliveryConfiguration configuration, RandomGenerator random)
            throws MessagingException {
        if (configuration.gateway().isEmpty()) {
            return Optional.empty();
        }
        GatewayParameters asked = configuration.gateway().get();
        boolean verified = asked.verification() == GatewayParameters.Verification.DEMANDED;
        try {
            Gateways hosts = Gateways.parse(asked.hosts(), asked.port(),
                asked.balancing() == GatewayParameters.Balancing.RANDOM ? Gateways.Order.SHUFFLED : Gateways.Order.AS_LISTED);
            if (verified && hosts.hosts().stream().anyMatch(host -> host.address().isPresent())) {
                throw new IllegalArgumentException("the certificate of a bare address can't be verified: write a name, or "
                    + "verifyServerIdentity=false");
            }
            Optional<SmtpCredentials> login = asked.user().map(user -> new SmtpCredentials(user, asked.password(),
                asked.clearTextLogin() == GatewayParameters.ClearTextLogin.ALLOWED ? SmtpCredentials.ClearText.ALLOWED
                    : SmtpCredentials.ClearText.REFUSED));
            return Optional.of(new GatewaySettings(hosts, asked.tls() == GatewayParameters.Tls.IMPLICIT ? TlsUse.IMPLICIT
                : TlsUse.IF_OFFERED,
                verified ? GatewaySettings.Verification.DEMANDED : GatewaySettings.Verification.NOT_DEMANDED, login, random));
        } catch (IllegalArgumentException e) {
            throw DeliveryConfiguration.invalid("gateway", asked.hosts(), "host[:port], separated by commas; " + e.getMessage());
        }
    }

    private static Optional<KeyStore> trustStore(DeliveryConfiguration configuration, FileSystem files) throws MessagingException {
        if (configuration.trustStore().isEmpty()) {
            return Optional.empty();
        }
        String location = configuration.trustStore().get();
        try (InputStream in = files.getResource(location)) {
            return Optional.of(CertificateCheck.load(in, configuration.trustStorePassword()));
        } catch (IOException | GeneralSecurityException e) {
            throw DeliveryConfiguration.invalid("trustStore", location,
                "a PKCS#12 key store that trustStorePassword opens, such as 'file://conf/authorities.p12'; " + e.getMessage());
        }
    }
}
