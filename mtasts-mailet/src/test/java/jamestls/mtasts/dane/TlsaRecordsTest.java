package jamestls.mtasts.dane;

import static jamestls.dns.Security.INSECURE;
import static jamestls.dns.Security.SECURE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.Security;
import jamestls.dns.TlsaRecord;
import jamestls.fakeinternet.FakeDns;
import jamestls.fakeinternet.FakeDns.Question;
import jamestls.mtasts.Vectors;
import jamestls.mtasts.Vectors.Vector;
import jamestls.mtasts.dane.TlsaRecords.NextHop;
import jamestls.mtasts.dane.TlsaSet.Strength;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.Violation.ResultType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class TlsaRecordsTest {

    private static final String DOMAIN = "example.org";
    private static final String HOST = "mx.example.org";
    private static final String TARGET = "mail.example.net";
    private static final TlsaRecord EE = Tlsa.wrong(3, 1, 1);
    private static final TlsaRecord OTHER = Tlsa.wrong(3, 0, 1);

    /** Vectors about what happens after discovery, or before it: where each is held to. */
    private static final Set<String> ELSEWHERE = Set.of(
        // the match: DaneMatchVectorsTest, DaneVerifierTest
        "exim-t1-3-1-1", "exim-t2-3-1-2", "exim-t3-recipient-callout", "exim-t5-2-1-1-with-akid", "exim-t14-secure-wrong-tlsa-try",
        "exim-t19-ta-name-mismatch", "exim-t20-ee-name-mismatch", "maddy-insecure-cname-target-initial-tlsa-mismatch",
        "maddy-tlsa-but-no-starttls", "stalwart-mismatch",
        // what becomes of the mail: DaneDeliveryTest, PolicyDeciderTest
        "broken-delegation-of-recipient-domain", "exim-t8-two-mx-tlsa-defer", "stalwart-bogus-mx", "stalwart-insecure-mx-required",
        // MX look-ups that leave no host to ask about: DestinationsTest
        "tlspol-null-mx-no-followup", "tlspol-nxdomain-mx-no-followup",
        // hosts are asked about one after the other, when their turn comes, and the answers are values
        "tlspol-concurrency-bounded", "tlspol-incomplete-tlsa-results");

    private final FakeDns dns = new FakeDns().address(SECURE, HOST);

    static List<Vector> vectors() {
        return Vectors.of("dane_discovery").stream().filter(vector -> !ELSEWHERE.contains(vector.name())).toList();
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void discoveryShouldBeThatOfTheVector(Vector vector) {
        switch (vector.name()) {
            case "cname-nxdomain", "insecure-denial-of-existence-is-normal" -> {
                dns.answer(Question.TLSA, DomainName.of("_25._tcp." + HOST), new DnsAnswer.Absent<>(INSECURE));
                assertNoDane(find());
            }
            case "exim-t13-secure-denial-try", "mxconnect-tlsa-nodata" -> assertNoDane(find());
            case "mox-tlsa-dangling-cname-only" -> {
                dns.answer(Question.TLSA, DomainName.of("_25._tcp." + HOST), new DnsAnswer.Absent<>(SECURE));
                assertNoDane(find());
            }
            case "mox-tlsa-dangling-cname-fallback-original" -> {
                dns.aliasedAddress(SECURE, HOST, TARGET).tlsa(SECURE, HOST, EE);
                assertThat(found().base()).isEqualTo(DomainName.of(HOST));
            }
            case "cname-secure-alias", "maddy-cname-tlsa-at-initial-name", "mox-insecure-expansion-uses-original",
                 "mox-original-name-insecure-expansion" -> {
                dns.aliasedAddress(INSECURE, HOST, TARGET).cname(SECURE, HOST, TARGET).tlsa(SECURE, HOST, EE);
                assertThat(found().base()).isEqualTo(DomainName.of(HOST));
                assertThat(dns.asked()).doesNotContain("TLSA _25._tcp." + TARGET);
            }
            case "exim-t11-a-secure-tlsa-lookup-fails", "mox-tlsa-cname-temporary-error", "mxconnect-dnssec-check-error-ESERVFAIL" -> {
                dns.answer(Question.TLSA, DomainName.of("_25._tcp." + HOST), new DnsAnswer.Failed<>("SERVFAIL"));
                assertUnreachable(find());
            }
            case "exim-t15-insecure-good-tlsa-try", "mox-tlsa-insecure" -> {
                dns.tlsa(INSECURE, HOST, EE);
                assertNoDane(find());
            }
            case "insecure-mx-host-no-tlsa-query-outlook", "mxconnect-insecure-zone-skips-tlsa", "tlspol-unsigned-address" -> {
                dns.address(INSECURE, HOST).answer(Question.TLSA, DomainName.of("_25._tcp." + HOST), new DnsAnswer.Failed<>("SERVFAIL"));
                assertNoDane(find());
                assertThat(dns.asked()).noneMatch(question -> question.startsWith("TLSA"));
            }
            case "tlsa-secure-only-pkix" -> {
                dns.tlsa(SECURE, HOST, Tlsa.wrong(1, 1, 1));
                assertThat(found().strength()).isEqualTo(Strength.ENCRYPTS);
            }
            case "tlspol-address-secure" -> {
                dns.tlsa(SECURE, HOST, EE);
                assertThat(found().strength()).isEqualTo(Strength.AUTHENTICATES_DOMAIN);
            }
            case "tlspol-address-secure-nxdomain", "tlspol-secure-address-nodata-skips-tlsa" -> assertNoAddress(SECURE);
            case "tlspol-address-unsigned-nxdomain" -> assertNoAddress(INSECURE);
            case "tlspol-address-servfail#2" -> {
                dns.answer(Question.ADDRESS, DomainName.of(HOST), new DnsAnswer.Failed<>("SERVFAIL"));
                assertThat(find()).isEqualTo(new DaneLookup.NoAddress());
            }
            default -> fail("no scenario for " + vector.name());
        }
    }

    @Test
    void vectorsHeldElsewhereShouldExist() {
        assertThat(Vectors.of("dane_discovery").stream().map(Vector::name).collect(Collectors.toSet())).containsAll(ELSEWHERE);
    }

    @Test
    void expandedNameShouldComeBeforeTheOriginal() {
        dns.aliasedAddress(SECURE, HOST, TARGET).tlsa(SECURE, TARGET, EE).tlsa(SECURE, HOST, OTHER);

        assertThat(found().base()).isEqualTo(DomainName.of(TARGET));
        assertThat(dns.asked()).as("RFC 7672 §2.2.3").containsExactly("ADDRESS " + HOST, "TLSA _25._tcp." + TARGET);
    }

    @Test
    void usableRecordShouldNotBeHiddenBehindOthersByTheBound() {
        List<TlsaRecord> records = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            records.add(TlsaRecord.of(1, 1, 1, new byte[] {(byte) i}));
        }
        records.add(EE);
        dns.tlsa(SECURE, HOST, records.toArray(TlsaRecord[]::new));

        assertThat(found().usable()).containsExactly(EE);
        assertThat(found().published()).hasSize(64).contains(EE).isSortedAccordingTo(Comparator.comparing(TlsaSet::text));
    }

    @Test
    void errorAtTheExpandedNameShouldNotBeTakenForAbsence() {
        dns.aliasedAddress(SECURE, HOST, TARGET).tlsa(SECURE, HOST, EE)
            .answer(Question.TLSA, DomainName.of("_25._tcp." + TARGET), new DnsAnswer.Bogus<>("expired signature"));

        assertUnreachable(find());
    }

    @Test
    void insecureAliasShouldRuleTlsaOut() {
        dns.aliasedAddress(INSECURE, HOST, TARGET).cname(INSECURE, HOST, TARGET).tlsa(SECURE, HOST, EE);

        assertNoDane(find());
        assertThat(dns.asked()).noneMatch(question -> question.startsWith("TLSA"));
    }

    @Test
    void bogusAddressShouldMakeTheHostUnreachable() {
        dns.answer(Question.ADDRESS, DomainName.of(HOST), new DnsAnswer.Bogus<>("no signature"));

        assertUnreachable(find());
        assertThat(find()).isInstanceOfSatisfying(DaneLookup.Unreachable.class, unreachable -> {
            assertThat(unreachable.violation().reason()).isEqualTo("addresses of " + HOST + ": no signature");
            assertThat(unreachable.applied())
                .isEqualTo(new AppliedPolicy(PolicyType.TLSA, DomainName.of(HOST), List.of(), List.of()));
        });
        dns.answer(Question.ADDRESS, DomainName.of(HOST), new DnsAnswer.Bogus<>("addresses of " + HOST + ": no signature"));
        assertThat(find()).as("named once").isInstanceOfSatisfying(DaneLookup.Unreachable.class, unreachable ->
            assertThat(unreachable.violation().reason()).isEqualTo("addresses of " + HOST + ": no signature"));
    }

    @Test
    void realPortShouldBeInTheOwner() {
        new TlsaRecords(dns, DaneScope.ANY_MX).find(hop(SECURE), DomainName.of(HOST), 2525, dns.addresses(DomainName.of(HOST)));

        assertThat(dns.asked()).contains("TLSA _2525._tcp." + HOST);
    }

    @Test
    void insecureMxShouldLeaveTheProtectionButNotTheName() {
        dns.tlsa(SECURE, HOST, EE);

        assertThat(found(hop(INSECURE)).strength()).isEqualTo(Strength.AUTHENTICATES_HOST);
        assertThat(found(hop(INSECURE)).referenceNames()).as("RFC 7672 §3.2.2").containsExactly(DomainName.of(HOST));
        assertNoDane(find(hop(INSECURE), DaneScope.SECURE_MX));
    }

    @Test
    void nothingShouldBeAskedWhereDaneIsOff() {
        dns.tlsa(SECURE, HOST, EE);
        int before = dns.asked().size();

        assertNoDane(new TlsaRecords(dns, DaneScope.OFF).find(hop(SECURE), DomainName.of(HOST), 25, new DnsAnswer.Bogus<>("whatever")));
        assertThat(dns.asked()).hasSize(before);
    }

    @Test
    void nameTooLongForRecordsBelowItShouldHaveNone() {
        String label = "a".repeat(60) + ".";
        String longest = label.repeat(4) + "example";
        dns.address(SECURE, longest);

        assertNoDane(new TlsaRecords(dns, DaneScope.ANY_MX).find(hop(SECURE), DomainName.of(longest), 25,
            dns.addresses(DomainName.of(longest))));
    }

    @Test
    void referenceNamesShouldComeInTheOrderOfTheRfc() {
        dns.aliasedAddress(SECURE, HOST, TARGET).tlsa(SECURE, TARGET, EE);

        assertThat(found(new NextHop(DomainName.of(DOMAIN), DomainName.of("example.com"), SECURE)).referenceNames())
            .containsExactly(DomainName.of(TARGET), DomainName.of(DOMAIN), DomainName.of("example.com"));
    }

    static List<Vector> names() {
        return Vectors.of("dane_ta_reference_names");
    }

    @ParameterizedTest
    @MethodSource("names")
    void referenceNamesShouldBeThoseOfTheVector(Vector vector) {
        DomainName domain = DomainName.of("nexthop.example");
        DomainName base = DomainName.of("base.example");
        DomainName expanded = DomainName.of("expanded.example");
        switch (vector.name()) {
            // RFC 7672 §3.2.2 against the vector: behind insecure MX records the MX host's name is the only one, not the next hop's
            case "mox-nexthop-insecure" -> assertThat(ReferenceNames.of(base, base, new NextHop(domain, domain, INSECURE)))
                .containsExactly(base);
            // no MX: the domain is its own host, and its addresses were found through an alias
            case "mox-no-mx-base-expanded" -> assertThat(ReferenceNames.of(expanded, base, new NextHop(base, base, INSECURE)))
                .containsExactly(expanded, base);
            default -> fail("no scenario for " + vector.name());
        }
    }

    @ParameterizedTest
    @EnumSource
    void policyShouldBeTheSameInWhateverOrderTheRecordsCome(Security mx) {
        dns.tlsa(SECURE, HOST, EE, OTHER);
        TlsaSet one = found(hop(mx));
        dns.tlsa(SECURE, HOST, OTHER, EE);

        assertThat(found(hop(mx)).applied()).isEqualTo(one.applied());
        assertThat(one.applied().policyStrings()).as("RFC 8460 §4.5").contains("3 1 1 " + "00".repeat(32));
        assertThat(one.applied().policyDomain()).isEqualTo(DomainName.of(HOST));
    }

    @Test
    void whatWasReadBeforeShouldCountOnlyForTheSameRecordsPortAndHop() {
        TlsaRecords records = new TlsaRecords(dns.tlsa(SECURE, HOST, EE), DaneScope.ANY_MX);
        DomainName host = DomainName.of(HOST);
        DaneLookup first = records.find(hop(SECURE), host, 25, dns.addresses(host));

        assertThat(records.find(hop(SECURE), host, 25, dns.addresses(host))).isEqualTo(first);
        assertThat(records.find(hop(INSECURE), host, 25, dns.addresses(host))).isInstanceOfSatisfying(DaneLookup.Found.class,
            found -> assertThat(found.tlsa().strength()).isEqualTo(Strength.AUTHENTICATES_HOST));
        assertNoDane(records.find(hop(SECURE), host, 26, dns.addresses(host)));
        dns.tlsa(SECURE, HOST, OTHER);
        assertThat(records.find(hop(SECURE), host, 25, dns.addresses(host))).isInstanceOfSatisfying(DaneLookup.Found.class,
            found -> assertThat(found.tlsa().usable()).containsExactly(OTHER));
        dns.tlsa(INSECURE, HOST, OTHER);
        assertNoDane(records.find(hop(SECURE), host, 25, dns.addresses(host)));
        dns.answer(Question.TLSA, DomainName.of("_25._tcp." + HOST), new DnsAnswer.Bogus<>("expired"));
        assertUnreachable(records.find(hop(SECURE), host, 25, dns.addresses(host)));
    }

    private void assertNoAddress(Security security) {
        dns.answer(Question.ADDRESS, DomainName.of(HOST), new DnsAnswer.Absent<>(security));
        assertThat(find()).isEqualTo(new DaneLookup.NoAddress());
        assertThat(dns.asked()).containsExactly("ADDRESS " + HOST);
    }

    private static void assertNoDane(DaneLookup lookup) {
        assertThat(lookup).isInstanceOf(DaneLookup.NoDane.class);
    }

    private static void assertUnreachable(DaneLookup lookup) {
        assertThat(lookup).isInstanceOfSatisfying(DaneLookup.Unreachable.class,
            unreachable -> assertThat(unreachable.violation().type()).isEqualTo(ResultType.DNSSEC_INVALID));
    }

    private TlsaSet found() {
        return found(hop(SECURE));
    }

    private TlsaSet found(NextHop hop) {
        DaneLookup lookup = find(hop, DaneScope.ANY_MX);
        assertThat(lookup).isInstanceOf(DaneLookup.Found.class);
        return ((DaneLookup.Found) lookup).tlsa();
    }

    private DaneLookup find() {
        return find(hop(SECURE), DaneScope.ANY_MX);
    }

    private DaneLookup find(NextHop hop, DaneScope scope) {
        DomainName host = DomainName.of(HOST);
        return new TlsaRecords(dns, scope).find(hop, host, 25, dns.addresses(host));
    }

    private static NextHop hop(Security mx) {
        return new NextHop(DomainName.of(DOMAIN), DomainName.of(DOMAIN), mx);
    }
}
