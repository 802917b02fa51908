package jamestls.mtasts.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.CertificateBuilder;
import jamestls.fakeinternet.CertificateBuilder.Issued;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.SmtpServer;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peers at whose bytes a library throws what it should not: a mail goes on as its policy says, and no connection is left. */
class PoisonedPeersTest {

    private static final String DOMAIN = "example.org";
    private static final String HOST = "mx.example.org";

    private TestDelivery internet;

    @BeforeEach
    void start() throws Exception {
        internet = new TestDelivery();
    }

    @AfterEach
    void stop() {
        internet.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"no policy", "none", "testing", "enforce"})
    void certificateAtWhichTheJdkThrowsShouldCostNoMailAndNoConnection(String mode) throws Exception {
        if (!mode.equals("no policy")) {
            internet.policy(DOMAIN, mode, "*.example.org");
        }
        SmtpServer poisoned = internet.mx(DOMAIN, 1, HOST, setup -> setup.identity(poisoned()));
        SmtpServer honest = internet.mx(DOMAIN, 2, "mx2.example.org", setup -> setup.identity(internet.ca.issue("mx2.example.org")));

        for (int round = 1; round <= 15; round++) {
            assertThat(internet.deliver(DOMAIN)).isInstanceOfSatisfying(DeliveryResult.Answered.class,
                answered -> assertThat(answered.accepted()).hasSize(1));
        }

        assertThat(mode.equals("enforce") ? honest.mails() : poisoned.mails()).hasSize(15)
            .allSatisfy(mail -> assertThat(mail.tls()).isPresent());
        assertThat(mode.equals("enforce") ? poisoned.mails() : honest.mails()).isEmpty();
        await().until(() -> internet.openConnections() == 0);
    }

    @Test
    void certificateAtWhichTheJdkThrowsShouldBeReportedAsUntrusted() throws Exception {
        internet.policy(DOMAIN, "testing", HOST).mx(DOMAIN, poisoned());
        internet.deliver(DOMAIN);

        assertThat(internet.outcomes).singleElement().satisfies(outcome -> assertThat(outcome.verdicts()).singleElement()
            .isInstanceOfSatisfying(PolicyVerdict.Violated.class, violated -> assertThat(violated.violations())
                .extracting(Violation::type).containsExactly(ResultType.CERTIFICATE_NOT_TRUSTED)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 000 x\r\n\r\n", "HTTP/1.1 -1 x\r\n\r\n", "\u0000\u0000\r\n\r\n"})
    void policyHostThatMakesTheHttpLibraryThrowShouldCostNoMail(String answer) throws Exception {
        // RFC 8461 §3.3: a policy that can't be fetched is none
        SmtpServer mx = internet.policy(DOMAIN, "enforce", "elsewhere.example").goodMx(DOMAIN);
        internet.policyHost.answer("mta-sts." + DOMAIN, new HttpAnswer.Raw(answer.getBytes(StandardCharsets.ISO_8859_1)));

        assertThat(internet.deliver(DOMAIN)).isInstanceOf(DeliveryResult.Answered.class);

        assertThat(mx.mails()).hasSize(1);
        assertThat(internet.outcomes).singleElement().satisfies(outcome -> assertThat(outcome.verdicts()).singleElement()
            .isInstanceOfSatisfying(PolicyVerdict.Violated.class, violated -> assertThat(violated.violations())
                .extracting(Violation::type).containsExactly(ResultType.STS_POLICY_FETCH_ERROR)));
        await().until(() -> internet.policyHost.openConnections() == 0);
    }

    /** Its subjectAltName has an address of 32 bytes, whose second half is a mask with holes. */
    private static Identity poisoned() {
        byte[] brokenMask = new byte[32];
        brokenMask[16] = (byte) 0xa5;
        brokenMask[31] = 1;
        Issued issued = CertificateBuilder.server(HOST).ipAddress(brokenMask).selfSigned();
        return new Identity(issued.key().getPrivate(), List.of(issued.certificate()));
    }
}
