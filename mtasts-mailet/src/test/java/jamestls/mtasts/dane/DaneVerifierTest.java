package jamestls.mtasts.dane;

import static jamestls.outcome.Violation.ResultType.CERTIFICATE_EXPIRED;
import static jamestls.outcome.Violation.ResultType.CERTIFICATE_HOST_MISMATCH;
import static jamestls.outcome.Violation.ResultType.CERTIFICATE_NOT_TRUSTED;
import static jamestls.outcome.Violation.ResultType.TLSA_INVALID;
import static jamestls.outcome.Violation.ResultType.VALIDATION_FAILURE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import jamestls.dns.TlsaRecord;
import jamestls.fakeinternet.CertificateBuilder;
import jamestls.fakeinternet.CertificateBuilder.Identifiers;
import jamestls.fakeinternet.CertificateBuilder.Issued;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DaneVerifierTest {

    private static final String HOST = "mx.example.org";
    /** 32 bytes: an IPv6 address and a mask with holes, at which the JDK throws RuntimeException. */
    private static final byte[] BROKEN_MASK = brokenMask();
    private static final Issued ROOT = CertificateBuilder.authority("Root").selfSigned();
    private static final Issued CA = CertificateBuilder.authority("CA").signedBy(ROOT);
    private static final Issued EE = CertificateBuilder.server(HOST).signedBy(CA);

    @ParameterizedTest
    @CsvSource({"0,0", "0,1", "0,2", "1,0", "1,1", "1,2"})
    void endEntityShouldMatchWithEverySelectorAndMatchingType(int selector, int matchingType) {
        assertThat(faults(chain(EE), "other.example", tlsa(3, selector, matchingType, EE))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0,0", "0,1", "0,2", "1,0", "1,1", "1,2"})
    void anchorInTheChainShouldMatchWithEverySelectorAndMatchingType(int selector, int matchingType) {
        assertThat(faults(chain(EE, CA, ROOT), HOST, tlsa(2, selector, matchingType, ROOT))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void anchorInTheRecordShouldNotBeNeededInTheChain(int selector) {
        assertThat(faults(chain(EE, CA), HOST, tlsa(2, selector, 0, ROOT))).isEmpty();
        assertThat(faults(chain(EE), HOST, tlsa(2, selector, 0, CA))).isEmpty();
    }

    @Test
    void endEntityShouldIgnoreDates() {
        Issued expired = CertificateBuilder.server(HOST).expired().signedBy(CA);

        assertThat(faults(chain(expired), HOST, tlsa(3, 1, 1, expired))).isEmpty();
    }

    @Test
    void oneMatchShouldBeEnough() {
        assertThat(faults(chain(EE), HOST, Tlsa.wrong(2, 1, 1), Tlsa.wrong(3, 0, 1), tlsa(3, 1, 1, EE))).isEmpty();
    }

    @Test
    void strongerDigestShouldOutdoTheWeakerOfItsKindOnly() {
        assertThat(faults(chain(EE), HOST, tlsa(3, 1, 1, EE), Tlsa.wrong(3, 1, 2))).extracting(Violation::type)
            .as("RFC 7671 §9").containsExactly(VALIDATION_FAILURE);
        assertThat(faults(chain(EE), HOST, tlsa(3, 1, 1, EE), Tlsa.wrong(3, 0, 2))).isEmpty();
        assertThat(faults(chain(EE), HOST, tlsa(3, 1, 0, EE), Tlsa.wrong(3, 1, 2))).as("full data stays").isEmpty();
        assertThat(faults(chain(EE), HOST, tlsa(3, 1, 1, EE), TlsaRecord.of(3, 1, 2, new byte[63]))).as("unusable").isEmpty();
    }

    @Test
    void noMatchShouldSaySo() {
        assertThat(faults(chain(EE, CA, ROOT), HOST, Tlsa.wrong(3, 1, 1), Tlsa.wrong(2, 1, 1)))
            .containsExactly(new Violation(VALIDATION_FAILURE, "no TLSA record matched"));
    }

    @Test
    void noUsableRecordShouldBeTlsaInvalid() {
        assertThat(faults(chain(EE), HOST, tlsa(1, 1, 1, EE))).extracting(Violation::type).containsExactly(TLSA_INVALID);
    }

    @Test
    void anchorShouldNeedTheName() {
        assertThat(faults(chain(EE, CA), "other.example", tlsa(2, 1, 1, CA))).singleElement().satisfies(fault -> {
            assertThat(fault.type()).isEqualTo(CERTIFICATE_HOST_MISMATCH);
            assertThat(fault.reason()).contains(HOST);
        });
    }

    @Test
    void keyOfASelfSignedServerShouldDoAsAnAnchorInFull() {
        Issued self = CertificateBuilder.server(HOST).selfSigned();

        assertThat(faults(chain(self), HOST, tlsa(2, 1, 0, self))).isEmpty();
        assertThat(types(faults(chain(self), "other.example", tlsa(2, 1, 0, self)))).containsExactly(CERTIFICATE_HOST_MISMATCH);
        assertThat(types(faults(chain(EE), HOST, tlsa(2, 1, 0, EE)))).as("signed by another key").containsExactly(CERTIFICATE_NOT_TRUSTED);
    }

    @Test
    void certificateOfAServerShouldNotBeItsOwnAnchor() {
        // RFC 7671 §5.2: DANE-TA matches an issuer
        Issued self = CertificateBuilder.authority(HOST).selfSigned();

        for (int matchingType = 0; matchingType <= 2; matchingType++) {
            assertThat(types(faults(chain(self), HOST, tlsa(2, 0, matchingType, self)))).containsExactly(VALIDATION_FAILURE);
        }
        assertThat(faults(chain(self), HOST, tlsa(2, 1, 0, self))).as("its key").isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0,0", "0,1", "1,0", "1,2"})
    void anchorOfVersionOneShouldNeedNoBasicConstraints(int selector, int matchingType) {
        Issued old = CertificateBuilder.authority("Old Root").versionOne().selfSigned();
        Issued leaf = CertificateBuilder.server(HOST).signedBy(old);
        Issued expired = CertificateBuilder.authority("Older Root").versionOne().expired().selfSigned();
        Issued below = CertificateBuilder.server(HOST).signedBy(expired);

        assertThat(faults(chain(leaf, old), HOST, tlsa(2, selector, matchingType, old))).isEmpty();
        if (selector == 0) {
            assertThat(types(faults(chain(below, expired), HOST, tlsa(2, selector, matchingType, expired))))
                .containsExactly(CERTIFICATE_EXPIRED);
        }
    }

    @Test
    void issuerOfVersionOneInTheChainShouldBeNoAuthority() {
        Issued old = CertificateBuilder.authority("Old CA").versionOne().signedBy(ROOT);
        Issued leaf = CertificateBuilder.server(HOST).signedBy(old);

        assertThat(types(faults(chain(leaf, old, ROOT), HOST, tlsa(2, 0, 1, ROOT)))).containsExactly(CERTIFICATE_NOT_TRUSTED);
    }

    @Test
    void certificateAtWhichTheJdkThrowsShouldBeJudgedByWhatCanBeRead() {
        Issued odd = CertificateBuilder.server(HOST).ipAddress(BROKEN_MASK).signedBy(CA);

        assertThat(faults(chain(odd, CA), HOST, tlsa(3, 1, 1, odd))).as("DANE-EE asks for the key only").isEmpty();
        assertThat(faults(chain(odd, CA), HOST, tlsa(2, 0, 1, CA))).as("its DNS name can be read").isEmpty();
    }

    @Test
    void wildcardShouldStandForTheFirstLabelOnly() {
        Issued wild = CertificateBuilder.server("*.example.org").signedBy(CA);

        assertThat(faults(chain(wild, CA), HOST, tlsa(2, 1, 1, CA))).isEmpty();
        assertThat(types(faults(chain(wild, CA), "a.mx.example.org", tlsa(2, 1, 1, CA)))).containsExactly(CERTIFICATE_HOST_MISMATCH);
    }

    @Test
    void commonNameShouldCountOnlyWithoutDnsId() {
        Issued old = CertificateBuilder.commonNameOnly(HOST).signedBy(CA);
        Issued both = CertificateBuilder.server("other.example").signedBy(CA);

        assertThat(faults(chain(old, CA), HOST, tlsa(2, 1, 1, CA))).as("RFC 7672 §3.2.3").isEmpty();
        assertThat(faults(chain(old, CA), "other.example", tlsa(2, 1, 1, CA)))
            .containsExactly(new Violation(CERTIFICATE_HOST_MISMATCH, "certificate is for " + HOST));
        assertThat(types(faults(chain(both, CA), HOST, tlsa(2, 1, 1, CA)))).containsExactly(CERTIFICATE_HOST_MISMATCH);
        assertThat(faults(chain(CertificateBuilder.nameless().signedBy(CA), CA), HOST, tlsa(2, 1, 1, CA)))
            .containsExactly(new Violation(CERTIFICATE_HOST_MISMATCH, "certificate is for nobody"));
    }

    @Test
    void datesShouldCountUnderAnAnchor() {
        Issued expiredLeaf = CertificateBuilder.server(HOST).expired().signedBy(CA);
        Issued expiredCa = CertificateBuilder.authority("Expired").expired().signedBy(ROOT);
        Issued below = CertificateBuilder.server(HOST).signedBy(expiredCa);
        Issued early = CertificateBuilder.server(HOST).valid(Instant.now().plusSeconds(3_600),
            Instant.now().plusSeconds(7_200)).signedBy(CA);

        assertThat(types(faults(chain(expiredLeaf, CA), HOST, tlsa(2, 1, 1, CA)))).containsExactly(CERTIFICATE_EXPIRED);
        assertThat(types(faults(chain(below, expiredCa, ROOT), HOST, tlsa(2, 0, 1, ROOT)))).containsExactly(CERTIFICATE_EXPIRED);
        assertThat(types(faults(chain(below, expiredCa), HOST, tlsa(2, 0, 1, expiredCa)))).containsExactly(CERTIFICATE_EXPIRED);
        assertThat(faults(chain(below), HOST, tlsa(2, 1, 0, expiredCa))).as("a bare key has no dates").isEmpty();
        assertThat(faults(chain(early, CA), HOST, tlsa(2, 1, 1, CA)))
            .containsExactly(new Violation(VALIDATION_FAILURE, "certificate is not yet valid"));
    }

    @Test
    void clockOfTheCallerShouldCount() {
        Instant then = Instant.parse("2020-06-01T00:00:00Z");
        Issued old = CertificateBuilder.authority("Old").valid(then.minusSeconds(3_600), then.plusSeconds(3_600)).selfSigned();
        Issued issuer = CertificateBuilder.authority("Older").valid(then.minusSeconds(3_600), then.plusSeconds(3_600)).signedBy(old);
        Issued leaf = CertificateBuilder.server(HOST).valid(then.minusSeconds(3_600), then.plusSeconds(3_600)).signedBy(issuer);

        assertThat(DaneVerifier.faults(chain(leaf, issuer, old), Tlsa.set(List.of(tlsa(2, 0, 1, old)), HOST), then)).isEmpty();
    }

    @Test
    void onlyThePathToTheAnchorShouldCount() {
        Issued other = CertificateBuilder.authority("Other").selfSigned();
        Issued stranger = CertificateBuilder.server(HOST).signedBy(other);

        assertThat(faults(chain(stranger, other, ROOT), HOST, tlsa(2, 0, 1, ROOT))).containsExactly(
            new Violation(CERTIFICATE_NOT_TRUSTED, "the chain does not lead to the trust anchor of the TLSA records"));
    }

    @Test
    void anotherWayShouldBeFoundAroundAnExpiredIssuer() {
        KeyPair key = CertificateBuilder.newKey();
        Issued old = CertificateBuilder.authority("Twice").key(key).expired().signedBy(ROOT);
        Issued fresh = CertificateBuilder.authority("Twice").key(key).signedBy(ROOT);
        Issued below = CertificateBuilder.server(HOST).signedBy(fresh);

        assertThat(faults(chain(below, old, fresh, ROOT), HOST, tlsa(2, 1, 1, ROOT))).isEmpty();
    }

    @Test
    void limitsOfAuthoritiesShouldHold() {
        Issued shallow = CertificateBuilder.authority("Shallow").pathLength(0).selfSigned();
        Issued between = CertificateBuilder.authority("Between").signedBy(shallow);
        Issued deep = CertificateBuilder.server(HOST).signedBy(between);
        Issued direct = CertificateBuilder.server(HOST).signedBy(shallow);
        Issued noSigner = CertificateBuilder.authority("No signer").keyUsage(KeyUsage.digitalSignature).selfSigned();
        Issued byNoSigner = CertificateBuilder.server(HOST).signedBy(noSigner);
        Issued signer = CertificateBuilder.authority("Signer").keyUsage(KeyUsage.keyCertSign).selfSigned();
        Issued bySigner = CertificateBuilder.server(HOST).signedBy(signer);
        Issued byServer = CertificateBuilder.server(HOST).signedBy(EE);
        // RFC 5280 §6.1.4: self-issued certificates, such as those of a change of keys, do not count
        Issued selfIssued = CertificateBuilder.authority("Shallow").signedBy(shallow);
        Issued bySelfIssued = CertificateBuilder.server(HOST).signedBy(selfIssued);
        Issued limited = CertificateBuilder.authority("Limited CA").permitting("example.net").signedBy(ROOT);
        Issued outside = CertificateBuilder.server(HOST).signedBy(limited);

        assertThat(faults(chain(bySelfIssued, selfIssued, shallow), HOST, tlsa(2, 0, 1, shallow))).isEmpty();
        assertThat(types(faults(chain(outside, limited, ROOT), HOST, tlsa(2, 0, 1, ROOT)))).containsExactly(CERTIFICATE_NOT_TRUSTED);
        assertThat(types(faults(chain(deep, between, shallow), HOST, tlsa(2, 1, 1, shallow)))).containsExactly(CERTIFICATE_NOT_TRUSTED);
        assertThat(types(faults(chain(deep, between), HOST, tlsa(2, 0, 0, shallow)))).containsExactly(CERTIFICATE_NOT_TRUSTED);
        assertThat(faults(chain(deep, between), HOST, tlsa(2, 1, 0, shallow))).as("a bare key has no limits").isEmpty();
        assertThat(faults(chain(direct, shallow), HOST, tlsa(2, 1, 1, shallow))).isEmpty();
        assertThat(types(faults(chain(byNoSigner, noSigner), HOST, tlsa(2, 1, 1, noSigner)))).containsExactly(CERTIFICATE_NOT_TRUSTED);
        assertThat(faults(chain(bySigner, signer), HOST, tlsa(2, 1, 1, signer))).isEmpty();
        assertThat(types(faults(chain(byServer, EE, CA), HOST, tlsa(2, 1, 1, CA)))).containsExactly(CERTIFICATE_NOT_TRUSTED);
    }

    @Test
    void namesThatTheAnchorPermitsShouldBeTheOnlyOnes() {
        Issued limited = CertificateBuilder.authority("Limited").permitting("example.net").selfSigned();
        Issued outside = CertificateBuilder.server(HOST).signedBy(limited);
        Issued inside = CertificateBuilder.server("mx.example.net").signedBy(limited);

        assertThat(types(faults(chain(outside, limited), HOST, tlsa(2, 1, 1, limited)))).containsExactly(CERTIFICATE_NOT_TRUSTED);
        assertThat(faults(chain(inside, limited), "mx.example.net", tlsa(2, 1, 1, limited))).isEmpty();
    }

    @Test
    void certificateForOtherPurposesShouldNotDo() {
        Issued client = CertificateBuilder.server(HOST).purpose(KeyPurposeId.id_kp_clientAuth).signedBy(CA);

        assertThat(types(faults(chain(client, CA), HOST, tlsa(2, 1, 1, CA)))).containsExactly(CERTIFICATE_NOT_TRUSTED);
    }

    @ParameterizedTest
    @EnumSource
    void longChainShouldBeFoundInAnyOrderWhateverPointsToTheIssuer(Identifiers identifiers) {
        List<X509Certificate> above = new ArrayList<>();
        Issued top = CertificateBuilder.authority("Top").identifiers(identifiers).selfSigned();
        Issued issuer = top;
        for (int i = 0; i < 6; i++) {
            above.add(issuer.certificate());
            issuer = CertificateBuilder.authority("Level " + i).identifiers(identifiers).signedBy(issuer);
        }
        above.add(issuer.certificate());
        Issued leaf = CertificateBuilder.server(HOST).identifiers(identifiers).signedBy(issuer);

        for (int seed = 0; seed < 5; seed++) {
            Collections.shuffle(above, new Random(seed));
            List<X509Certificate> chain = new ArrayList<>(List.of(leaf.certificate()));
            chain.addAll(above);
            assertThat(faults(chain, HOST, tlsa(2, 1, 2, top))).isEmpty();
        }
    }

    @Test
    void hostileChainShouldCostLittle() {
        // every certificate seems to have issued every other, and none has
        KeyPair[] keys = new KeyPair[18];
        Arrays.setAll(keys, i -> CertificateBuilder.newKey());
        List<X509Certificate> chain = new ArrayList<>(List.of(CertificateBuilder.server(HOST)
            .signedBy(CertificateBuilder.authority("Same").key(keys[0]).selfSigned()).certificate()));
        for (KeyPair key : keys) {
            chain.add(CertificateBuilder.authority("Same").key(key)
                .signedBy(CertificateBuilder.authority("Same").key(keys[0]).selfSigned()).certificate());
        }
        TlsaRecord[] anchors = new TlsaRecord[60];
        Arrays.setAll(anchors, i -> tlsa(2, 1, 0, CertificateBuilder.authority("Same").selfSigned()));

        assertTimeoutPreemptively(Duration.ofSeconds(30), () ->
            assertThat(types(faults(chain, HOST, anchors))).containsExactly(CERTIFICATE_NOT_TRUSTED));
    }

    @Test
    void authoritiesThatAllIssuedEachOtherShouldCostLittle() {
        KeyPair key = CertificateBuilder.newKey();
        Issued same = CertificateBuilder.authority("Same").key(key).pathLength(0).selfSigned();
        List<X509Certificate> chain = new ArrayList<>(List.of(CertificateBuilder.server(HOST).signedBy(same).certificate()));
        while (chain.size() < PathSearch.MAX_CHAIN_LENGTH) {
            chain.add(CertificateBuilder.authority("Same").key(key).signedBy(same).certificate());
        }
        PathSearch search = new PathSearch(chain);
        AtomicInteger checked = new AtomicInteger();
        boolean found = search.find(issuer -> true, path -> {
            checked.addAndGet(chain.stream()
                .filter(certificate -> search.signed(path.getLast(), certificate.getPublicKey())).toList().size());
            return false;
        });

        assertThat(found).isFalse();
        assertThat(search.isExhausted()).isTrue();
        assertThat(checked).hasValueLessThanOrEqualTo(PathSearch.MAX_SIGNATURES);
        assertThat(types(faults(chain, HOST, tlsa(2, 1, 0, CA), tlsa(2, 1, 0, ROOT)))).containsExactly(CERTIFICATE_NOT_TRUSTED);
    }

    @Test
    void pathShouldNotBeDeeperThanTen() {
        List<Issued> authorities = new ArrayList<>(List.of(CertificateBuilder.authority("Top").selfSigned()));
        for (int i = 1; i < 12; i++) {
            authorities.addFirst(CertificateBuilder.authority("Level " + i).signedBy(authorities.getFirst()));
        }
        for (int depth : new int[] {10, 11}) {
            List<Issued> above = authorities.subList(authorities.size() - depth, authorities.size());
            Issued leaf = CertificateBuilder.server(HOST).signedBy(above.getFirst());
            List<X509Certificate> chain = Stream.concat(Stream.of(leaf), above.stream()).map(Issued::certificate).toList();

            assertThat(faults(chain, HOST, tlsa(2, 0, 1, authorities.getLast()))).hasSize(depth - 10);
        }
    }

    @Test
    void chainOfTooManyBytesShouldBeRefused() {
        String[] names = IntStream.range(0, 4_000).mapToObj(i -> "host" + i + ".a-long-name-for-a-certificate.example")
            .toArray(String[]::new);
        Issued vast = CertificateBuilder.server(names).signedBy(CA);

        assertThat(faults(chain(vast), HOST, tlsa(3, 1, 1, vast))).singleElement().satisfies(fault ->
            assertThat(fault.reason()).matches("chain of [0-9]{6} bytes"));
    }

    @Test
    void chainWithoutEndShouldBeRefused() {
        assertThat(types(faults(Collections.nCopies(21, EE.certificate()), HOST, tlsa(3, 1, 1, EE))))
            .containsExactly(CERTIFICATE_NOT_TRUSTED);
        assertThat(types(faults(List.of(), HOST, tlsa(3, 1, 1, EE)))).containsExactly(CERTIFICATE_NOT_TRUSTED);
    }

    private static List<Violation> faults(List<X509Certificate> chain, String name, TlsaRecord... records) {
        return DaneVerifier.faults(chain, Tlsa.set(List.of(records), name), Instant.now());
    }

    private static List<ResultType> types(List<Violation> faults) {
        return faults.stream().map(Violation::type).toList();
    }

    private static TlsaRecord tlsa(int usage, int selector, int matchingType, Issued issued) {
        return Tlsa.of(usage, selector, matchingType, issued.certificate());
    }

    private static List<X509Certificate> chain(Issued... issued) {
        return Arrays.stream(issued).map(Issued::certificate).toList();
    }

    private static byte[] brokenMask() {
        byte[] octets = new byte[32];
        octets[16] = (byte) 0xa5;
        octets[31] = 1;
        return octets;
    }
}
