package jamestls.mtasts.policy;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.TestCa;
import jamestls.mtasts.dns.DomainName;
import jamestls.mtasts.outcome.ResultType;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
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

    private static List<ResultType> faults(Identity identity) {
        return check.faults(identity.chain(), HOST, Instant.now()).stream().map(violation -> violation.type()).toList();
    }
}
