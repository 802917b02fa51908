package jamestls.mtasts;

import jakarta.mail.MessagingException;
import jamestls.mtasts.config.DeliveryConfiguration;
import jamestls.mtasts.config.DeliveryConfiguration.Reachable;
import jamestls.mtasts.config.PolicyStorage;
import jamestls.mtasts.delivery.Delivery;
import jamestls.mtasts.delivery.QueueWorker;
import jamestls.mtasts.delivery.ReportMails;
import jamestls.mtasts.delivery.RetrySchedule;
import jamestls.mtasts.delivery.Traffic;
import jamestls.mtasts.dns.AddressGuard;
import jamestls.mtasts.dns.DnsServers;
import jamestls.mtasts.dns.DnsSettings;
import jamestls.mtasts.dns.DnsjavaDns;
import jamestls.mtasts.dns.DnssecMode;
import jamestls.mtasts.dns.TrustAnchors;
import jamestls.mtasts.https.GuardedHttpsClient;
import jamestls.mtasts.https.HttpsSettings;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.outcome.TlsOutcomes;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.smtp.ReuseLimits;
import jamestls.mtasts.smtp.SessionFailure.Phase;
import jamestls.mtasts.smtp.SmtpConnector;
import jamestls.mtasts.smtp.SmtpSettings;
import jamestls.mtasts.storage.Database;
import jamestls.mtasts.storage.DatabaseAddress;
import jamestls.mtasts.sts.MemoryPolicyStore;
import jamestls.mtasts.sts.PolicyFetcher;
import jamestls.mtasts.sts.PolicyRefresher;
import jamestls.mtasts.sts.PolicyStore;
import jamestls.mtasts.sts.RefreshSchedule;
import jamestls.mtasts.sts.SqlPolicyStore;
import jamestls.mtasts.sts.StoreHealth;
import jamestls.mtasts.sts.StsAlarms;
import jamestls.mtasts.sts.StsPolicies;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.apache.james.dnsservice.api.DNSService;
import org.apache.james.filesystem.api.FileSystem;
import org.apache.james.queue.api.MailQueue;
import org.apache.mailet.MailetContext;

/** The rooms of one SecureRemoteDelivery, furnished as its configuration says. Whoever opens it closes it. */
final class Outbound implements AutoCloseable {

    private final DeliveryConfiguration configuration;
    private final RetrySchedule schedule;
    private final GuardedHttpsClient https;
    private final Optional<Database> database;
    private final StsAlarms alarms = new StsAlarms();
    private final StsPolicies policies;
    private final PolicyRefresher refresher;
    private final SmtpConnector connector;
    private final Traffic traffic;
    private final Delivery delivery;
    private final ReportMails reportMails;

    private Outbound(DeliveryConfiguration configuration, RetrySchedule schedule, DnsSettings dnsSettings,
                     Optional<KeyStore> trustStore, CertificateCheck certificates, SmtpSettings smtp, DaneSettings dane,
                     Optional<Database> database, TlsOutcomes outcomes, Clock clock) {
        AddressGuard guard = configuration.reachable() == Reachable.ANY_ADDRESS ? AddressGuard.anywhere() : AddressGuard.publicOnly();
        DnsjavaDns dns = new DnsjavaDns(dnsSettings, clock).start();
        RandomGenerator random = RandomGenerator.of("SecureRandom");
        this.configuration = configuration;
        this.schedule = schedule;
        this.https = new GuardedHttpsClient(dns, new HttpsSettings(trustStore, guard));
        this.database = database;
        this.policies = new StsPolicies(dns, new PolicyFetcher(https, configuration.policyPort(), configuration.policyFetchTimeout()),
            database.<PolicyStore>map(SqlPolicyStore::new).orElseGet(MemoryPolicyStore::new),
            RefreshSchedule.daily(configuration.policyStorage().unusedAfter(), random), alarms, clock);
        this.refresher = new PolicyRefresher(policies);
        this.connector = new SmtpConnector(smtp);
        this.traffic = new Traffic(connector, reuse(configuration), configuration.deliveriesPerDestination(), configuration.deliveries());
        this.delivery = new Delivery(new Destinations(dns, random), dane.planner(dns), policies, certificates, traffic, guard,
            configuration.smtpPort(), outcomes, clock);
        this.reportMails = new ReportMails(outcomes, clock);
        refresher.start();
    }

    /** @throws MessagingException when a parameter turns out to be unusable here: a trust store, a name, a resolver */
    static Outbound open(DeliveryConfiguration configuration, DNSService jamesDns, FileSystem files, TlsOutcomes outcomes, Clock clock)
            throws MessagingException {
        Optional<KeyStore> trustStore = trustStore(configuration, files);
        try {
            CertificateCheck certificates = trustStore.isPresent()
                ? CertificateCheck.trusting(trustStore.get()) : CertificateCheck.trustingJvm();
            return new Outbound(configuration, schedule(configuration), dnsSettings(configuration, jamesDns, files), trustStore,
                certificates, smtpSettings(configuration, jamesDns), DaneSettings.of(configuration.dane()),
                database(configuration, files, clock), outcomes, clock);
        } catch (GeneralSecurityException e) {
            throw new MessagingException("the certificate authorities to trust can't be read: " + e.getMessage(), e);
        }
    }

    /** Starts delivering what is in the queue. */
    QueueWorker work(MailQueue queue, MailetContext context) {
        return new QueueWorker(queue, delivery, schedule, context, configuration.bounceProcessor(), configuration.onSuccess(),
            traffic, configuration.mailsInHand(), reportMails);
    }

    /** What an operator should look at, for metrics and health checks. */
    StsAlarms alarms() {
        return alarms;
    }

    /** How the store of policies does, likewise. */
    StoreHealth policyStore() {
        return policies.storeHealth();
    }

    @Override
    public void close() {
        refresher.close();
        traffic.close();
        connector.close();
        https.close();
        policies.settle();
        database.ifPresent(Database::close);
    }

    private static Optional<Database> database(DeliveryConfiguration configuration, FileSystem files, Clock clock)
            throws MessagingException {
        PolicyStorage storage = configuration.policyStorage();
        try {
            return DatabaseAddress.parse(storage.database(), storage.user(), storage.password(), file -> files.getFile(file).toPath())
                .map(address -> Database.open(address, List.of(SqlPolicyStore.TABLES), clock));
        } catch (IllegalArgumentException e) {
            throw DeliveryConfiguration.invalid("database", storage.database(), DatabaseAddress.ALLOWED + "; " + e.getMessage());
        }
    }

    private static RetrySchedule schedule(DeliveryConfiguration configuration) throws MessagingException {
        try {
            return RetrySchedule.parse(configuration.delayTime(), configuration.maxRetries());
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

    private static DnsSettings dnsSettings(DeliveryConfiguration configuration, DNSService jamesDns, FileSystem files)
            throws MessagingException {
        List<InetSocketAddress> servers = dnsServers(configuration, jamesDns);
        Optional<DnssecMode> mode = DnssecMode.of(configuration.dnssec());
        try {
            return DnsSettings.of(servers).with(mode.orElseThrow(() -> new IllegalArgumentException("no such mode")),
                trustAnchors(configuration, files));
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

    private static SmtpSettings smtpSettings(DeliveryConfiguration configuration, DNSService jamesDns) throws MessagingException {
        String helo = configuration.heloName().orElseGet(() -> ownName(jamesDns));
        try {
            return SmtpSettings.defaults(helo)
                .withReadTimeout(configuration.readTimeout())
                .withLimit(Phase.CONNECT, configuration.connectTimeout());
        } catch (IllegalArgumentException e) {
            throw DeliveryConfiguration.invalid("heloName", helo, "this host's full name, such as 'mail.example.org'; " + e.getMessage());
        }
    }

    private static ReuseLimits reuse(DeliveryConfiguration configuration) {
        return new ReuseLimits(configuration.reuseMails(), configuration.reuseIdle(), configuration.reuseAge(),
            configuration.deliveriesPerDestination(), configuration.deliveries());
    }

    private static String ownName(DNSService jamesDns) {
        try {
            return jamesDns.getLocalHost().getCanonicalHostName();
        } catch (UnknownHostException e) {
            return "localhost";
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
