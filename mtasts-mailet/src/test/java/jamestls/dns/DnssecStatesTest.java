package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DnsAnswer.Absent;
import jamestls.dns.DnsAnswer.Bogus;
import jamestls.dns.DnsAnswer.Failed;
import jamestls.dns.DnsAnswer.Found;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.SigningFault;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The four states of RFC 7672 §2.1.1, by kind of zone, of answer and of fault. */
class DnssecStatesTest {

    private final SignedZonesFixture zones = new SignedZonesFixture();

    @AfterEach
    void stop() {
        zones.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"nsec.example", "nsec3.example", "signed.optout", "twins.example", "costly.example"})
    void signedZoneShouldBeSecure(String domain) {
        assertThat(security(zones.dns.mx(DomainName.of(domain)))).isEqualTo(Security.SECURE);
        assertThat(security(zones.dns.addresses(DomainName.of("mx." + domain)))).isEqualTo(Security.SECURE);
        assertThat(security(zones.dns.tlsa(DomainName.of("_25._tcp.mx." + domain)))).isEqualTo(Security.SECURE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"plain.example", "plain.optout"})
    void unsignedZoneShouldBeInsecure(String domain) {
        assertThat(security(zones.dns.mx(DomainName.of(domain)))).isEqualTo(Security.INSECURE);
        assertThat(security(zones.dns.tlsa(DomainName.of("_25._tcp.mx." + domain)))).isEqualTo(Security.INSECURE);
        assertThat(security(zones.dns.txt(DomainName.of("nothing." + domain)))).isEqualTo(Security.INSECURE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nsec.example", "nsec3.example", "signed.optout", "example"})
    void absenceShouldBeProven(String domain) {
        for (String name : List.of(domain, "nobody." + domain)) {
            assertThat(zones.dns.txt(DomainName.of(name))).isInstanceOfSatisfying(Absent.class,
                absent -> assertThat(absent.security()).isEqualTo(Security.SECURE));
        }
    }

    @Test
    void nameBetweenNamesShouldBeSecurelyEmpty() {
        assertThat(zones.dns.txt(DomainName.of("_tcp.mx.nsec.example"))).isInstanceOfSatisfying(Absent.class,
            absent -> assertThat(absent.security()).isEqualTo(Security.SECURE));
        assertThat(zones.dns.txt(DomainName.of("_tcp.mx.nsec3.example"))).isInstanceOfSatisfying(Absent.class,
            absent -> assertThat(absent.security()).isEqualTo(Security.SECURE));
    }

    @Test
    void absenceUnderOptOutShouldBeInsecure() {
        assertThat(zones.dns.txt(DomainName.of("nobody.optout"))).isInstanceOfSatisfying(Absent.class,
            absent -> assertThat(absent.security()).isEqualTo(Security.INSECURE));
    }

    @Test
    void absenceThatCostsTooManyHashesShouldBeInsecure() {
        assertThat(zones.dns.txt(DomainName.of("mx.costly.example"))).isInstanceOfSatisfying(Absent.class,
            absent -> assertThat(absent.security()).isEqualTo(Security.INSECURE));
        assertThat(zones.dns.txt(DomainName.of("nobody.costly.example"))).isInstanceOfSatisfying(Absent.class,
            absent -> assertThat(absent.security()).isEqualTo(Security.INSECURE));
    }

    @ParameterizedTest
    @EnumSource(value = SigningFault.class, names = {"BOGUS_SIGNATURE", "EXPIRED", "NOT_YET_VALID", "WRONG_KEY", "MISSING_SIGNATURE",
        "STUNTED_SIGNATURE"})
    void wrongSignatureShouldBeBogus(SigningFault fault) {
        for (String domain : List.of("nsec.example", "nsec3.example", "signed.optout")) {
            zones.tree.fault("_25._tcp.mx." + domain, fault).fault("mx." + domain, fault);

            assertThat(zones.dns.tlsa(DomainName.of("_25._tcp.mx." + domain))).isInstanceOfSatisfying(Bogus.class,
                bogus -> assertThat(bogus.reason()).contains("_25._tcp.mx." + domain).doesNotContain("{"));
            // absence, too: the proof of no TXT at this name is signed as badly
            assertThat(zones.dns.txt(DomainName.of("mx." + domain))).isNotInstanceOfAny(Found.class, Absent.class);
        }
    }

    @ParameterizedTest
    @EnumSource(value = SigningFault.class, names = {"BOGUS_SIGNATURE", "EXPIRED", "NOT_YET_VALID", "WRONG_KEY", "MISSING_SIGNATURE",
        "STUNTED_SIGNATURE", "STRIPPED_DS", "WRONG_DS"})
    void wrongKeysOrDelegationShouldMakeTheZoneBogus(SigningFault fault) {
        zones.tree.fault("nsec.example", fault);

        assertThat(zones.dns.addresses(DomainName.of("mx.nsec.example"))).isNotInstanceOfAny(Found.class, Absent.class);
        assertThat(zones.dns.tlsa(DomainName.of("_25._tcp.mx.nsec.example"))).isNotInstanceOfAny(Found.class, Absent.class);
        assertThat(zones.dns.txt(DomainName.of("mx.nsec.example"))).isNotInstanceOfAny(Found.class, Absent.class);
        assertThat(security(zones.dns.mx(DomainName.of("nsec3.example")))).isEqualTo(Security.SECURE);
    }

    @ParameterizedTest
    @CsvSource({"WRONG_NSEC,nsec.example", "WRONG_NSEC,nsec3.example", "MISSING_NSEC,nsec.example", "MISSING_NSEC,nsec3.example"})
    void wrongProofOfAbsenceShouldBeBogus(SigningFault fault, String domain) {
        zones.tree.fault("mx." + domain, fault).fault("nobody." + domain, fault);

        assertThat(zones.dns.txt(DomainName.of("mx." + domain))).isInstanceOf(Bogus.class);
        assertThat(zones.dns.txt(DomainName.of("nobody." + domain))).isInstanceOf(Bogus.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nsec.example", "nsec3.example"})
    void keysThatCannotBeFetchedShouldFailAndNeverBeInsecure(String domain) {
        zones.server.faults().set(domain, "DNSKEY", DnsFault.SERVFAIL);

        assertThat(zones.dns.tlsa(DomainName.of("_25._tcp.mx." + domain))).isInstanceOf(Failed.class);
        assertThat(zones.dns.txt(DomainName.of("mx." + domain))).isInstanceOf(Failed.class);
        assertThat(zones.dns.txt(DomainName.of("nobody." + domain))).isInstanceOf(Failed.class);
    }

    @Test
    void brokenIpv6ShouldNotSpoilIpv4() {
        zones.server.faults().set("mx.nsec.example", "AAAA", DnsFault.SERVFAIL);

        assertThat(security(zones.dns.addresses(DomainName.of("mx.nsec.example")))).isEqualTo(Security.SECURE);
    }

    static Security security(DnsAnswer<?> answer) {
        return switch (answer) {
            case Found<?> found -> found.security();
            case Absent<?> absent -> absent.security();
            default -> throw new AssertionError(answer);
        };
    }
}
