package jamestls.https;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.dns.AddressGuard;
import jamestls.fakeinternet.CertificateBuilder;
import jamestls.fakeinternet.CertificateBuilder.Issued;
import jamestls.fakeinternet.ConnectProxy;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.HttpAnswer.Framing;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.PolicyHost;
import jamestls.https.HttpsResult.Answer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Answers that end early, make no sense to the HTTP library, or come through a proxy. */
class HttpsAnswersTest extends HttpsClientTestBase {

    private static final String TORSO = "version: STSv1\nmode: none\nmax_age: 864";

    @Test
    void bodyThatEndsWithoutLengthAndCloseNotifyShouldBeIncomplete() {
        // RFC 9112 §9.8
        server.answer(HOST, torso("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + TORSO));

        assertThat(failure(get(), HttpsFault.PROTOCOL)).contains("incomplete", "close_notify");
    }

    @Test
    void bodyThatEndsWithoutLengthButWithCloseNotifyShouldBeWhole() {
        server.answer(HOST, new HttpAnswer.Document(200, Optional.of("text/plain"), POLICY, Framing.UNTIL_CLOSE));

        assertThat(answer(get()).body()).asString(StandardCharsets.UTF_8).isEqualTo(POLICY);
    }

    @Test
    void bodyOfKnownLengthShouldNotNeedCloseNotify() {
        server.answer(HOST, torso("HTTP/1.1 200 OK\r\nContent-Length: " + TORSO.length() + "\r\n\r\n" + TORSO));

        assertThat(answer(get()).body()).asString(StandardCharsets.UTF_8).isEqualTo(TORSO);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 000 x\r\n\r\n", "HTTP/1.1 -1 x\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "\u0000\u0000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: what\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"})
    void answerThatMakesNoSenseShouldBeAFaultAndNoException(String text) {
        server.answer(HOST, torso(text));

        failure(get(), HttpsFault.PROTOCOL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\n\r\nhalf"})
    void statusShouldDecideForAPostHoweverItsBodyEnds(String text) {
        server.answer(HOST, torso(text));

        assertThat(answer(post()).status()).isEqualTo(200);
    }

    @Test
    void statusShouldDecideForAPostWithABodyWithoutEnd() {
        server.answer(HOST, new HttpAnswer.DripBody(Duration.ofMillis(50)));

        assertThat(answer(post()).status()).isEqualTo(200);
    }

    @Test
    void retryAfterShouldBeReportedWithinBounds() {
        assertThat(retryAfter("503 Busy", "120")).contains(Duration.ofSeconds(120));
        assertThat(retryAfter("429 Slow down", "999999999")).as("a day at most").contains(Duration.ofDays(1));
        assertThat(retryAfter("503 Busy", "Fri, 31 Dec 1999 23:59:59 GMT")).contains(Duration.ZERO);
        assertThat(retryAfter("503 Busy", "Thu, 31 Dec 2499 23:59:59 GMT")).contains(Duration.ofDays(1));
        assertThat(retryAfter("503 Busy", "soon")).isEmpty();
        assertThat(retryAfter("500 Broken", "120")).as("other statuses do not define it here").isEmpty();
    }

    @Test
    void proxyShouldBeAskedForTheVettedAddress() {
        try (ConnectProxy proxy = ConnectProxy.to(server.address()); GuardedHttpsClient behind = behind(proxy, AddressGuard.publicOnly())) {
            dns.zone().remove(HOST).a(HOST, "9.9.9.9").aaaa(HOST, "2620:fe::fe");

            Answer answer = answer(behind.exchange(HttpsRequest.get(URI.create("https://" + HOST + PolicyHost.POLICY_PATH), PLENTY, MAX_BODY)));

            assertThat(answer.body()).asString(StandardCharsets.UTF_8).isEqualTo(POLICY);
            assertThat(proxy.asked()).containsExactly("CONNECT [2620:fe:0:0:0:0:0:fe]:443 HTTP/1.1");
        }
    }

    @Test
    void proxyThatRefusesAddressesShouldBeAskedForTheNameOfAVettedHost() {
        try (ConnectProxy proxy = ConnectProxy.to(server.address());
             GuardedHttpsClient behind = behind(proxy, HttpsSettings.Proxy.Target.NAME, AddressGuard.publicOnly())) {
            dns.zone().a("private.example", "127.0.0.1");
            failure(behind.exchange(HttpsRequest.get(uri("private.example", "/"), PLENTY, MAX_BODY)), HttpsFault.ADDRESS_NOT_PUBLIC);
            assertThat(proxy.asked()).as("for a host at a private address").isEmpty();

            dns.zone().remove(HOST).a(HOST, "9.9.9.9", "9.9.9.10").aaaa(HOST, "2620:fe::fe");
            answer(behind.exchange(HttpsRequest.get(URI.create("https://" + HOST + PolicyHost.POLICY_PATH), PLENTY, MAX_BODY)));
            assertThat(proxy.asked()).containsExactly("CONNECT " + HOST + ":443 HTTP/1.1");

            proxy.answer("HTTP/1.1 502 no such host\r\n\r\n");
            failure(behind.exchange(HttpsRequest.get(URI.create("https://" + HOST + "/"), PLENTY, MAX_BODY)), HttpsFault.CONNECT);
            assertThat(proxy.asked()).as("once for each address of the proxy").hasSize(2);
        }
    }

    @Test
    void guardShouldJudgeWhatTheProxyIsAskedFor() {
        try (ConnectProxy proxy = ConnectProxy.to(server.address()); GuardedHttpsClient behind = behind(proxy, AddressGuard.publicOnly())) {
            failure(behind.exchange(HttpsRequest.get(uri(HOST, "/"), PLENTY, MAX_BODY)), HttpsFault.ADDRESS_NOT_PUBLIC);

            assertThat(proxy.asked()).isEmpty();
        }
    }

    @Test
    void proxyThatRefusesShouldBeAConnectionFaultWithItsWords() {
        try (ConnectProxy proxy = ConnectProxy.to(server.address()).answer("HTTP/1.1 403 Forbidden\u001b[2J\r\n\r\n");
             GuardedHttpsClient behind = behind(proxy, AddressGuard.anywhere())) {
            assertThat(failure(behind.exchange(HttpsRequest.get(uri(HOST, "/"), PLENTY, MAX_BODY)), HttpsFault.CONNECT))
                .contains("the proxy refuses CONNECT", "403 Forbidden").doesNotContain("\u001b");
        }
    }

    @Test
    void proxyWithoutHttpShouldBeAConnectionFault() {
        try (ConnectProxy proxy = ConnectProxy.to(server.address()).answer("220 hello\r\n" + "x".repeat(20_000));
             GuardedHttpsClient behind = behind(proxy, AddressGuard.anywhere())) {
            failure(behind.exchange(HttpsRequest.get(uri(HOST, "/"), PLENTY, MAX_BODY)), HttpsFault.CONNECT);
        }
    }

    @Test
    void proxyShouldBeReadAsHostAndPort() {
        assertThat(HttpsSettings.Proxy.parse("proxy.example:3128")).isEqualTo(new HttpsSettings.Proxy("proxy.example", 3128));
        assertThat(HttpsSettings.Proxy.parse("[2001:db8::1]:8080")).isEqualTo(new HttpsSettings.Proxy("2001:db8::1", 8080));
        for (String wrong : List.of("", "proxy", "proxy:", ":3128", "proxy:0", "proxy:65536", "2001:db8::1:8080", "http://proxy:3128")) {
            assertThatThrownBy(() -> HttpsSettings.Proxy.parse(wrong)).as(wrong).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void certificateSignedOverSha1ShouldBeRefused() {
        // the JDK refuses it below its own authorities only
        Issued root = CertificateBuilder.authority("Old Root").selfSigned();
        Issued leaf = CertificateBuilder.server(HOST).signedWith("SHA1withECDSA").signedBy(root);
        server.serve(HOST, new Identity(leaf.key().getPrivate(), List.of(leaf.certificate())), HttpAnswer.policy(POLICY));
        try (GuardedHttpsClient trusting = new GuardedHttpsClient(dns(),
            new HttpsSettings(Optional.of(CertificateBuilder.store(root)), AddressGuard.anywhere()))) {
            assertThat(failure(trusting.exchange(HttpsRequest.get(uri(HOST, "/"), PLENTY, MAX_BODY)), HttpsFault.CERTIFICATE))
                .contains("signed with SHA1withECDSA");
        }
    }

    private GuardedHttpsClient behind(ConnectProxy proxy, AddressGuard guard) {
        return behind(proxy, HttpsSettings.Proxy.Target.ADDRESS, guard);
    }

    private GuardedHttpsClient behind(ConnectProxy proxy, HttpsSettings.Proxy.Target target, AddressGuard guard) {
        return new GuardedHttpsClient(dns(), new HttpsSettings(Optional.of(CA.trustStore()), guard,
            Optional.of(HttpsSettings.Proxy.parse("127.0.0.1:" + proxy.port()).asking(target))));
    }

    private Optional<Duration> retryAfter(String status, String value) {
        server.answer(HOST, torso("HTTP/1.1 " + status + "\r\nRetry-After: " + value + "\r\nContent-Length: 0\r\n\r\n"));
        return answer(get()).retryAfter();
    }

    private HttpsResult post() {
        return client.exchange(HttpsRequest.post(uri(HOST, "/report"), new HttpsRequest.Payload("application/tlsrpt+gzip", new byte[] {1}),
            PLENTY, 1_000));
    }

    private static HttpAnswer torso(String text) {
        return new HttpAnswer.Torso(text.getBytes(StandardCharsets.ISO_8859_1));
    }
}
