package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.dns.Security;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.FakeDns;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.dane.DaneScope;
import jamestls.mtasts.dane.TlsaRecords;
import jamestls.mtasts.mx.Destination;
import jamestls.mtasts.mx.Destinations;
import jamestls.mtasts.mx.MxHost;
import jamestls.mtasts.policy.RuleSettings;
import jamestls.mtasts.policy.Rules;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.mtasts.sts.MemoryPolicyStore;
import jamestls.mtasts.sts.PolicyFetcher;
import jamestls.mtasts.sts.RefreshSchedule;
import jamestls.mtasts.sts.StsLookup;
import jamestls.mtasts.sts.StsPolicies;
import jamestls.mtasts.sts.StsWarnings;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which look-ups begin before the one that leads to them is over. */
class LookupsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** Longer than any test may take. */
    private static final Duration QUERY_TIMEOUT = Duration.ofMinutes(2);
    private static final DomainName DOMAIN = DomainName.of("user.example");
    private static final DomainName HOST = DomainName.of("mx.user.example");

    private final DnsServer server = DnsServer.start();
    private final DnsjavaDns dns = new DnsjavaDns(
        DnsSettings.of(List.of(server.address())).within(QUERY_TIMEOUT, QUERY_TIMEOUT, 64, 1000));
    private final GuardedHttpsClient https = new GuardedHttpsClient(dns, new HttpsSettings(Optional.empty(), AddressGuard.anywhere()));
    private final StsPolicies policies = new StsPolicies(dns, new PolicyFetcher(https, PolicyFetcher.HTTPS_PORT), new MemoryPolicyStore(),
        RefreshSchedule.daily(new Random(1)), new StsWarnings(), Clock.systemUTC());
    private final Lookups lookups = new Lookups(new Destinations(dns, new Random(1)),
        new HostLookup(dns, new TlsaRecords(dns, DaneScope.ANY_MX), Rules.of(RuleSettings.none(), Clock.systemUTC())), policies);

    @AfterEach
    void stop() {
        https.close();
        server.close();
    }

    @Test
    void policyRecordAndPolicyHostShouldBeLookedUpBesideTheMxRecords() {
        server.zone().txt("_mta-sts.user.example", "v=STSv1; id=1").a("mta-sts.user.example", "192.0.2.1");
        server.faults().set("user.example", "MX", DnsFault.TIMEOUT);

        Thread.ofVirtual().start(() -> lookups.destination(mail(), 25));

        awaitQuery("_mta-sts.user.example", "TXT");
        awaitQuery("mta-sts.user.example", "A");
    }

    @Test
    void addressesOfTheFirstHostShouldBeLookedUpBesideThePolicy() {
        server.zone().mx("user.example", 10, "mx.user.example").mx("user.example", 20, "mx2.user.example");
        server.faults().set("_mta-sts.user.example", "TXT", DnsFault.TIMEOUT);

        assertThat(lookups.destination(mail(), 25)).isInstanceOf(Destination.Hosts.class);

        awaitQuery("mx.user.example", "A");
        awaitQuery("mx.user.example", "AAAA");
        assertThat(server.queries("mx2.user.example", "A")).isZero();
    }

    @Test
    void domainWithoutPolicyShouldCostOneQueryForIt() {
        server.zone().mx("user.example", 10, "mx.user.example").a("mx.user.example", "192.0.2.1");

        lookups.destination(mail(), 25);
        assertThat(policies.lookup(DOMAIN)).isInstanceOf(StsLookup.NoPolicy.class);

        assertThat(server.queries()).extracting(query -> query.type() + " " + query.name())
            .containsOnlyOnce("TXT _mta-sts.user.example").doesNotContain("A mta-sts.user.example", "AAAA mta-sts.user.example");
    }

    @Test
    void tlsaRecordsShouldBeLookedUpBesideTheAddresses() {
        assertThat(prefetched(DaneScope.ANY_MX, Security.INSECURE, new MxHost(HOST, 10), SenderTlsRequest.AS_POLICY_SAYS))
            .containsExactly("ADDRESSES mx.user.example", "TLSA _25._tcp.mx.user.example");
    }

    @Test
    void tlsaRecordsThatAreNotUsedShouldNotBeLookedUp() {
        MxHost host = new MxHost(HOST, 10);

        assertThat(prefetched(DaneScope.OFF, Security.SECURE, host, SenderTlsRequest.AS_POLICY_SAYS))
            .containsExactly("ADDRESSES mx.user.example");
        assertThat(prefetched(DaneScope.SECURE_MX, Security.INSECURE, host, SenderTlsRequest.AS_POLICY_SAYS))
            .containsExactly("ADDRESSES mx.user.example");
        assertThat(prefetched(DaneScope.ANY_MX, Security.SECURE, host, SenderTlsRequest.WAIVED))
            .containsExactly("ADDRESSES mx.user.example");
        assertThat(prefetched(DaneScope.ANY_MX, Security.SECURE, MxHost.at(IpLiteral.parse("192.0.2.1").orElseThrow()),
            SenderTlsRequest.AS_POLICY_SAYS)).isEmpty();
    }

    private static List<String> prefetched(DaneScope scope, Security mx, MxHost host, SenderTlsRequest request) {
        FakeDns fake = new FakeDns();
        new HostLookup(fake, new TlsaRecords(fake, scope), Rules.of(RuleSettings.none(), Clock.systemUTC()))
            .prefetch(DOMAIN, new Destination.Hosts(List.of(host), mx), host, 25, request);
        return fake.prefetched();
    }

    private static OutboundMail mail() {
        return new OutboundMail("Mail1", DOMAIN, Optional.empty(), List.of(), SenderTlsRequest.AS_POLICY_SAYS,
            OutboundMail.Reporting.NOT_COUNTED, null);
    }

    private void awaitQuery(String name, String type) {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(server.queries(name, type)).isEqualTo(1));
    }
}
