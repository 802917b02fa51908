package jamestls.mtasts.check;

import jamestls.dns.AddressGuard;
import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsRequest;
import jamestls.https.HttpsResult;
import jamestls.mtasts.check.DomainView.Destination;
import jamestls.mtasts.check.DomainView.Destination.State;
import jamestls.mtasts.check.DomainView.Fetch;
import jamestls.mtasts.check.DomainView.TxtRecords;
import jamestls.mtasts.dane.DaneScope;
import jamestls.mtasts.dane.TlsaRecords;
import jamestls.mtasts.delivery.DryRun;
import jamestls.mtasts.delivery.DryRunResult;
import jamestls.mtasts.delivery.HostLookup;
import jamestls.mtasts.delivery.Lookups;
import jamestls.mtasts.delivery.OutboundResources;
import jamestls.mtasts.mx.AddressOrder;
import jamestls.mtasts.mx.AddressOrder.Families;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.mx.OwnAddresses;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.policy.RuleSettings;
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.sts.MemoryPolicyStore;
import jamestls.mtasts.sts.PolicyFetcher;
import jamestls.mtasts.sts.RefreshSchedule;
import jamestls.mtasts.sts.StsPolicies;
import jamestls.mtasts.sts.StsRecord;
import jamestls.mtasts.sts.StsSettings;
import jamestls.mtasts.sts.StsWarnings;
import jamestls.net.Sanitized;
import jamestls.rua.Address;
import jamestls.rua.Rua;
import jamestls.rua.RuaRecord;
import jamestls.smtp.Envelope;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnector;
import jamestls.smtp.SmtpSettings;
import jamestls.smtp.Transmission;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;

/**
 * Looks at a domain as a strict sender does that has never heard of it: MTA-STS record and policy, every MX host with DANE and STARTTLS,
 * and where its TLS reports go. Uses the code of deliveries, without this server's stored policies, rules, gateways and own names. Sends
 * no mail. One look takes {@link #LIMIT} at most; thread-safe.
 */
public final class StrictSender {

    /** The limit of one look; what was not seen by then counts as not answered. */
    public static final Duration LIMIT = Duration.ofMinutes(3);
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration READ = Duration.ofSeconds(20);
    private static final Duration HTTPS = Duration.ofSeconds(20);
    private static final int MAX_BODY = 65_536;
    private static final int MAX_DESTINATIONS = 5;
    private static final int MAX_TEXT = 300;

    private final Network network;
    private final Settings settings;
    private final Clock clock;
    private final Duration limit;
    private final RandomGenerator random = RandomGenerator.of("SecureRandom");

    /**
     * What a look goes through.
     *
     * @param guard the addresses of MX hosts that may be connected to
     */
    public record Network(Dns dns, GuardedHttpsClient https, CertificateCheck certificates, AddressGuard guard) {
    }

    /**
     * How a look is done.
     *
     * @param smtpPort the port of MX hosts; only tests use another than 25
     */
    public record Settings(SmtpSettings smtp, Families families, int smtpPort, StsSettings sts) {
    }

    public StrictSender(Network network, Settings settings, Clock clock) {
        this(network, settings, clock, LIMIT);
    }

    StrictSender(Network network, Settings settings, Clock clock, Duration limit) {
        this.network = network;
        this.settings = settings;
        this.clock = clock;
        this.limit = limit;
    }

    /** Judges certificates as the look does. */
    public CertificateCheck certificates() {
        return network.certificates;
    }

    /**
     * Looks at a domain.
     *
     * @param hosts the MX hosts to look at instead of those in DNS; empty for those in DNS
     */
    public DomainView look(DomainName domain, List<DomainName> hosts) {
        CountDownLatch over = new CountDownLatch(1);
        SmtpSettings smtp = settings.smtp.withReadTimeout(READ).withLimit(Phase.CONNECT, CONNECT);
        try (SmtpConnector connector = new SmtpConnector(smtp);
             OutboundResources resources = new OutboundResources(connector, ReuseLimits.none(), 1, 1)) {
            BoundedDns dns = new BoundedDns(network.dns, domain, hosts, limit);
            Thread.ofVirtual().name("check-limit").start(() -> stopAtLimit(connector, over));
            TxtRecords sts = texts(dns, domain, "_mta-sts");
            Optional<Fetch> policy = StsRecord.of(sts.texts()) instanceof StsRecord.Valid ? Optional.of(fetch(domain)) : Optional.empty();
            // without the policy, so that hosts which it does not list are looked at, too
            DryRunResult mail = dryRun(dns.withoutPolicies(), resources).run(domain, SenderTlsRequest.AS_POLICY_SAYS);
            TxtRecords reports = texts(dns, domain, "_smtp._tls");
            List<Destination> destinations = new ArrayList<>();
            if (RuaRecord.select(reports.texts()) instanceof RuaRecord.Found found) {
                found.record().destinations().stream().limit(MAX_DESTINATIONS)
                    .forEach(rua -> destinations.add(ask(rua, dns.withoutPolicies(), resources)));
            }
            return new DomainView(domain, clock.instant(), sts, policy, mail, reports, destinations);
        } finally {
            over.countDown();
        }
    }

    private void stopAtLimit(SmtpConnector connector, CountDownLatch over) {
        try {
            if (!over.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                connector.stopOpening();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private DryRun dryRun(Dns dns, OutboundResources resources) {
        PolicyFetcher fetcher = new PolicyFetcher(network.https, settings.sts.port(), settings.sts.fetchTimeout());
        StsPolicies policies = new StsPolicies(dns, fetcher, new MemoryPolicyStore(), RefreshSchedule.daily(random), new StsWarnings(),
            clock);
        Lookups lookups = new Lookups(new Destinations(dns, random, OwnAddresses.unknown(), new AddressOrder(settings.families)),
            new HostLookup(dns, new TlsaRecords(dns, DaneScope.ANY_MX), Rules.of(RuleSettings.none(), clock)), policies);
        return new DryRun(lookups, network.certificates, resources, network.guard, settings.smtpPort, clock, DryRun.Connecting.YES);
    }

    private Fetch fetch(DomainName domain) {
        AtomicReference<HttpsResult> seen = new AtomicReference<>();
        PolicyFetcher fetcher = new PolicyFetcher(request -> {
            seen.set(network.https.exchange(request));
            return seen.get();
        }, settings.sts.port(), settings.sts.fetchTimeout());
        PolicyFetcher.FetchResult result = fetcher.fetch(domain);
        return new Fetch(result, seen.get() instanceof HttpsResult.Answer answer ? answer.certificate() : Optional.empty());
    }

    private static TxtRecords texts(Dns dns, DomainName domain, String labels) {
        Optional<DomainName> name = DomainName.parse(labels + "." + domain);
        if (name.isEmpty()) {
            return new TxtRecords(List.of(), Optional.empty());
        }
        return switch (dns.txt(name.get())) {
            case DnsAnswer.Found<String> found -> new TxtRecords(found.records(), Optional.empty());
            case DnsAnswer.Absent<String> absent -> new TxtRecords(List.of(), Optional.empty());
            case DnsAnswer.Bogus<String> bogus -> new TxtRecords(List.of(), Optional.of(new TxtRecords.Failure(
                text(DnsAnswer.withQuestion("TXT of " + name.get(), bogus.reason())), true)));
            case DnsAnswer.Failed<String> failed -> new TxtRecords(List.of(), Optional.of(new TxtRecords.Failure(
                text(DnsAnswer.withQuestion("TXT of " + name.get(), failed.reason())), false)));
        };
    }

    private Destination ask(Rua rua, Dns dns, OutboundResources resources) {
        try {
            return switch (rua) {
                case Rua.Mailto mailto -> askForMailbox(mailto, dns, resources);
                case Rua.Https https -> askForWeb(https);
                case Rua.Unusable unusable -> new Destination(rua, State.REFUSES, text(unusable.reason()));
            };
        } catch (RuntimeException e) {
            return new Destination(rua, State.UNKNOWN, text(String.valueOf(e.getMessage())));
        }
    }

    private Destination askForMailbox(Rua.Mailto mailto, Dns dns, OutboundResources resources) {
        Envelope envelope = new Envelope(Optional.empty(), List.of(mailto.address()), Envelope.BodyType.SEVEN_BIT, OptionalLong.empty(),
            Envelope.RequireTls.NO);
        // a mail that waives TLS needs no policy
        Optional<Transmission> answer = dryRun(dns, resources).ask(Address.domainOf(mailto.address()), envelope);
        return switch (answer.orElse(null)) {
            case null -> new Destination(mailto, State.UNKNOWN,
                "no mail host of " + Address.domainOf(mailto.address()) + " could be asked");
            case Transmission.Completed completed when completed.recipients().getFirst().reply().isPositive() ->
                new Destination(mailto, State.TAKES, text(completed.recipients().getFirst().reply().toString()));
            case Transmission.Completed completed -> new Destination(mailto,
                completed.recipients().getFirst().reply().isPermanent() ? State.REFUSES : State.UNKNOWN,
                text(completed.recipients().getFirst().reply().toString()));
            // the refusal is for the sender that asks, and says nothing of the address
            case Transmission.Refused refused -> new Destination(mailto, State.UNKNOWN, text("MAIL: " + refused.reply()));
            case Transmission.Broken broken -> new Destination(mailto, State.UNKNOWN, text(broken.failure().detail()));
            case Transmission.Unsendable unsendable -> new Destination(mailto, State.REFUSES, text(unsendable.detail()));
            case Transmission.Unreadable unreadable -> throw new IllegalStateException("nothing was sent");
        };
    }

    private Destination askForWeb(Rua.Https https) {
        return switch (network.https.exchange(HttpsRequest.get(https.location(), HTTPS, MAX_BODY))) {
            case HttpsResult.Answer answer when answer.status() < 500 ->
                // a server that takes POST only may say anything to GET
                new Destination(https, State.TAKES, "HTTP " + answer.status());
            case HttpsResult.Answer answer -> new Destination(https, State.UNKNOWN, "HTTP " + answer.status());
            case HttpsResult.Failure failure -> new Destination(https, State.UNKNOWN, text(failure.detail()));
        };
    }

    private static String text(String stranger) {
        return Sanitized.line(stranger, MAX_TEXT);
    }
}
