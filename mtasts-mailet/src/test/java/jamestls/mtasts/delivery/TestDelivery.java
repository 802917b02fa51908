package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsSettings.DnssecMode;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.dns.TrustAnchors;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.SettableClock;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.SmtpServerSetup;
import jamestls.fakeinternet.TestCa;
import jamestls.fakeinternet.Zone;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.dane.DaneScope;
import jamestls.mtasts.dane.TlsaRecords;
import jamestls.mtasts.delivery.OutboundMail.Retry;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.mx.OwnAddresses;
import jamestls.mtasts.policy.CertificateCheck;
import jamestls.mtasts.policy.RuleGrammar;
import jamestls.mtasts.policy.RuleSettings;
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.sts.MemoryPolicyStore;
import jamestls.mtasts.sts.PolicyFetcher;
import jamestls.mtasts.sts.RefreshSchedule;
import jamestls.mtasts.sts.StsPolicies;
import jamestls.mtasts.sts.StsWarnings;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcomeSink;
import jamestls.smtp.ReuseLimits;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnector;
import jamestls.smtp.SmtpSettings;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.apache.james.core.MailAddress;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.apache.mailet.Mail;

/** A delivery with everything it uses, and the fake internet it delivers to. */
public final class TestDelivery implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    public final TestCa ca = TestCa.create("Fake Root");
    public final DnsServer dns;
    public final PolicyHost policyHost = PolicyHost.start();
    final RecordingMetricFactory metrics = new RecordingMetricFactory();
    final List<TlsOutcome> outcomes = new CopyOnWriteArrayList<>();
    public TlsOutcomeSink sink = outcomes::addAll;

    /** The operator's, as in the parameter {@code tlsPolicies}. */
    String tlsPolicies = "";
    /** Until when policies are only observed. */
    Optional<Instant> observeUntil = Optional.empty();
    /** Tells when rules end. */
    Clock ruleClock = Clock.systemUTC();

    private final List<SmtpServer> servers = new ArrayList<>();
    private final GuardedHttpsClient https;
    /** The time by which policies age. */
    final SettableClock policyClock = new SettableClock(Instant.now());

    private final SmtpConnector connector;
    private final ReuseLimits reuse;
    private final OutboundResources resources;
    private final List<OutboundResources> others = new ArrayList<>();
    private final StsPolicies policies;
    private final DnsjavaDns resolver;
    private int smtpPort;

    public TestDelivery() throws GeneralSecurityException {
        this(ReuseLimits.none());
    }

    TestDelivery(ReuseLimits reuse) throws GeneralSecurityException {
        this(reuse, PATIENCE);
    }

    /** For servers that are slow on purpose: the longest wait for one of their answers. */
    TestDelivery(Duration readTimeout) throws GeneralSecurityException {
        this(ReuseLimits.none(), readTimeout);
    }

    TestDelivery(ReuseLimits reuse, Duration readTimeout) throws GeneralSecurityException {
        this(reuse, readTimeout, DnsServer.start(new Zone().ttl(0)), settings -> settings);
    }

    /** On an internet with signed zones, all of whose answers are validated. */
    static TestDelivery over(DnsTree tree) throws GeneralSecurityException, IOException {
        TrustAnchors anchors = TrustAnchors.read(new ByteArrayInputStream(tree.trustAnchorBytes()));
        return new TestDelivery(ReuseLimits.none(), PATIENCE, DnsServer.start(tree),
            settings -> settings.with(DnssecMode.VALIDATE, anchors));
    }

    private TestDelivery(ReuseLimits reuse, Duration readTimeout, DnsServer dns, UnaryOperator<DnsSettings> dnssec)
            throws GeneralSecurityException {
        this.dns = dns;
        resolver = new DnsjavaDns(dnssec.apply(DnsSettings.of(List.of(dns.address()))));
        https = new GuardedHttpsClient(resolver, new HttpsSettings(Optional.of(ca.trustStore()), AddressGuard.anywhere()));
        policies = new StsPolicies(resolver, new PolicyFetcher(https, policyHost.port()), new MemoryPolicyStore(),
            RefreshSchedule.daily(new Random(1)), new StsWarnings(), policyClock);
        connector = new SmtpConnector(SmtpSettings.defaults("sender.example")
            .withReadTimeout(readTimeout).withLimit(Phase.FINAL_REPLY, readTimeout).withLimit(Phase.QUIT, Duration.ofMillis(500)));
        this.reuse = reuse;
        resources = new OutboundResources(connector, reuse, 20, 256);
    }

    /** Publishes record and policy for the domain. */
    TestDelivery policy(String domain, String mode, String... mx) {
        StringBuilder text = new StringBuilder("version: STSv1\nmode: ").append(mode).append("\nmax_age: 86400\n");
        for (String pattern : mx) {
            text.append("mx: ").append(pattern).append('\n');
        }
        dns.zone().txt("_mta-sts." + domain, "v=STSv1; id=1").a("mta-sts." + domain, "127.0.0.1");
        policyHost.serve("mta-sts." + domain, ca.issue("mta-sts." + domain), HttpAnswer.policy(text.toString()));
        return this;
    }

    /** Starts a mail server at an address of its own, on the port all of them share, and makes it an MX of the domain. */
    SmtpServer mx(String domain, int preference, String host, UnaryOperator<SmtpServerSetup> setup) {
        String ip = "127.0.0." + (11 + servers.size());
        SmtpServerSetup here = setup.apply(SmtpServer.named(host).on(ip));
        SmtpServer server = (smtpPort == 0 ? here : here.port(smtpPort)).start();
        smtpPort = server.port();
        servers.add(server);
        dns.zone().mx(domain, preference, host).a(host, ip);
        return server;
    }

    /** Makes a server that is not ours an MX of the domain. */
    TestDelivery foreignMx(String domain, String host, String ip, int port) {
        smtpPort = port;
        dns.zone().mx(domain, 10, host).a(host, ip);
        return this;
    }

    /** Of all mail servers; there must be one. */
    int smtpPort() {
        return smtpPort;
    }

    public SmtpServer goodMx(String domain) {
        return mx(domain, 10, "mx." + domain, setup -> setup.identity(ca.issue("mx." + domain)));
    }

    SmtpServer mx(String domain, Identity identity) {
        return mx(domain, 10, "mx." + domain, setup -> setup.identity(identity));
    }

    /** Starts a mail server that is in no DNS zone but for its address. */
    SmtpServer gateway(String host, UnaryOperator<SmtpServerSetup> setup) {
        String ip = "127.0.0." + (11 + servers.size());
        SmtpServer server = setup.apply(SmtpServer.named(host).on(ip)).start();
        servers.add(server);
        dns.zone().a(host, ip);
        return server;
    }

    /** One attempt for a mail as James's queue hands it out. */
    DeliveryResult dispatch(Mail mail) throws Exception {
        return Router.byMx(delivery(resources, AddressGuard.anywhere()), 0).attempt(mail, Retry.YES);
    }

    /** Likewise, with gateways. */
    DeliveryResult dispatch(Mail mail, Gateways gateways) throws Exception {
        return Router.viaGateways(delivery(resources, AddressGuard.publicOnly()), gateways, new Random(1)).attempt(mail, Retry.YES);
    }

    /** Likewise, for a server that knows itself. */
    DeliveryResult dispatch(Mail mail, OwnAddresses itself, int dnsRetries) throws Exception {
        return Router.byMx(delivery(resources, AddressGuard.anywhere(), itself), dnsRetries).attempt(mail, Retry.YES);
    }

    public DeliveryResult deliver(String domain) throws Exception {
        return deliver(domain, SenderTlsRequest.AS_POLICY_SAYS, OutboundMail.Reporting.COUNTED, "bob@" + domain);
    }

    DeliveryResult deliver(String domain, SenderTlsRequest request, OutboundMail.Reporting reporting, String... recipients)
            throws Exception {
        return deliver(domain, AddressGuard.anywhere(), request, reporting, recipients);
    }

    DeliveryResult deliver(String domain, AddressGuard guard, SenderTlsRequest request, OutboundMail.Reporting reporting,
                           String... recipients) throws Exception {
        Delivery delivery = delivery(resources, guard);
        List<MailAddress> addresses = new ArrayList<>();
        for (String recipient : recipients) {
            addresses.add(new MailAddress(recipient));
        }
        return delivery.deliver(new OutboundMail("Mail1", DomainName.of(domain), Optional.of(new MailAddress("alice@sender.example")),
            addresses, request, reporting, message()));
    }

    /** Separate resources with that limit per destination. */
    OutboundResources resources(int perDestination) {
        OutboundResources own = new OutboundResources(connector, reuse, perDestination, 256);
        others.add(own);
        return own;
    }

    Delivery delivery(OutboundResources over) throws GeneralSecurityException {
        return delivery(over, AddressGuard.anywhere());
    }

    private Delivery delivery(OutboundResources over, AddressGuard guard) throws GeneralSecurityException {
        return delivery(over, guard, OwnAddresses.unknown());
    }

    private Delivery delivery(OutboundResources over, AddressGuard guard, OwnAddresses itself) throws GeneralSecurityException {
        return new Delivery(new Lookups(new Destinations(resolver, new Random(1), itself),
            new HostLookup(resolver, new TlsaRecords(resolver, DaneScope.ANY_MX), rules()), policies),
            CertificateCheck.trusting(ca.trustStore()), over, guard, smtpPort == 0 ? 2525 : smtpPort,
            new Delivery.Recording(recorded -> sink.record(recorded), DeliveryMetrics.of(metrics), Clock.systemUTC()));
    }

    private Rules rules() {
        RuleGrammar.Parsed parsed = RuleGrammar.rules(tlsPolicies, ruleClock.instant(), List.of());
        assertThat(parsed.mistakes()).isEmpty();
        return Rules.of(new RuleSettings(parsed.rules(), observeUntil), ruleClock);
    }

    static MimeMessage message() throws MessagingException {
        return new MimeMessage(Session.getInstance(new Properties()),
            new ByteArrayInputStream("Subject: hi\r\n\r\nhello\r\n".getBytes(StandardCharsets.US_ASCII)));
    }

    /** Every server that stalls goes on. */
    void release() {
        servers.forEach(SmtpServer::release);
    }

    /** Connections that are still open at any of the servers. */
    int openConnections() {
        return servers.stream().mapToInt(SmtpServer::openConnections).sum();
    }

    @Override
    public void close() {
        resources.close();
        others.forEach(OutboundResources::close);
        connector.close();
        https.close();
        servers.forEach(SmtpServer::close);
        policyHost.close();
        dns.close();
    }
}
