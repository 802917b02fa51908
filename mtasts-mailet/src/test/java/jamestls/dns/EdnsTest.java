package jamestls.dns;

import static jamestls.dns.DnssecStatesTest.security;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DnsAnswer.Found;
import jamestls.dns.DnssecState.Standing;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsServer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Resolvers that do not know EDNS (RFC 6891 §7), and resolvers that stop supporting DNSSEC. */
class EdnsTest {

    private static final DomainName DOMAIN = DomainName.of("nsec.example");

    private final SignedZonesFixture zones = new SignedZonesFixture();

    @AfterEach
    void stop() {
        zones.close();
    }

    @ParameterizedTest
    @EnumSource(value = DnsFault.class, names = {"FORMERR_TO_EDNS", "SILENT_TO_EDNS"})
    void queriesShouldBeRepeatedWithoutEdnsWhereDnssecIsOff(DnsFault fault) {
        try (DnsServer old = DnsServer.start(zones.zone)) {
            old.faults().all(Optional.of(fault));
            DnsjavaDns dns = new DnsjavaDns(impatient(DnsSettings.of(List.of(old.address()))));

            assertThat(dns.mx(DOMAIN)).isInstanceOf(Found.class);
        }
    }

    @ParameterizedTest
    @EnumSource(value = DnsFault.class, names = {"FORMERR_TO_EDNS", "SILENT_TO_EDNS"})
    void resolverWithoutEdnsShouldTurnDnssecOffAndAnswer(DnsFault fault) {
        zones.server.faults().all(Optional.of(fault));
        DnsjavaDns dns = new DnsjavaDns(impatient(zones.settings())).start();

        await().until(() -> dns.dnssec().standing() == Standing.UNAVAILABLE);
        assertThat(dns.dnssec().detail()).contains("without EDNS");
        assertThat(security(dns.mx(DOMAIN))).isEqualTo(Security.INSECURE);
    }

    @Test
    void queryShouldNeverBeRepeatedWithoutEdnsWhereAnswersAreValidated() {
        // that would be a downgrade for whoever drops packets
        assertThat(security(zones.dns.mx(DOMAIN))).isEqualTo(Security.SECURE);
        zones.server.faults().all(Optional.of(DnsFault.FORMERR_TO_EDNS));

        assertThat(zones.dns.mx(DomainName.of("nsec3.example"))).isInstanceOf(DnsAnswer.Failed.class);
    }

    @ParameterizedTest
    @EnumSource(value = DnsFault.class, names = {"FORMERR_TO_EDNS", "REFUSED", "SERVFAIL"})
    void resolverThatValidatedShouldNotBeDroppedToInsecure(DnsFault fault) {
        assertThat(security(zones.dns.mx(DOMAIN))).isEqualTo(Security.SECURE);
        zones.server.faults().all(Optional.of(fault));
        long before = zones.server.queries(".", "SOA");
        zones.pass(Duration.ofHours(2));
        zones.dns.dnssec();
        await().until(() -> zones.server.queries(".", "SOA") > before + 1);

        assertThat(zones.dns.mx(DomainName.of("nsec3.example"))).isInstanceOf(DnsAnswer.Failed.class);
        assertThat(zones.dns.mx(DOMAIN)).isNotInstanceOf(Found.class);
    }

    @Test
    void resolverThatBeganToStripSignaturesShouldBeReportedAndHoldMail() {
        assertThat(security(zones.dns.mx(DOMAIN))).isEqualTo(Security.SECURE);
        zones.tree.strip(true);
        zones.pass(Duration.ofHours(2));

        await().until(() -> zones.dns.dnssec().standing() == Standing.FAILING);
        assertThat(zones.dns.dnssec().gauge()).isEqualTo(-3);
        assertThat(zones.dns.dnssec().trouble().orElseThrow()).contains("DNSSEC fails since", "mail waits", "127.0.0.1");
        assertThat(zones.dns.mx(DomainName.of("nsec3.example"))).isNotInstanceOf(Found.class);

        zones.tree.strip(false);
        zones.pass(Duration.ofHours(2));
        await().until(() -> zones.dns.dnssec().standing() == Standing.VALIDATING);
    }

    private static DnsSettings impatient(DnsSettings settings) {
        return settings.within(Duration.ofSeconds(1), Duration.ofSeconds(12), 64, 1_000);
    }
}
