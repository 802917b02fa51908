package jamestls.dns;

import static jamestls.dns.DnssecStatesTest.security;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.Dns.Question;
import jamestls.dns.DnsSettings.DnssecMode;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.DnsTree;
import jamestls.fakeinternet.Signing;
import jamestls.fakeinternet.Signing.Algorithm;
import jamestls.fakeinternet.Zone;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Type;

/**
 * Which queries go out before the answer that leads to them, and which do not. Where a query must be early, the answer before it never
 * comes.
 */
class PrefetchTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** Longer than any test may take. */
    private static final Duration QUERY_TIMEOUT = Duration.ofMinutes(2);
    /** As many signed domains as make the next one below the same zone a probable one. */
    private static final int MOST = 5;

    private final Zone zone = new Zone();
    private final DnsServer server;
    private final DnsjavaDns dns;

    PrefetchTest() {
        DnsTree tree = DnsTree.over(zone).signed(".", Signing.with(Algorithm.ECDSA))
            .signed("example", Signing.with(Algorithm.ECDSA).nsec3()).unsigned("bare").signed("co.example", Signing.with(Algorithm.ECDSA));
        IntStream.range(0, MOST + 2).mapToObj(i -> "d" + i + ".example").forEach(domain -> {
            tree.signed(domain, Signing.with(Algorithm.ECDSA));
            mail(domain);
        });
        for (String domain : List.of("plain.example", "other.example", "a.bare", "b.bare")) {
            tree.unsigned(domain);
            mail(domain);
        }
        tree.signed("deep.co.example", Signing.with(Algorithm.ECDSA));
        mail("deep.co.example");
        server = DnsServer.start(tree);
        try {
            dns = new DnsjavaDns(DnsSettings.of(List.of(server.address())).within(QUERY_TIMEOUT, QUERY_TIMEOUT, 64, 1000)
                .with(DnssecMode.VALIDATE, TrustAnchors.read(new ByteArrayInputStream(tree.trustAnchorBytes()))),
                // nothing expires
                Clock.systemUTC(), () -> 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void delegationShouldBeAskedForBesideTheMxRecords() {
        mx("d0.example");
        server.faults().set("d1.example", "MX", DnsFault.TIMEOUT);

        begin(() -> dns.mx(DomainName.of("d1.example")));

        awaitQuery("d1.example", "DS");
    }

    @Test
    void keysShouldBeAskedForBesideTheMxRecordsWhereMostDomainsAreSigned() {
        lookUpMost();
        server.faults().set("d6.example", "MX", DnsFault.TIMEOUT).set("d6.example", "DS", DnsFault.TIMEOUT);

        begin(() -> dns.mx(DomainName.of("d6.example")));

        awaitQuery("d6.example", "DNSKEY");
    }

    @Test
    void keysShouldBeAskedForOnlyOfSignedDomainsWhereFewAreKnownToBe() {
        mx("d0.example");

        assertThat(security(mx("plain.example"))).isEqualTo(Security.INSECURE);

        assertThat(queries("plain.example")).containsExactlyInAnyOrder("MX", "DS");
    }

    @Test
    void keysShouldBeAskedForBesideTheDelegationOfWhatIsSigned() {
        mx("d0.example");
        server.faults().set("deep.co.example", "DS", DnsFault.TIMEOUT);
        assertThat(security(dns.txt(DomainName.of("co.example")))).isEqualTo(Security.SECURE);

        begin(() -> dns.addresses(DomainName.of("mx.deep.co.example")));

        awaitQuery("deep.co.example", "DNSKEY");
    }

    @Test
    void domainBelowAnUnsignedZoneShouldCostOneQuery() {
        assertThat(security(mx("a.bare"))).isEqualTo(Security.INSECURE);
        int before = server.queries().size();

        assertThat(security(mx("b.bare"))).isEqualTo(Security.INSECURE);

        // one that was begun for the first domain, and not needed in the end, may arrive late
        assertThat(server.queries().subList(before, server.queries().size())).filteredOn(query -> !query.name().equals("a.bare"))
            .singleElement().satisfies(query -> assertThat(query.type()).isEqualTo("MX"));
    }

    @Test
    void queriesInFlightShouldBeShared() {
        lookUpMost();
        int before = server.queries().size();

        DomainName host = DomainName.of("mx.d5.example");
        DomainName owner = host.child("_25._tcp");
        assertThat(security(mx("d5.example"))).isEqualTo(Security.SECURE);
        assertThat(dns.prefetch(Question.ADDRESSES, host)).isTrue();
        dns.prefetch(Question.TLSA, owner);
        assertThat(security(dns.addresses(host))).isEqualTo(Security.SECURE);
        assertThat(security(dns.tlsa(owner))).isEqualTo(Security.SECURE);

        assertThat(server.queries().subList(before, server.queries().size())).extracting(query -> query.type() + " " + query.name())
            .containsExactlyInAnyOrder("MX d5.example", "DS d5.example", "DNSKEY d5.example", "A mx.d5.example", "AAAA mx.d5.example",
                "TLSA _25._tcp.mx.d5.example");
    }

    @Test
    void keysThatNeverComeShouldNotDelayADomainWithoutThem() {
        lookUpMost();
        server.faults().set("plain.example", "DNSKEY", DnsFault.TIMEOUT);

        long start = System.nanoTime();
        assertThat(security(mx("plain.example"))).isEqualTo(Security.INSECURE);

        awaitQuery("plain.example", "DNSKEY");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(QUERY_TIMEOUT);
    }

    @Test
    void keysThatFailShouldNotChangeTheResultOfADomainWithoutThem() {
        lookUpMost();
        server.faults().set("plain.example", "DNSKEY", DnsFault.SERVFAIL);

        assertThat(security(mx("plain.example"))).isEqualTo(Security.INSECURE);
        assertThat(security(dns.addresses(DomainName.of("mx.plain.example")))).isEqualTo(Security.INSECURE);
    }

    @Test
    void tlsaRecordsShouldBeAskedForBesideTheAddressesOfASignedHost() {
        mx("d0.example");
        server.faults().set("mx.d0.example", DnsFault.TIMEOUT);

        assertThat(dns.prefetch(Question.ADDRESSES, DomainName.of("mx.d0.example"))).isTrue();
        dns.prefetch(Question.TLSA, DomainName.of("_25._tcp.mx.d0.example"));

        awaitQuery("_25._tcp.mx.d0.example", "TLSA");
    }

    @Test
    void tlsaRecordsShouldBeAskedForBesideTheKeysOfAnotherZone() {
        mx("d0.example");
        server.faults().set("mx.d1.example", DnsFault.TIMEOUT);

        dns.prefetch(Question.ADDRESSES, DomainName.of("mx.d1.example"));
        dns.prefetch(Question.TLSA, DomainName.of("_25._tcp.mx.d1.example"));

        awaitQuery("_25._tcp.mx.d1.example", "TLSA");
    }

    @Test
    void hostShouldBeSignedOnlyBelowSignedZones() {
        DnskeyCache keys = new DnskeyCache(100, System::nanoTime);
        ZonePrefetch zones = new ZonePrefetch(keys, Zone.name("."));
        StubResolver stub = new StubResolver(DnsSettings.of(List.of(server.address())));

        assertThat(List.of("_25._tcp.mx.d0.example", "d0.example", "mx.deep.co.example", "_25._tcp.mx.plain.example", "mx.a.bare"))
            .filteredOn(name -> zones.isSigned(Zone.name(name), apex -> keys.get(apex, Type.DS, () ->
                stub.ask(apex, Type.DS, System.nanoTime() + PATIENCE.toNanos())).join()))
            .containsExactly("_25._tcp.mx.d0.example", "d0.example");
    }

    @Test
    void answerWithoutALifetimeShouldServeTheOneForWhomItWasBegun() {
        server.zone().ttl(0).txt("_mta-sts.a.bare", "v=STSv1; id=1;");
        DomainName owner = DomainName.of("_mta-sts.a.bare");

        assertThat(dns.prefetch(Question.TXT, owner)).isTrue();
        awaitQuery("_mta-sts.a.bare", "TXT");
        assertThat(dns.prefetch(Question.TXT, owner)).isFalse();
        assertThat(dns.txt(owner)).isInstanceOf(DnsAnswer.Found.class);
        assertThat(server.queries("_mta-sts.a.bare", "TXT")).isEqualTo(1);

        dns.txt(owner);
        assertThat(server.queries("_mta-sts.a.bare", "TXT")).isEqualTo(2);
    }

    private void mail(String domain) {
        zone.mx(domain, 10, "mx." + domain).a("mx." + domain, "127.0.0.2").tlsa("_25._tcp.mx." + domain, 3, 1, 1, new byte[32]);
    }

    private void lookUpMost() {
        IntStream.range(0, MOST).forEach(i -> mx("d" + i + ".example"));
    }

    private DnsAnswer<MxRecord> mx(String domain) {
        return dns.mx(DomainName.of(domain));
    }

    private List<String> queries(String name) {
        return server.queries().stream().filter(query -> query.name().equals(name)).map(query -> query.type()).toList();
    }

    /** On a thread of its own, because it ends only when the test is over. */
    private static void begin(Runnable lookUp) {
        Thread.ofVirtual().start(lookUp);
    }

    private void awaitQuery(String name, String type) {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(server.queries(name, type)).isEqualTo(1));
    }
}
