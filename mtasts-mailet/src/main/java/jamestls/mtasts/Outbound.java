package jamestls.mtasts;

import jakarta.mail.MessagingException;
import jamestls.config.DeliveryConfiguration;
import jamestls.config.DeliveryConfiguration.Reachable;
import jamestls.dns.AddressGuard;
import jamestls.dns.DnsjavaDns;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.delivery.Delivery;
import jamestls.mtasts.delivery.DeliveryMetrics;
import jamestls.mtasts.delivery.OutboundResources;
import jamestls.mtasts.delivery.QueuePriority;
import jamestls.mtasts.delivery.QueueWorker;
import jamestls.mtasts.delivery.ReportMails;
import jamestls.mtasts.delivery.RetrySchedule;
import jamestls.mtasts.delivery.Router;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.mx.OwnAddresses;
import jamestls.mtasts.sts.MemoryPolicyStore;
import jamestls.mtasts.sts.PolicyFetcher;
import jamestls.mtasts.sts.PolicyRefresher;
import jamestls.mtasts.sts.PolicyStore;
import jamestls.mtasts.sts.RefreshSchedule;
import jamestls.mtasts.sts.SqlPolicyStore;
import jamestls.mtasts.sts.StsPolicies;
import jamestls.mtasts.sts.StsPolicies.StoreHealth;
import jamestls.mtasts.sts.StsWarnings;
import jamestls.outcome.TlsOutcomes;
import jamestls.smtp.SmtpConnector;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.apache.james.metrics.api.GaugeRegistry;
import org.apache.james.queue.api.MailQueue;
import org.apache.mailet.MailetContext;

/** The rooms of one SecureRemoteDelivery, furnished as its configuration says. Whoever opens it closes it. */
final class Outbound implements AutoCloseable {

    private static final int MAX_NAMES = 5;

    private final DeliveryConfiguration configuration;
    private final RetrySchedule schedule;
    private final DnsjavaDns dns;
    private final GuardedHttpsClient https;
    private final Optional<Database> database;
    private final StsWarnings alarms = new StsWarnings();
    private final StsPolicies policies;
    private final PolicyRefresher refresher;
    private final SmtpConnector connector;
    private final OutboundResources traffic;
    private final Router dispatch;
    private final ReportMails reportMails;

    private Outbound(DeliveryConfiguration configuration, OutboundSettings settings, Optional<Database> database, JamesServices james,
                     TlsOutcomes outcomes, Clock clock) {
        AddressGuard guard = configuration.reachable() == Reachable.ANY_ADDRESS ? AddressGuard.anywhere() : AddressGuard.publicOnly();
        RandomGenerator random = RandomGenerator.of("SecureRandom");
        this.configuration = configuration;
        this.schedule = settings.schedule();
        this.dns = new DnsjavaDns(settings.dns(), clock).start();
        this.https = new GuardedHttpsClient(dns, new HttpsSettings(settings.trustStore(), guard));
        this.database = database;
        this.policies = new StsPolicies(dns, new PolicyFetcher(https, configuration.policyPort(), configuration.policyFetchTimeout()),
            database.<PolicyStore>map(SqlPolicyStore::new).orElseGet(MemoryPolicyStore::new),
            RefreshSchedule.daily(configuration.policyStorage().unusedAfter(), random), alarms, clock);
        this.refresher = new PolicyRefresher(policies);
        this.connector = new SmtpConnector(settings.smtp());
        this.traffic = new OutboundResources(connector, settings.reuse(), configuration.deliveriesPerDestination(),
            configuration.deliveries(), configuration.mailsInHand() / 2);
        Destinations destinations = new Destinations(dns, random, OwnAddresses.named(settings.smtp().heloName()));
        Delivery delivery = new Delivery(new Delivery.Lookups(destinations, settings.dane().planner(dns), policies),
            settings.certificates(), traffic, guard, configuration.smtpPort(),
            new Delivery.Recording(outcomes, DeliveryMetrics.of(james.metrics()), clock));
        this.dispatch = settings.gateways().map(gateways -> Router.through(delivery, gateways))
            .orElseGet(() -> Router.byMx(delivery, configuration.maxDnsProblemRetries()));
        this.reportMails = new ReportMails(outcomes, clock);
        refresher.start();
        register(james.gauges());
    }

    private void register(GaugeRegistry gauges) {
        gauges.register("mtastsDnssec", () -> dns.dnssec().gauge());
        gauges.register("mtastsPoolIdleSessions", traffic.sessions()::size);
        gauges.register("mtastsPoliciesNotRefreshable", () -> alarms.unrefreshable().size());
        gauges.register("mtastsPolicyWeakenings", alarms::weakenings);
        gauges.register("mtastsPolicyLapses", alarms::lapses);
        gauges.register("mtastsPoliciesUnsaved", () -> policies.storeHealth().unsaved());
    }

    /** @throws MessagingException when a parameter turns out to be unusable here: a trust store, a name, a resolver */
    static Outbound open(DeliveryConfiguration configuration, JamesServices james, TlsOutcomes outcomes, Clock clock)
            throws MessagingException {
        OutboundSettings settings = OutboundSettings.of(configuration, james);
        return new Outbound(configuration, settings, database(configuration, settings, clock), james, outcomes, clock);
    }

    private static Optional<Database> database(DeliveryConfiguration configuration, OutboundSettings settings, Clock clock)
            throws MessagingException {
        try {
            return settings.database().map(address -> Database.open(address, List.of(SqlPolicyStore.TABLES), clock));
        } catch (Database.Refused e) {
            throw DeliveryConfiguration.invalid("database", DatabaseAddress.withoutPassword(configuration.policyStorage().database()),
                DatabaseAddress.ALLOWED + "; " + e.getMessage());
        }
    }

    /** Starts delivering what is in the queue. */
    QueueWorker work(MailQueue queue, MailetContext context) {
        return new QueueWorker(queue, dispatch, schedule, context, configuration.bounceProcessor(), configuration.onSuccess(),
            traffic, configuration.mailsInHand(), reportMails);
    }

    /** What to do with the priority of mails that go into the queue. */
    QueuePriority priority() {
        return schedule.priority();
    }

    /** What an operator should look at now; the first few names of each kind. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        dns.dnssec().trouble().ifPresent(problems::add);
        List<StsWarnings.Unrefreshable> stale = alarms.unrefreshable();
        if (!stale.isEmpty()) {
            problems.add(stale.size() + " MTA-STS policies can't be refreshed: " + stale.stream().limit(MAX_NAMES)
                .map(policy -> policy.domain() + " (mode " + policy.mode().wireName() + ", expires " + policy.expires() + ", "
                    + policy.problem() + ")").collect(Collectors.joining(", ")));
        }
        StoreHealth store = policies.storeHealth();
        store.outOfOrderSince().ifPresent(since ->
            problems.add("the store of policies is out of order since " + since + ": " + store.why()));
        return problems;
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
}
