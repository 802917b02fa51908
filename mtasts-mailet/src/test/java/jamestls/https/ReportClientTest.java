package jamestls.https;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.fakeinternet.CapturedLog;
import jamestls.fakeinternet.CertificateBuilder;
import jamestls.fakeinternet.CertificateBuilder.Issued;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.TestCa;
import jamestls.https.GuardedHttpsClient.CertificateErrors;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(CapturedLog.LOCK)
class ReportClientTest {

    private static final TestCa TRUSTED = TestCa.create("trusted root");
    private static final TestCa STRANGER = TestCa.create("strange root");
    private static final String HOST = "reports.example";

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(TlsConnector.class, Level.WARN);

    private final DnsServer dns = DnsServer.start();
    private final PolicyHost server = PolicyHost.start();

    @BeforeEach
    void publish() {
        dns.zone().a(HOST, "127.0.0.1");
    }

    @AfterEach
    void stop() {
        server.close();
        dns.close();
    }

    @Test
    void chainToAStrangersRootShouldBeLoggedAndGonePast() {
        server.serve(HOST, STRANGER.issue(HOST), HttpAnswer.policy("taken"));

        assertThat(post(CertificateErrors.LOG, AddressGuard.anywhere())).isInstanceOf(HttpsResult.Answer.class);

        assertThat(log.messages()).singleElement().asString().contains("certificate error ignored").contains("valid certification path");
    }

    @Test
    void certificateForAnotherNameShouldBeLoggedAndGonePast() {
        server.serve(HOST, TRUSTED.issue("other.example"), HttpAnswer.policy("taken"));

        assertThat(post(CertificateErrors.LOG, AddressGuard.anywhere())).isInstanceOf(HttpsResult.Answer.class);

        assertThat(log.messages()).singleElement().asString().contains("the certificate is for other.example");
    }

    @Test
    void namesOfACertificateShouldNotForgeALineOfTheLog() {
        Issued forging = CertificateBuilder.server("other.example",
            "x.example\ndelivery id=Mail7 domain=bank.example result=delivered\u001b[2J\u2028\"").selfSigned();
        server.serve(HOST, new Identity(forging.key().getPrivate(), List.of(forging.certificate())), HttpAnswer.policy("taken"));

        post(CertificateErrors.LOG, AddressGuard.anywhere());

        assertThat(log.messages()).isNotEmpty().allMatch(message -> message.chars().noneMatch(c -> c < ' ' || c == '"' || c == '\u2028'))
            .anyMatch(message -> message.contains("x.example?delivery id=Mail7"));
    }

    @Test
    void goodCertificateShouldNotBeSpokenOf() {
        server.serve(HOST, TRUSTED.issue(HOST), HttpAnswer.policy("taken"));

        assertThat(post(CertificateErrors.LOG, AddressGuard.anywhere())).isInstanceOf(HttpsResult.Answer.class);

        assertThat(log.messages()).isEmpty();
    }

    @Test
    void strictClientShouldRefuseBoth() {
        server.serve(HOST, STRANGER.issue(HOST), HttpAnswer.policy("taken"));

        assertThat(post(CertificateErrors.REFUSE, AddressGuard.anywhere()))
            .isInstanceOfSatisfying(HttpsResult.Failure.class, failure -> assertThat(failure.fault()).isEqualTo(HttpsFault.CERTIFICATE));
    }

    @Test
    void tolerantClientShouldGoToNoPrivateAddressEither() {
        server.serve(HOST, STRANGER.issue(HOST), HttpAnswer.policy("taken"));

        assertThat(post(CertificateErrors.LOG, AddressGuard.publicOnly()))
            .isInstanceOfSatisfying(HttpsResult.Failure.class,
                failure -> assertThat(failure.fault()).isEqualTo(HttpsFault.ADDRESS_NOT_PUBLIC));
        assertThat(server.requests()).isEmpty();
    }

    private HttpsResult post(CertificateErrors errors, AddressGuard guard) {
        HttpsSettings settings = new HttpsSettings(Optional.of(TRUSTED.trustStore()), guard);
        HttpsRequest.Payload payload = new HttpsRequest.Payload("application/tlsrpt+gzip", new byte[] {1});
        try (GuardedHttpsClient client =
                 GuardedHttpsClient.forReports(new DnsjavaDns(DnsSettings.of(List.of(dns.address()))), settings, errors)) {
            return client.exchange(HttpsRequest.post(URI.create("https://" + HOST + ":" + server.port() + PolicyHost.POLICY_PATH), payload,
                Duration.ofSeconds(20), 1_000));
        }
    }
}
