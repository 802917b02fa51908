package jamestls.dns;

import static jamestls.dns.DnssecStatesTest.security;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import jamestls.dns.DnsAnswer.Failed;
import jamestls.dns.DnsSettings.DnssecMode;
import jamestls.dns.DnssecState.Standing;
import jamestls.fakeinternet.CapturedLog;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.Zone;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(CapturedLog.LOCK)
class DnssecProbeTest {

    private static final DomainName DOMAIN = DomainName.of("nsec.example");

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(DnssecProbe.class, Level.INFO);

    private final SignedZonesFixture zones = new SignedZonesFixture();

    @AfterEach
    void stop() {
        zones.close();
    }

    @Test
    void resolverThatStripsSignaturesShouldTurnDnssecOffAndHoldNothing() {
        zones.tree.strip(true);

        assertThat(security(zones.dns.mx(DOMAIN))).isEqualTo(Security.INSECURE);
        assertThat(security(zones.dns.txt(DomainName.of("nobody.nsec.example")))).isEqualTo(Security.INSECURE);
        assertThat(zones.dns.dnssec().standing()).isEqualTo(Standing.UNAVAILABLE);
        assertThat(zones.dns.dnssec().available()).isFalse();
        await().untilAsserted(() -> assertThat(log.events()).singleElement().satisfies(event -> {
            assertThat(event.getLevel()).isEqualTo(Level.WARN);
            assertThat(event.getFormattedMessage()).contains("DANE is off", "127.0.0.1");
        }));
    }

    @Test
    void resolverThatKnowsNothingOfTheRootShouldTurnDnssecOff() {
        try (DnsServer plain = DnsServer.start(new Zone().mx("good.example", 10, "mx.good.example"))) {
            DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(plain.address())).with(DnssecMode.VALIDATE, TrustAnchors.iana()));

            assertThat(security(dns.mx(DomainName.of("good.example")))).isEqualTo(Security.INSECURE);
            assertThat(dns.dnssec().standing()).isEqualTo(Standing.UNAVAILABLE);
        }
    }

    @Test
    void resolverThatChokesOnKeysShouldTurnDnssecOff() {
        zones.server.faults().set(".", "DNSKEY", DnsFault.REFUSED);

        assertThat(security(zones.dns.mx(DOMAIN))).isEqualTo(Security.INSECURE);
        assertThat(zones.dns.dnssec().detail()).contains("not when asked for DNSSEC");
    }

    @Test
    void probeShouldBeRepeatedAfterAnHour() {
        zones.tree.strip(true);
        zones.dns.mx(DOMAIN);
        zones.tree.strip(false);

        zones.pass(Duration.ofMinutes(59));
        assertThat(zones.dns.dnssec().standing()).isEqualTo(Standing.UNAVAILABLE);
        await().untilAsserted(() -> assertThat(log.events()).hasSize(1));

        zones.pass(Duration.ofMinutes(1));
        await().until(() -> zones.dns.dnssec().standing() == Standing.VALIDATING);
        await().untilAsserted(() -> assertThat(log.events()).hasSize(2));
        assertThat(security(zones.dns.mx(DOMAIN))).isEqualTo(Security.SECURE);
    }

    @Test
    void resolverThatStripsShouldBeLeftOutWhereAnotherDoesNot() {
        try (DnsServer stripping = DnsServer.start(zones.zone)) {
            DnsjavaDns dns = new DnsjavaDns(servers(stripping, zones.server), Clock.systemUTC());

            assertThat(security(dns.mx(DOMAIN))).isEqualTo(Security.SECURE);
            assertThat(dns.dnssec().detail()).contains("1 of 2");
            assertThat(stripping.queries(DOMAIN.ascii(), "MX")).isZero();
        }
    }

    @Test
    void probeThatThrowsAtOneResolverShouldStillSayWhatTheOthersCanDo() {
        InetSocketAddress poisoned = new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        InetSocketAddress honest = new InetSocketAddress(InetAddress.getLoopbackAddress(), 2);
        DnsSettings settings = DnsSettings.of(List.of(poisoned, honest));
        DnssecProbe probe = new DnssecProbe(settings, new StubResolver(settings), Standing.VALIDATING, server -> {
            if (server.equals(poisoned)) {
                throw new StackOverflowError("on purpose");
            }
            return new DnssecProbe.DnssecProbeResult.Capable();
        }, Clock.systemUTC());

        assertThat(probe.capable(System.nanoTime() + Duration.ofSeconds(10).toNanos())).containsExactly(honest);
        assertThat(probe.state().standing()).isEqualTo(Standing.VALIDATING);
    }

    @Test
    void silenceShouldSayNothingOfDnssec() {
        zones.server.faults().set(".", DnsFault.TIMEOUT).set(DOMAIN.ascii(), DnsFault.TIMEOUT);
        DnsjavaDns dns = new DnsjavaDns(zones.settings().within(Duration.ofMillis(200), Duration.ofSeconds(1), 64, 100));

        assertThat(dns.mx(DOMAIN)).isInstanceOf(Failed.class);
        await().until(() -> dns.dnssec().detail().contains("did not answer"));
        assertThat(dns.dnssec().standing()).isEqualTo(Standing.UNKNOWN);
    }

    @Test
    void silenceLaterShouldNotTurnDnssecOff() {
        assertThat(security(zones.dns.mx(DOMAIN))).isEqualTo(Security.SECURE);
        zones.server.faults().set(".", DnsFault.SERVFAIL);
        long before = zones.server.queries(".", "SOA");

        zones.pass(Duration.ofHours(1));
        zones.dns.dnssec();

        await().until(() -> zones.server.queries(".", "SOA") > before);
        assertThat(zones.dns.dnssec().standing()).isEqualTo(Standing.VALIDATING);
    }

    @Test
    void stateShouldBeTroubleOnlyWhereItIsNotAsConfigured() {
        assertThat(zones.dns().dnssec().trouble()).as("nobody was asked yet").isEmpty();
        zones.tree.strip(true);
        zones.dns.mx(DOMAIN);

        assertThat(zones.dns.dnssec().trouble().orElseThrow()).startsWith("DNSSEC is not available since")
            .contains("DANE is off", "127.0.0.1");
        assertThat(zones.dns.dnssec().gauge()).isEqualTo(-1);
        zones.tree.strip(false);
        zones.pass(Duration.ofHours(1));
        await().until(() -> zones.dns.dnssec().gauge() == 2);
        assertThat(zones.dns.dnssec().trouble()).isEmpty();
        DnssecState off = new DnsjavaDns(zones.settings().with(DnssecMode.OFF, TrustAnchors.iana())).dnssec();
        assertThat(off.trouble()).as("the operator's own wish").isEmpty();
        assertThat(off.gauge()).isZero();
    }

    @Test
    void resolverThatIsBelievedShouldHaveToValidate() {
        DnsjavaDns dns = new DnsjavaDns(zones.settings().with(DnssecMode.TRUST_AD, zones.settings().anchors()));

        assertThat(security(dns.mx(DOMAIN))).isEqualTo(Security.INSECURE);
        assertThat(dns.dnssec().standing()).isEqualTo(Standing.UNAVAILABLE);
        await().untilAsserted(() -> assertThat(log.events()).singleElement().asString().contains("DANE is off", "does not validate"));
    }

    @Test
    void resolverThatValidatesShouldBeBelieved() {
        zones.server.vouch(true);
        DnsjavaDns dns = new DnsjavaDns(zones.settings().with(DnssecMode.TRUST_AD, zones.settings().anchors()));

        assertThat(security(dns.mx(DOMAIN))).isEqualTo(Security.SECURE);
        assertThat(dns.dnssec().standing()).isEqualTo(Standing.TRUSTING_RESOLVER);
        assertThat(dns.dnssec().gauge()).isEqualTo(1);
        await().untilAsserted(() -> assertThat(log.events()).singleElement().asString().contains("trusting the AD bit of 1 of 1"));
    }

    private DnsSettings servers(DnsServer... servers) {
        return new DnsSettings(Stream.of(servers).map(DnsServer::address).toList(), Duration.ofSeconds(5), Duration.ofSeconds(15), 64, 100,
            DnssecMode.VALIDATE, zones.settings().anchors());
    }
}
