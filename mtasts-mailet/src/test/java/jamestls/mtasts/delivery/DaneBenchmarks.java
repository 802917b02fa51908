package jamestls.mtasts.delivery;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsSettings.DnssecMode;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.dns.TrustAnchors;
import jamestls.fakeinternet.CertificateBuilder;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.Zone;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.dane.DaneScope;
import jamestls.mtasts.dane.DaneVerifier;
import jamestls.mtasts.dane.Tlsa;
import jamestls.mtasts.dane.TlsaRecords;
import jamestls.mtasts.dane.TlsaSet;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.RuleSettings;
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.policy.TlsDemand;
import jamestls.mtasts.sts.MemoryPolicyStore;
import jamestls.mtasts.sts.PolicyFetcher;
import jamestls.mtasts.sts.RefreshSchedule;
import jamestls.mtasts.sts.StoredPolicy;
import jamestls.mtasts.sts.StsPolicies;
import jamestls.mtasts.sts.StsPolicy;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.mtasts.sts.StsWarnings;
import jamestls.outcome.Violation;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** What DANE costs a delivery to a host that is known (JMH): nothing goes over a socket, all is in memory. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 6, time = 1)
public class DaneBenchmarks {

    private static final String HOST = "mx.good.example";
    private static final int PORT = 25;
    private static final String POLICY = "version: STSv1\nmode: enforce\nmx: " + HOST + "\nmax_age: 86400\n";

    private final DomainName domain = DomainName.of("good.example");
    private final X509Certificate certificate = CertificateBuilder.server(HOST).selfSigned().certificate();
    private final List<X509Certificate> chain = List.of(certificate);
    private final TlsaSet records = Tlsa.set(List.of(Tlsa.of(3, 1, 1, certificate)), HOST);
    private final Instant now = Instant.now();
    private DnsServer server;
    private GuardedHttpsClient https;
    private StsPolicies policies;
    private Destinations destinations;
    private Destination.Hosts hosts;
    private HostLookup planner;

    /** A signed domain with both address families, a record for its only host, and a policy beside it. */
    @Setup
    public void know() throws IOException {
        DnsTree tree = DnsTree.over(new Zone().ttl(86_400).mx("good.example", 10, HOST).a(HOST, "192.0.2.1").aaaa(HOST, "2001:db8::1")
                .tlsa("_25._tcp." + HOST, 3, 1, 1, Tlsa.of(3, 1, 1, certificate).data()).txt("_mta-sts.good.example", "v=STSv1; id=1"))
            .signed(".", Signing.with(Signing.Algorithm.RSA)).signed("good.example", Signing.with(Signing.Algorithm.ECDSA));
        server = DnsServer.start(tree);
        DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(server.address()))
            .with(DnssecMode.VALIDATE, TrustAnchors.read(new ByteArrayInputStream(tree.trustAnchorBytes()))));
        https = new GuardedHttpsClient(dns, new HttpsSettings(Optional.empty(), AddressGuard.publicOnly()));
        MemoryPolicyStore store = new MemoryPolicyStore();
        StsPolicy policy = ((ParsedPolicy.Valid) StsPolicy.parse(POLICY.getBytes(StandardCharsets.US_ASCII))).policy();
        store.save(new StoredPolicy(domain, "1", policy,
            new StoredPolicy.Times(now, now, now, now.plus(Duration.ofHours(12))), Optional.empty()));
        policies = new StsPolicies(dns, new PolicyFetcher(https, PolicyFetcher.HTTPS_PORT), store, RefreshSchedule.daily(new Random(1)),
            new StsWarnings(), Clock.systemUTC());
        destinations = new Destinations(dns, new Random(1));
        hosts = (Destination.Hosts) destinations.find(domain);
        planner = new HostLookup(dns, new TlsaRecords(dns, DaneScope.ANY_MX),
            Rules.of(RuleSettings.none(), Clock.systemUTC()));
        if (!(warmDecision() instanceof TlsDemand.Dane) || !match().isEmpty()) {
            throw new IllegalStateException("no DANE: " + warmDecision() + match());
        }
    }

    @TearDown
    public void close() {
        https.close();
        server.close();
    }

    /** Policy, addresses and TLSA records of one host, and the demand that follows. */
    @Benchmark
    public TlsDemand warmDecision() {
        MxHost host = hosts.inOrder().getFirst();
        return planner.plan(domain, hosts, host, PORT, policies.lookup(domain), SenderTlsRequest.AS_POLICY_SAYS).demand();
    }

    /** The same from the MX records on. */
    @Benchmark
    public TlsDemand warmDecisionFromMx() {
        Destination.Hosts found = (Destination.Hosts) destinations.find(domain);
        return planner.plan(domain, found, found.inOrder().getFirst(), PORT, policies.lookup(domain),
            SenderTlsRequest.AS_POLICY_SAYS).demand();
    }

    /** Of a certificate with a 3 1 1 record. */
    @Benchmark
    public List<Violation> match() {
        return DaneVerifier.faults(chain, records, now);
    }
}
