package jamestls.mtasts.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.CertificateBuilder;
import jamestls.fakeinternet.CertificateBuilder.Issued;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.TestCa;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.net.ssl.X509TrustManager;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class CertificateCheckTest {

    private static final DomainName HOST = DomainName.of("mx.example.org");
    private static TestCa ca;
    private static CertificateCheck check;

    @BeforeAll
    static void trustTheCa() throws GeneralSecurityException {
        ca = TestCa.create("Good Root");
        check = CertificateCheck.trusting(ca.trustStore());
    }

    @Test
    void goodCertificateShouldHaveNoFaults() {
        assertThat(faults(ca.issue("mx.example.org"))).isEmpty();
        assertThat(faults(ca.issue("other.example.org", "*.example.org"))).isEmpty();
    }

    @Test
    void rootShouldNotHaveToBeSent() {
        Identity identity = ca.issue("mx.example.org");

        assertThat(check.faults(identity.chain().subList(0, 1), HOST, Instant.now())).isEmpty();
    }

    @Test
    void otherNameShouldBeAHostMismatch() {
        assertThat(faults(ca.issue("mx.example.com"))).containsExactly(ResultType.CERTIFICATE_HOST_MISMATCH);
        assertThat(faults(ca.issue("*.mx.example.org"))).containsExactly(ResultType.CERTIFICATE_HOST_MISMATCH);
    }

    @Test
    void oneOfTheNamesOfARuleShouldBeEnough() {
        List<X509Certificate> chain = ca.issue("mx.example.com").chain();

        for (List<String> names : List.of(List.of("mx.example.com"), List.of(".example.com"), List.of("a.example", ".com"))) {
            assertThat(check.faults(chain, names, Instant.now())).isEmpty();
        }
        for (List<String> names : List.of(List.of("example.com"), List.of(".mx.example.com"), List.of("a.example", ".example.org"))) {
            assertThat(check.faults(chain, names, Instant.now())).extracting(Violation::type)
                .containsExactly(ResultType.CERTIFICATE_HOST_MISMATCH);
        }
    }

    @Test
    void pastAndFutureShouldBeFaults() {
        assertThat(faults(ca.issueExpired("mx.example.org"))).containsExactly(ResultType.CERTIFICATE_EXPIRED);
        assertThat(faults(ca.issueNotYetValid("mx.example.org"))).containsExactly(ResultType.VALIDATION_FAILURE);
    }

    @Test
    void clockOfTheCallerShouldCount() {
        Instant inTwoYears = Instant.now().plusSeconds(2 * 365 * 86_400L);

        assertThat(check.faults(ca.issue("mx.example.org").chain(), HOST, inTwoYears))
            .extracting(violation -> violation.type()).containsExactly(ResultType.CERTIFICATE_EXPIRED);
    }

    @Test
    void selfSignedAndStrangersCertificatesShouldNotBeTrusted() {
        assertThat(faults(TestCa.selfSigned("mx.example.org"))).containsExactly(ResultType.CERTIFICATE_NOT_TRUSTED);
        assertThat(faults(TestCa.create("Another Root").issue("mx.example.org"))).containsExactly(ResultType.CERTIFICATE_NOT_TRUSTED);
    }

    @Test
    void namesakeOfTheRootShouldNotBeTrusted() {
        assertThat(faults(TestCa.create("Good Root").issue("mx.example.org"))).containsExactly(ResultType.CERTIFICATE_NOT_TRUSTED);
    }

    @Test
    void everyFaultShouldBeNamed() {
        assertThat(faults(ca.issueExpired("mx.example.com")))
            .containsExactly(ResultType.CERTIFICATE_HOST_MISMATCH, ResultType.CERTIFICATE_EXPIRED);
    }

    @Test
    void emptyAndEndlessChainsShouldBeFaultsNotErrors() {
        assertThat(check.faults(List.of(), HOST, Instant.now())).hasSize(1);
        assertThat(check.faults(Collections.nCopies(10_000, ca.root()), HOST, Instant.now())).hasSize(1);
    }

    @Test
    void intermediatesShouldBeFoundInAnyOrderAmongOthers() throws Exception {
        Issued root = CertificateBuilder.authority("Deep Root").selfSigned();
        Issued upper = CertificateBuilder.authority("Upper").signedBy(root);
        Issued lower = CertificateBuilder.authority("Lower").signedBy(upper);
        Issued leaf = CertificateBuilder.server(HOST.ascii()).signedBy(lower);
        Issued stranger = CertificateBuilder.authority("Stranger").selfSigned();

        assertThat(trusting(root).faults(certificates(leaf, stranger, upper, lower), HOST, Instant.now())).isEmpty();
        assertThat(trusting(root).faults(certificates(leaf, upper), HOST, Instant.now())).extracting(Violation::type)
            .as("one is missing, and none is fetched").containsExactly(ResultType.CERTIFICATE_NOT_TRUSTED);
        assertThat(trusting(upper).faults(certificates(leaf, lower), HOST, Instant.now())).as("an intermediate may be trusted").isEmpty();
        assertThat(trusting(leaf).faults(certificates(leaf), HOST, Instant.now())).extracting(Violation::type)
            .as("trust in a server's own certificate needs a self-signed one").containsExactly(ResultType.CERTIFICATE_NOT_TRUSTED);
    }

    @Test
    void chainFoundGoodShouldNotOutliveAnyOfItsCertificates() throws Exception {
        Instant end = Instant.parse("2030-01-01T00:00:30Z");
        Issued root = CertificateBuilder.authority("Long Root").selfSigned();
        Issued brief = CertificateBuilder.authority("Brief").valid(end.minusSeconds(86_400), end).signedBy(root);
        Issued leaf = CertificateBuilder.server(HOST.ascii()).valid(end.minusSeconds(86_400), end.plusSeconds(86_400)).signedBy(brief);
        CertificateCheck trusting = trusting(root);

        assertThat(trusting.faults(certificates(leaf, brief), HOST, end.minusSeconds(1))).isEmpty();
        assertThat(trusting.faults(certificates(leaf, brief), HOST, end.plusSeconds(1))).extracting(Violation::type)
            .containsExactly(ResultType.CERTIFICATE_EXPIRED);
        assertThat(trusting.faults(certificates(leaf, brief), DomainName.of("other.example.org"), end.minusSeconds(1)))
            .extracting(Violation::type).as("good for one name says nothing of another")
            .containsExactly(ResultType.CERTIFICATE_HOST_MISMATCH);
    }

    @Test
    void chainFoundGoodShouldBeRememberedForAMinute() throws Exception {
        Issued root = CertificateBuilder.authority("Asked Root").selfSigned();
        List<X509Certificate> chain = certificates(CertificateBuilder.server(HOST.ascii()).signedBy(root));
        AtomicInteger asked = new AtomicInteger();
        CertificateCheck counting = new CertificateCheck(jsse(root, () -> asked.incrementAndGet()));
        Instant now = Instant.now();

        for (Instant at : List.of(now, now, now.plusSeconds(59))) {
            assertThat(counting.faults(chain, HOST, at)).isEmpty();
        }
        assertThat(asked).hasValue(1);
        counting.faults(chain, HOST, now.plusSeconds(60));
        assertThat(asked).as("a minute later").hasValue(2);
        counting.faults(chain, HOST, now.minusSeconds(1));
        assertThat(asked).as("the clock was set back").hasValue(3);
    }

    @Test
    void datesOfTheChainShouldBeNoFaultBesideThoseOfTheServersCertificate() throws Exception {
        Instant now = Instant.now();
        Issued root = CertificateBuilder.authority("Dated Root").selfSigned();
        Issued ended = CertificateBuilder.authority("Ended").valid(now.minusSeconds(900), now.minusSeconds(600)).signedBy(root);
        Issued begun = CertificateBuilder.authority("Begun").valid(now.minusSeconds(400), now.plusSeconds(400)).signedBy(root);

        for (Issued issuer : List.of(ended, begun)) {
            Issued leaf = CertificateBuilder.server(HOST.ascii()).valid(now.minusSeconds(800), now.minusSeconds(300)).signedBy(issuer);
            assertThat(trusting(root).faults(certificates(leaf, issuer), HOST, now)).extracting(Violation::type)
                .containsExactly(ResultType.CERTIFICATE_EXPIRED);
        }
    }

    @Test
    void storeWithoutRootsShouldBeNamed() throws Exception {
        KeyStore empty = KeyStore.getInstance("PKCS12");
        empty.load(null, null);

        assertThat(CertificateCheck.trusting(empty).faults(ca.issue("mx.example.org").chain(), HOST, Instant.now()))
            .containsExactly(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, "no trusted roots configured"));
    }

    @Test
    void rootsOfTheJvmShouldNotTrustAStranger() throws Exception {
        assertThat(CertificateCheck.trustingJvm().faults(ca.issue("mx.example.org").chain(), HOST, Instant.now()))
            .containsExactly(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, "the chain does not lead to a trusted authority"));
    }

    @Test
    void limitsOfAuthoritiesShouldHold() throws Exception {
        Issued root = CertificateBuilder.authority("Limited Root").selfSigned();
        Issued shallow = CertificateBuilder.authority("Shallow").pathLength(0).signedBy(root);
        Issued below = CertificateBuilder.authority("Below").signedBy(shallow);
        Issued deep = CertificateBuilder.server(HOST.ascii()).signedBy(below);
        Issued direct = CertificateBuilder.server(HOST.ascii()).signedBy(shallow);
        Issued server = CertificateBuilder.server("other.example").signedBy(root);
        Issued byServer = CertificateBuilder.server(HOST.ascii()).signedBy(server);
        Issued expired = CertificateBuilder.authority("Expired").expired().signedBy(root);
        Issued byExpired = CertificateBuilder.server(HOST.ascii()).signedBy(expired);

        assertThat(trusting(root).faults(certificates(deep, below, shallow), HOST, Instant.now())).extracting(Violation::type)
            .containsExactly(ResultType.CERTIFICATE_NOT_TRUSTED);
        assertThat(trusting(root).faults(certificates(direct, shallow), HOST, Instant.now())).isEmpty();
        assertThat(trusting(root).faults(certificates(byServer, server), HOST, Instant.now())).extracting(Violation::type)
            .containsExactly(ResultType.CERTIFICATE_NOT_TRUSTED);
        assertThat(trusting(root).faults(certificates(byExpired, expired), HOST, Instant.now())).extracting(Violation::type)
            .containsExactly(ResultType.CERTIFICATE_EXPIRED);
    }

    @Test
    void anotherWayShouldBeFoundAroundAnExpiredIssuer() throws Exception {
        Issued root = CertificateBuilder.authority("Way Root").selfSigned();
        KeyPair key = CertificateBuilder.newKey();
        Issued old = CertificateBuilder.authority("Twice").key(key).expired().signedBy(root);
        Issued fresh = CertificateBuilder.authority("Twice").key(key).signedBy(root);
        Issued leaf = CertificateBuilder.server(HOST.ascii()).signedBy(fresh);

        assertThat(trusting(root).faults(certificates(leaf, old, fresh), HOST, Instant.now())).isEmpty();
    }

    @Test
    void authoritiesThatAllIssuedEachOtherShouldCostLittle() throws Exception {
        // one name and one key: every certificate really has issued every other, and none leads anywhere
        KeyPair key = CertificateBuilder.newKey();
        Issued same = CertificateBuilder.authority("Same").key(key).selfSigned();
        List<X509Certificate> chain = new ArrayList<>(certificates(CertificateBuilder.server(HOST.ascii()).signedBy(same)));
        while (chain.size() < 20) {
            chain.add(CertificateBuilder.authority("Same").key(key).signedBy(same).certificate());
        }
        Issued namesake = CertificateBuilder.authority("Same").selfSigned();

        assertTimeoutPreemptively(Duration.ofSeconds(30), () ->
            assertThat(trusting(namesake).faults(chain, HOST, Instant.now())).extracting(Violation::type)
                .containsExactly(ResultType.CERTIFICATE_NOT_TRUSTED));
    }

    @Test
    void hundredCertificatesOfOneNameShouldNotBeLookedAt() {
        Issued same = CertificateBuilder.authority("Same").selfSigned();
        List<X509Certificate> chain = new ArrayList<>(certificates(CertificateBuilder.server(HOST.ascii()).signedBy(same)));
        chain.addAll(Collections.nCopies(99, same.certificate()));

        assertThat(check.faults(chain, HOST, Instant.now()))
            .containsExactly(new Violation(ResultType.CERTIFICATE_NOT_TRUSTED, "chain of 100 certificates"));
    }

    @Test
    void expiryShouldHideNeitherDistrustNorAnotherName() {
        Issued self = CertificateBuilder.server("other.example.org").expired().selfSigned();

        assertThat(check.faults(certificates(self), HOST, Instant.now())).extracting(Violation::type).containsExactly(
            ResultType.CERTIFICATE_HOST_MISMATCH, ResultType.CERTIFICATE_EXPIRED, ResultType.CERTIFICATE_NOT_TRUSTED);
    }

    @Test
    void wrongPurposeShouldBeNamedBesideTheDate() throws Exception {
        Issued root = CertificateBuilder.authority("Purpose Root").selfSigned();
        Issued leaf = CertificateBuilder.server(HOST.ascii()).purpose(KeyPurposeId.id_kp_clientAuth).expired().signedBy(root);

        assertThat(trusting(root).faults(certificates(leaf), HOST, Instant.now())).extracting(Violation::type)
            .containsExactly(ResultType.CERTIFICATE_EXPIRED, ResultType.CERTIFICATE_NOT_TRUSTED);
    }

    @Test
    void signatureOverSha1ShouldNotBeTrustedUnlessItIsTheRootsOwn() throws Exception {
        Issued root = CertificateBuilder.authority("Old Root").signedWith("SHA1withECDSA").selfSigned();
        Issued leaf = CertificateBuilder.server(HOST.ascii()).signedWith("SHA1withECDSA").signedBy(root);
        Issued oldIssuer = CertificateBuilder.authority("Old CA").signedWith("SHA1withECDSA").signedBy(root);
        Issued below = CertificateBuilder.server(HOST.ascii()).signedBy(oldIssuer);
        Issued fresh = CertificateBuilder.server(HOST.ascii()).signedBy(root);

        assertThat(trusting(root).faults(certificates(leaf, root), HOST, Instant.now())).singleElement().satisfies(fault -> {
            assertThat(fault.type()).isEqualTo(ResultType.CERTIFICATE_NOT_TRUSTED);
            assertThat(fault.reason()).contains("SHA1withECDSA");
        });
        assertThat(trusting(root).faults(certificates(below, oldIssuer), HOST, Instant.now())).hasSize(1);
        assertThat(trusting(root).faults(certificates(fresh, root), HOST, Instant.now())).isEmpty();
    }

    @Test
    void pathThatJsseDistrustsShouldNotBeTrusted() {
        Issued root = CertificateBuilder.authority("Distrusted Root").selfSigned();
        Issued leaf = CertificateBuilder.server(HOST.ascii()).signedBy(root);
        CertificateCheck distrusting = new CertificateCheck(jsse(root, () -> {
            throw new CertificateException("certificate issued after 2024-11-11 and anchored by a distrusted legacy root CA");
        }));

        assertThat(distrusting.faults(certificates(leaf), HOST, Instant.now())).singleElement()
            .satisfies(fault -> assertThat(fault.reason()).contains("distrusted legacy root CA"));
    }

    @Test
    void certificateAtWhichTheJdkThrowsShouldBeJudgedByWhatCanBeRead() throws Exception {
        Issued root = CertificateBuilder.authority("Root").selfSigned();
        byte[] brokenMask = new byte[32];
        brokenMask[16] = (byte) 0xa5;
        brokenMask[31] = 1;
        Issued leaf = CertificateBuilder.server(HOST.ascii()).ipAddress(brokenMask).signedBy(root);

        assertThat(trusting(root).faults(certificates(leaf), HOST, Instant.now())).as("its DNS name can be read").isEmpty();
        assertThat(trusting(root).faults(certificates(leaf), DomainName.of("other.example"), Instant.now())).extracting(Violation::type)
            .containsExactly(ResultType.CERTIFICATE_HOST_MISMATCH);
    }

    private interface Judge {

        void judge() throws CertificateException;
    }

    private static X509TrustManager jsse(Issued root, Judge judge) {
        return new X509TrustManager() {
            @Override
            public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
                judge.judge();
            }

            @Override
            public void checkClientTrusted(X509Certificate[] chain, String type) {
                throw new UnsupportedOperationException();
            }

            @Override
            public X509Certificate[] getAcceptedIssuers() {
                return new X509Certificate[] {root.certificate()};
            }
        };
    }

    private static CertificateCheck trusting(Issued issued) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("one", issued.certificate());
        return CertificateCheck.trusting(store);
    }

    private static List<X509Certificate> certificates(Issued... issued) {
        return Stream.of(issued).map(Issued::certificate).toList();
    }

    private static List<ResultType> faults(Identity identity) {
        return check.faults(identity.chain(), HOST, Instant.now()).stream().map(violation -> violation.type()).toList();
    }
}
