package jamestls.mtasts;

import jamestls.config.ConfigurationException;
import jamestls.config.Parameters;
import jamestls.dns.Dns;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DnssecState;
import jamestls.dns.DomainName;
import jamestls.https.GuardedHttpsClient;
import jamestls.mtasts.check.OwnDomainChecks;
import jamestls.mtasts.check.OwnDomainStore;
import jamestls.mtasts.check.StrictSender;
import jamestls.mtasts.dane.TlsaRecords;
import jamestls.mtasts.delivery.Delivery;
import jamestls.mtasts.delivery.DeliverySettings;
import jamestls.mtasts.delivery.DryRun;
import jamestls.mtasts.delivery.DryRunResult;
import jamestls.mtasts.delivery.Gateways;
import jamestls.mtasts.delivery.HostLookup;
import jamestls.mtasts.delivery.Lookups;
import jamestls.mtasts.delivery.OutboundResources;
import jamestls.mtasts.delivery.QueueWorker;
import jamestls.mtasts.delivery.ReportMails;
import jamestls.mtasts.delivery.Router;
import jamestls.mtasts.delivery.WaitingPlace;
import jamestls.mtasts.held.HeldMails;
import jamestls.mtasts.held.HeldStore;
import jamestls.mtasts.mx.AddressOrder;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.mx.OwnAddresses;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.policy.LiveServers;
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.sts.MemoryPolicyStore;
import jamestls.mtasts.sts.PolicyFetcher;
import jamestls.mtasts.sts.PolicyRefresher;
import jamestls.mtasts.sts.PolicyStore;
import jamestls.mtasts.sts.RefreshSchedule;
import jamestls.mtasts.sts.SqlPolicyStore;
import jamestls.mtasts.sts.StoredPolicy;
import jamestls.mtasts.sts.StsPolicies;
import jamestls.mtasts.sts.StsPolicies.StoreHealth;
import jamestls.mtasts.sts.StsWarnings;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.TlsOutcomes;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SessionListener;
import jamestls.smtp.SmtpConnector;
import jamestls.smtp.SmtpSettings;
import jamestls.storage.AllSteps;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.apache.james.queue.api.MailQueue;
import org.apache.mailet.MailetContext;

/**
 * Creates and owns everything that one SecureRemoteDelivery or one {@code explain} uses. Opening it starts no background work;
 * {@link #work} does.
 */
public final class Outbound implements AutoCloseable {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(Outbound.class);
    /** The read time-out of a dry run, instead of the parameter {@code timeout}. */
    private static final Duration DRY_RUN_TIMEOUT = Duration.ofSeconds(30);

    private final OutboundSettings settings;
    private final Services services;
    private final TlsOutcomes outcomes;
    private final Clock clock;
    private final RandomGenerator random = RandomGenerator.of("SecureRandom");
    private final CertificateCheck certificates;
    private final DnsjavaDns resolver;
    private final Dns dns;
    private final GuardedHttpsClient https;
    private final PolicyFetcher fetcher;
    private final Optional<Database> database;
    private final PolicyStore store;
    private final StsWarnings warnings = new StsWarnings();
    /** Why the database should be elsewhere. */
    private final Optional<String> badPlace;
    private final Rules rules;
    private final LiveServers servers;
    private final StsPolicies policies;
    private final PolicyRefresher refresher;
    private final SmtpConnector connector;
    private final OutboundResources resources;
    private final HeldMails held;
    private final Optional<OwnDomainChecks> ownDomains;
    private volatile Optional<WaitingPlace> place = Optional.empty();

    private Outbound(OutboundSettings settings, CertificateCheck certificates, Optional<Database> database, Services services,
                     TlsOutcomes outcomes, Clock clock) {
        this.settings = settings;
        this.certificates = certificates;
        this.services = services;
        this.outcomes = outcomes;
        this.clock = clock;
        this.resolver = new DnsjavaDns(settings.dns(), clock).start();
        this.dns = services.recorded(resolver);
        this.https = new GuardedHttpsClient(dns, settings.https());
        this.fetcher = new PolicyFetcher(https, settings.sts().port(), settings.sts().fetchTimeout());
        this.database = database;
        this.badPlace = settings.sts().database().flatMap(DatabaseAddress::objection);
        this.store = database.<PolicyStore>map(SqlPolicyStore::new).orElseGet(MemoryPolicyStore::new);
        this.rules = Rules.open(settings.rules(), database, clock);
        this.servers = new LiveServers(database);
        this.policies = new StsPolicies(dns, fetcher, store, RefreshSchedule.daily(settings.sts().unusedAfter(), random), warnings, clock);
        this.refresher = new PolicyRefresher(policies);
        this.connector = new SmtpConnector(settings.smtp());
        this.resources = new OutboundResources(connector, settings.sessions().reuse(), settings.delivery().limits().perDestination(),
            settings.delivery().limits().deliveries(), settings.delivery().limits().mailsInHand() / 2);
        this.held = new HeldMails(settings.delivery().queue(), services.serverName(), database.map(HeldStore::new), clock);
        this.ownDomains = database.map(tables ->
            new OwnDomainChecks(settings.own(), strictSender(), new OwnDomainStore(tables), clock, random));
    }

    /** @throws ConfigurationException naming every parameter that is not allowed, can't be used or is unknown */
    public static Outbound open(Parameters parameters, Services services, TlsOutcomes outcomes, Clock clock)
            throws ConfigurationException {
        OutboundSettings settings = OutboundSettings.of(parameters, services, clock);
        try {
            CertificateCheck certificates = settings.https().trustStore().isPresent()
                ? CertificateCheck.trusting(settings.https().trustStore().get()) : CertificateCheck.trustingJvm();
            Optional<Database> database = settings.sts().database().flatMap(address -> services.open(address, clock));
            return new Outbound(settings, certificates, database, services, outcomes, clock);
        } catch (Database.Refused e) {
            throw parameters.refusal("database", DatabaseAddress.ALLOWED + "; " + e.getMessage());
        } catch (GeneralSecurityException e) {
            throw new ConfigurationException("the certificate authorities to trust can't be read: " + e.getMessage(), e);
        }
    }

    public OutboundSettings settings() {
        return settings;
    }

    /** Starts the deliveries from the queue and the refresh of policies. */
    QueueWorker work(MailQueue queue, MailetContext context) {
        DeliverySettings how = settings.delivery();
        Delivery delivery = new Delivery(lookups(), certificates, resources, settings.https().guard(), how.smtpPort(),
            new Delivery.Recording(outcomes, services.metrics(), clock));
        Router router = how.gateways().map(gateways -> Router.viaGateways(delivery, gateways, random))
            .orElseGet(() -> Router.byMx(delivery, how.retries().missingDomain()));
        refresher.start();
        rules.start();
        servers.start();
        resources.shareRuleLimitsWith(servers::count);
        publish();
        QueueWorker.Notices notices = new QueueWorker.Notices(context, how.processors().bounce(), how.processors().success(),
            new ReportMails(outcomes, clock), how.processors().delay(), held, clock);
        WaitingPlace waiting = WaitingPlaces.of(queue, settings, database, services);
        place = Optional.of(waiting);
        QueueWorker worker = new QueueWorker(waiting, router, how.retries().schedule(), notices, resources, how.limits().mailsInHand());
        held.requests().carriedOutBy(domain -> retryNow(domain, worker));
        held.start(worker::waitingForPlace);
        ownDomains.ifPresent(OwnDomainChecks::start);
        return worker;
    }

    private void retryNow(DomainName domain, QueueWorker worker) {
        try {
            policies.fetchNow(domain);
        } catch (RuntimeException | Error e) {
            LOGGER.warn("The policy of {} was not fetched again", domain, e);
        }
        worker.dueNow(Optional.of(domain));
    }

    /** Where mails wait; empty before deliveries start. */
    public Optional<WaitingPlace> place() {
        return place;
    }

    /** The list of mails that wait. */
    public HeldMails held() {
        return held;
    }

    /** The daily checks of own domains; empty without a database. */
    public Optional<OwnDomainChecks> ownDomains() {
        return ownDomains;
    }

    /** Looks at domains as a strict sender does, through the network of this delivery and without what it has stored. */
    public StrictSender strictSender() {
        return new StrictSender(new StrictSender.Network(dns, https, certificates, settings.https().guard()), new StrictSender.Settings(
            settings.smtp(), settings.sessions().families(), settings.delivery().smtpPort(), settings.sts()), clock);
    }

    void publish() {
        services.gauge("mtastsDnssec", () -> resolver.dnssec().gauge());
        services.gauge("mtastsPoolIdleSessions", resources.sessions()::size);
        services.gauge("mtastsPoliciesNotRefreshable", () -> warnings.unrefreshable().size());
        services.gauge("mtastsPolicyWeakenings", warnings::weakenings);
        services.gauge("mtastsPolicyLapses", warnings::lapses);
        services.gauge("mtastsRulesInPlaceOfPolicies", rules::exceptions);
        services.gauge("mtastsOwnDomainProblems", () -> ownDomains.map(OwnDomainChecks::problemCount).orElse(0));
        services.gauge("mtastsPoliciesUnsaved", () -> policies.storeHealth().unsaved());
        held.publish(services::gauge);
    }

    /**
     * Runs deliveries without a mail.
     *
     * @return the result for the MX hosts of the domain; with gateways, one for each gateway
     */
    public List<DryRunResult> explain(DomainName domain, SenderTlsRequest request, DryRun.Connecting connecting) {
        return explain(domain, request, connecting, (host, address) -> SessionListener.none());
    }

    /**
     * Runs deliveries without a mail and with listeners.
     *
     * @param listeners are told what is said in each session
     */
    public List<DryRunResult> explain(DomainName domain, SenderTlsRequest request, DryRun.Connecting connecting,
                                      SessionListener.Factory listeners) {
        SmtpSettings smtp = settings.smtp().withReadTimeout(DRY_RUN_TIMEOUT);
        try (SmtpConnector own = new SmtpConnector(smtp, listeners);
             OutboundResources resourcesOfRun = new OutboundResources(own, ReuseLimits.none(), 1, 1)) {
            Optional<Gateways> gateways = settings.delivery().gateways();
            if (gateways.isEmpty()) {
                return List.of(dryRun(resourcesOfRun, connecting).run(domain, request));
            }
            List<DryRunResult> results = new ArrayList<>();
            for (MxHost gateway : gateways.get().hosts()) {
                results.add(dryRun(resourcesOfRun, connecting).run(gateway, gateways.get(), request));
            }
            return results;
        }
    }

    /** Whose policies apply to mail for that domain: its own, or those of the gateways (RFC 8461 §3.4). */
    public List<DomainName> policyDomains(DomainName domain) {
        return settings.delivery().gateways()
            .map(gateways -> gateways.hosts().stream().filter(host -> host.address().isEmpty()).map(MxHost::name).toList())
            .orElse(List.of(domain));
    }

    /** The policy that this server has of that domain, expired or not. Never fetches, and never throws for what the store does. */
    public Optional<StoredPolicy> keptPolicy(DomainName domain) {
        return policies.kept(domain);
    }

    private DryRun dryRun(OutboundResources over, DryRun.Connecting connecting) {
        return new DryRun(lookups(), certificates, over, settings.https().guard(), settings.delivery().smtpPort(), clock, connecting);
    }

    private Lookups lookups() {
        return new Lookups(new Destinations(dns, random, OwnAddresses.named(settings.smtp().heloName()),
            new AddressOrder(settings.sessions().families())),
            new HostLookup(dns, new TlsaRecords(dns, settings.policies().dane()), rules), policies);
    }

    /** The store of fetched policies. */
    public PolicyStore policies() {
        return store;
    }

    /** The operator's rules per destination; commands and routes change them by the same methods. */
    public Rules rules() {
        return rules;
    }

    /** Fetches policies without using the store. */
    public PolicyFetcher fetcher() {
        return fetcher;
    }

    public Dns dns() {
        return dns;
    }

    /** The DNSSEC state of the resolver. */
    public DnssecState dnssec() {
        return resolver.dnssec();
    }

    /** The present problems for the health check; the first names of each kind. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        String name = settings.smtp().heloName();
        // an address literal needs no dot: [IPv6:2001:db8::1] (RFC 5321 §4.1.3)
        if (!name.contains(".") && !name.startsWith("[")) {
            problems.add("the name in EHLO, '" + name + "', has no dot, and many servers refuse such names: set the parameter heloName to"
                + " this server's name in DNS");
        }
        badPlace.ifPresent(problems::add);
        resolver.dnssec().trouble().ifPresent(problems::add);
        warnings.problem().ifPresent(problems::add);
        StoreHealth health = policies.storeHealth();
        health.outOfOrderSince().ifPresent(since ->
            problems.add("the database of policies fails since " + since + ": " + health.why()));
        problems.addAll(rules.problems());
        ownDomains.ifPresent(checks -> problems.addAll(checks.problems()));
        return problems;
    }

    @Override
    public void close() {
        AllSteps.run(LOGGER, SecureRemoteDelivery.NAME, () -> ownDomains.ifPresent(OwnDomainChecks::close), refresher::close, rules::close,
            servers::close, resources::close, connector::close, https::close, policies::settle, held::close,
            () -> database.ifPresent(Database::close));
    }
}
