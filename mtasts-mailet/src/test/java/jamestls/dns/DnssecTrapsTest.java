package jamestls.dns;

import static jamestls.dns.DnssecStatesTest.security;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DnsAnswer.Absent;
import jamestls.dns.DnsAnswer.Bogus;
import jamestls.dns.DnsAnswer.Failed;
import jamestls.dns.DnsAnswer.Found;
import jamestls.dns.DnsSettings.DnssecMode;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsQuery;
import jamestls.fakeinternet.SigningFault;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Name;
import org.xbill.DNS.Type;

/** What a validator built on another library has to mind. */
class DnssecTrapsTest {

    private final SignedZonesFixture zones = new SignedZonesFixture();

    @AfterEach
    void stop() {
        zones.close();
    }

    @ParameterizedTest
    @CsvSource({
        "nsec.example,  nsec3.example, SECURE",
        "nsec.example,  plain.example, INSECURE",
        "plain.example, nsec.example,  INSECURE"})
    void aliasShouldBeAsSecureAsItsWeakestLink(String from, String to, Security expected) {
        zones.zone.cname("alias." + from, "mx." + to);

        DnsAnswer<?> answer = zones.dns.addresses(DomainName.of("alias." + from));

        assertThat(security(answer)).isEqualTo(expected);
        assertThat(answer).isInstanceOfSatisfying(Found.class,
            found -> assertThat(found.canonicalName()).isEqualTo(DomainName.of("mx." + to)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"nsec.example", "plain.example"})
    void aliasToSomethingBogusShouldBeBogus(String from) {
        zones.zone.cname("alias." + from, "mx.nsec3.example");
        zones.tree.fault("mx.nsec3.example", SigningFault.BOGUS_SIGNATURE);

        assertThat(zones.dns.addresses(DomainName.of("alias." + from))).isInstanceOf(Bogus.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nsec.example", "nsec3.example"})
    void chainThatTheResolverLeftUnfinishedShouldBeCompleted(String target) {
        zones.zone.cname("alias.nsec.example", "step." + target).cname("step." + target, "mx." + target);
        zones.server.faults().set("alias.nsec.example", DnsFault.FIRST_CNAME_ONLY).set("step." + target, DnsFault.FIRST_CNAME_ONLY);

        assertThat(security(zones.dns.addresses(DomainName.of("alias.nsec.example")))).isEqualTo(Security.SECURE);
        assertThat(zones.dns.txt(DomainName.of("alias.nsec.example"))).isInstanceOfSatisfying(Absent.class,
            absent -> assertThat(absent.security()).isEqualTo(Security.SECURE));
    }

    @Test
    void secureAliasToNothingShouldBeSecurelyAbsent() {
        zones.zone.cname("alias.nsec.example", "nobody.nsec3.example");

        assertThat(zones.dns.txt(DomainName.of("alias.nsec.example"))).isInstanceOfSatisfying(Absent.class,
            absent -> assertThat(absent.security()).isEqualTo(Security.SECURE));
    }

    @Test
    void answerToAnotherQuestionShouldNotDenyThisOne() {
        zones.zone.cname("decoy.nsec.example", "gone.nsec.example");
        zones.tree.fault("_25._tcp.mx.nsec.example", SigningFault.FOREIGN_ANSWER);

        assertThat(zones.dns.tlsa(DomainName.of("_25._tcp.mx.nsec.example"))).isNotInstanceOfAny(Absent.class, Found.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nsec.example", "nsec3.example"})
    void recordsThatMakeNoSenseShouldBeValidatedOctetForOctet(String domain) {
        String owner = "_26._tcp.mx." + domain;
        zones.zone.tlsa(owner, 3, 1, 1, new byte[32]).tlsa(owner, new byte[] {3, 1, 1}).tlsa(owner, new byte[] {2})
            .tlsa(owner, new byte[0]);

        DnsAnswer<?> answer = zones.dns.tlsa(DomainName.of(owner));

        assertThat(security(answer)).isEqualTo(Security.SECURE);
        assertThat(answer).isInstanceOfSatisfying(Found.class, found -> assertThat(found.records()).hasSize(4));
    }

    @Test
    void recordWithoutDataShouldNotPassUnsigned() {
        String owner = "_26._tcp.mx.nsec.example";
        zones.zone.tlsa(owner, new byte[] {3, 1, 1});
        zones.tree.fault(owner, SigningFault.BOGUS_SIGNATURE);

        assertThat(zones.dns.tlsa(DomainName.of(owner))).isInstanceOf(Bogus.class);
    }

    @Test
    void bogusShouldBeKeptForAMinuteAndThenAskedAgain() {
        DomainName owner = DomainName.of("_25._tcp.mx.nsec.example");
        zones.tree.fault(owner.ascii(), SigningFault.EXPIRED);
        assertThat(zones.dns.tlsa(owner)).isInstanceOf(Bogus.class);
        int asked = zones.server.queries().size();

        zones.tree.heal(owner.ascii());
        zones.pass(Duration.ofSeconds(59));
        assertThat(zones.dns.tlsa(owner)).isInstanceOf(Bogus.class);
        assertThat(zones.server.queries()).hasSize(asked);

        zones.pass(Duration.ofSeconds(1));
        assertThat(security(zones.dns.tlsa(owner))).isEqualTo(Security.SECURE);
    }

    @Test
    void wrongDelegationShouldBeForgottenWithTheBogusAnswer() {
        zones.tree.fault("nsec.example", SigningFault.WRONG_DS);
        assertThat(zones.dns.mx(DomainName.of("nsec.example"))).isInstanceOf(Bogus.class);

        zones.tree.heal("nsec.example");
        zones.pass(Duration.ofMinutes(1));
        assertThat(security(zones.dns.mx(DomainName.of("nsec.example")))).isEqualTo(Security.SECURE);
    }

    @Test
    void keysOnTheWayShouldBeFetchedOnceForManyZones() throws Exception {
        zones.server.faults().delay(".", Duration.ofMillis(20)).delay("example", Duration.ofMillis(20));
        zones.dns.start();
        List<String> domains = List.of("nsec.example", "nsec3.example", "twins.example", "costly.example");
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            IntStream.range(0, 40).forEach(i -> threads.submit(() -> zones.dns.txt(DomainName.of("n" + i + "." + domains.get(i % 4)))));
        }

        assertThat(zones.server.queries(".", "DNSKEY")).as("root keys: the probe, then once").isLessThanOrEqualTo(2);
        assertThat(zones.server.queries("example", "DNSKEY")).isEqualTo(1);
        assertThat(zones.server.queries("nsec3.example", "DNSKEY")).isEqualTo(1);
    }

    @Test
    void startShouldProbeBeforeTheFirstMail() {
        zones.dns.start();

        await().until(() -> zones.dns.dnssec().standing() == DnssecState.Standing.VALIDATING);
        assertThat(zones.dns.dnssec().available()).isTrue();
    }

    @Test
    void truncatedKeysShouldBeFetchedOverTcp() {
        zones.server.faults().set("nsec3.example", "DNSKEY", DnsFault.TRUNCATED);

        assertThat(security(zones.dns.mx(DomainName.of("nsec3.example")))).isEqualTo(Security.SECURE);
        assertThat(zones.server.queries()).anyMatch(query -> query.name().equals("nsec3.example") && query.type().equals("DNSKEY")
            && query.transport() == DnsQuery.Transport.TCP);
    }

    @Test
    void secondKeyOfTheSameTagShouldCount() {
        assertThat(security(zones.dns.mx(DomainName.of("twins.example")))).isEqualTo(Security.SECURE);
        zones.tree.fault("_25._tcp.mx.twins.example", SigningFault.BOGUS_SIGNATURE);
        assertThat(zones.dns.tlsa(DomainName.of("_25._tcp.mx.twins.example"))).isInstanceOf(Bogus.class);
    }

    @Test
    void manyWrongSignaturesShouldNotBeTriedAll() {
        zones.tree.fault("_25._tcp.mx.nsec3.example", SigningFault.MANY_SIGNATURES);
        zones.dns.mx(DomainName.of("nsec3.example"));

        long start = System.nanoTime();
        assertThat(zones.dns.tlsa(DomainName.of("_25._tcp.mx.nsec3.example"))).isInstanceOfSatisfying(Bogus.class,
            bogus -> assertThat(bogus.reason()).contains("_25._tcp.mx.nsec3.example"));
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(4));
    }

    @Test
    void deepNameShouldNotCostMoreThanItsBudget() {
        String deep = "a.".repeat(100) + "nsec.example";
        zones.zone.txt(deep, "text");
        zones.tree.fault(deep, SigningFault.MISSING_SIGNATURE);

        assertThat(zones.dns.txt(DomainName.of(deep))).isInstanceOfSatisfying(Failed.class,
            failed -> assertThat(failed.reason()).contains("more than 48 queries"));
        assertThat(zones.server.queries().stream().filter(query -> query.type().equals("DS")).count()).isLessThanOrEqualTo(50);
    }

    @Test
    void signaturesShouldLimitHowLongAnAnswerIsKept() {
        zones.zone.ttl(3_000).txt("long.nsec.example", "text");
        // signed for two days, a day ago
        zones.pass(Duration.ofMinutes(24 * 60 - 10));

        DomainName name = DomainName.of("long.nsec.example");
        assertThat(zones.dns.txt(name)).isInstanceOf(Found.class);
        zones.pass(Duration.ofMinutes(9));
        zones.dns.txt(name);
        assertThat(zones.server.queries(name.ascii(), "TXT")).isEqualTo(1);

        zones.pass(Duration.ofMinutes(2));
        assertThat(zones.dns.txt(name)).isInstanceOf(Bogus.class);
    }

    @Test
    void whoValidatesShouldAskForWhatTheResolverThinksBogus() {
        zones.dns.mx(DomainName.of("nsec.example"));

        assertThat(zones.server.queries()).as("RFC 4035 §4.9.2, probe included")
            .allMatch(query -> query.bits().equals(Set.of(DnsQuery.Bit.CD, DnsQuery.Bit.DO)));
    }

    @Test
    void bitOfTheResolverShouldCountForNothingWhereWeValidate() {
        zones.server.vouch(true);

        assertThat(security(zones.dns.mx(DomainName.of("plain.example")))).isEqualTo(Security.INSECURE);
    }

    @Test
    void whoBelievesTheResolverShouldAskForItsVerdictAndLetItCheck() {
        DnsjavaDns dns = new DnsjavaDns(zones.settings().with(DnssecMode.TRUST_AD, zones.settings().anchors()));
        zones.server.vouch(true);

        assertThat(security(dns.mx(DomainName.of("plain.example")))).isEqualTo(Security.SECURE);
        assertThat(zones.server.queries()).allMatch(query -> query.bits().equals(Set.of(DnsQuery.Bit.AD)));
    }

    @Test
    void whatTheResolverGivesOnlyUncheckedShouldBeBogus() {
        DnsjavaDns dns = new DnsjavaDns(zones.settings().with(DnssecMode.TRUST_AD, zones.settings().anchors()));
        zones.server.vouch(true).faults().set("mx.nsec.example", "TXT", DnsFault.SERVFAIL_UNLESS_UNCHECKED);

        assertThat(dns.txt(DomainName.of("mx.nsec.example"))).isInstanceOf(Bogus.class);
        assertThat(zones.server.queries()).filteredOn(query -> query.type().equals("TXT")).extracting(DnsQuery::bits)
            .containsExactly(Set.of(DnsQuery.Bit.AD), Set.of(DnsQuery.Bit.CD, DnsQuery.Bit.DO));
    }

    @Test
    void nobodyShouldWaitForAnAnswerInTheCommonPool() {
        Set<Boolean> virtual = ConcurrentHashMap.newKeySet();
        DnsSettings settings = zones.settings();
        // who asks for the servers is about to wait for one of them
        Validator validator = new Validator(new StubResolver(settings), () -> {
            virtual.add(Thread.currentThread().isVirtual());
            return settings.servers();
        }, settings.anchors(), new DnskeyCache(100, System::nanoTime), Clock.systemUTC());

        for (String name : List.of("mx.nsec.example.", "mx.plain.example.", "nobody.nsec3.example.", "mx.signed.optout.")) {
            validator.ask(Name.fromConstantString(name), Type.A, System.nanoTime() + Duration.ofSeconds(20).toNanos());
        }

        assertThat(virtual).as("docs/concurrency.md").containsExactly(true);
    }

    @Test
    void trustInTheResolverShouldNeedLoopback() {
        DnsSettings remote = DnsSettings.of(List.of(new InetSocketAddress(IpLiteral.parse("192.0.2.1").orElseThrow(), 53)));

        assertThatThrownBy(() -> remote.with(DnssecMode.TRUST_AD, TrustAnchors.iana())).hasMessageContaining("resolvers on this machine");
        assertThat(zones.settings().with(DnssecMode.TRUST_AD, TrustAnchors.iana()).dnssec()).isEqualTo(DnssecMode.TRUST_AD);
    }

    @Test
    void trustAnchorsShouldBeReadWithinBounds() throws IOException {
        assertThat(TrustAnchors.iana().top()).hasToString(".");
        assertThat(anchors("example. IN DS 1 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D").top())
            .hasToString("example.");
        assertThatThrownBy(() -> anchors("")).hasMessageContaining("0 trust anchors");
        assertThatThrownBy(() -> anchors(". IN A 127.0.0.1")).hasMessageContaining("no trust anchor");
        assertThatThrownBy(() -> anchors("$INCLUDE /etc/hostname")).hasMessageContaining("$INCLUDE");
        assertThatThrownBy(() -> anchors("; ".repeat(40_000))).hasMessageContaining("65536 bytes");
    }

    private static TrustAnchors anchors(String text) throws IOException {
        return TrustAnchors.read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
    }
}
