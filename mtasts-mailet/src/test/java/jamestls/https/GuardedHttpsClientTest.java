package jamestls.https;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import jamestls.dns.AddressGuard;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.HttpAnswer.Framing;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.ReceivedHttpRequest;
import jamestls.https.HttpsResult.Answer;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class GuardedHttpsClientTest extends HttpsClientTestBase {

    private static final Duration SHORT = Duration.ofMillis(700);

    @Test
    void getShouldBringStatusMediaTypeAndBody() throws Exception {
        Answer answer = answer(get());

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.contentType()).contains("text/plain");
        assertThat(answer.body()).asString(StandardCharsets.UTF_8).isEqualTo(POLICY);
        assertThat(answer.from()).isEqualTo(InetAddress.getByName("127.0.0.1"));
    }

    @Test
    void getShouldSayNoMoreThanItMust() {
        answer(get());

        assertThat(server.requests()).singleElement().satisfies(request -> {
            assertThat(request.sni()).contains(HOST);
            assertThat(request.method()).isEqualTo("GET");
            assertThat(request.path()).isEqualTo(PolicyHost.POLICY_PATH);
            assertThat(request.host()).isEqualTo(HOST + ":" + server.port());
            assertThat(request.headers()).containsEntry("user-agent", "jamestls").containsEntry("connection", "close")
                .containsOnlyKeys("host", "user-agent", "connection");
        });
    }

    @Test
    void eachExchangeShouldHaveAConnectionOfItsOwnAndLeaveNoneBehind() {
        answer(get());
        answer(get());

        assertThat(server.requests(HOST)).isEqualTo(2);
        await().untilAsserted(() -> assertThat(server.openConnections()).isZero());
    }

    @Test
    void postShouldSendThePayloadAsItIs() {
        server.collect("reports.example", CA.issue("reports.example"));
        dns.zone().a("reports.example", "127.0.0.1");
        byte[] report = {31, -117, 8, 0, 1, 2, 3};

        HttpsResult result = client.exchange(HttpsRequest.post(uri("reports.example", "/v1/tlsrpt?to=x"),
            new HttpsRequest.Payload("application/tlsrpt+gzip", report), PLENTY, MAX_BODY));

        assertThat(answer(result).status()).isEqualTo(200);
        ReceivedHttpRequest seen = server.requests().getFirst();
        assertThat(seen.method()).isEqualTo("POST");
        assertThat(seen.path()).isEqualTo("/v1/tlsrpt?to=x");
        assertThat(seen.headers()).containsEntry("content-type", "application/tlsrpt+gzip");
        assertThat(seen.body()).isEqualTo(report);
    }

    @Test
    void redirectShouldComeBackAsItIs() {
        // RFC 8461 §3.3
        server.answer(HOST, new HttpAnswer.Redirect("https://" + HOST + ":" + server.port() + PolicyHost.POLICY_PATH));

        assertThat(answer(get()).status()).isEqualTo(301);
        assertThat(server.requests()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {204, 304, 401, 403, 404, 407, 408, 425, 429, 500, 502, 503})
    void otherStatusShouldComeBackAsItIs(int status) {
        server.answer(HOST, HttpAnswer.status(status, ""));

        assertThat(answer(get()).status()).isEqualTo(status);
        assertThat(server.requests()).hasSize(1);
    }

    @Test
    void mediaTypeShouldComeBackWithoutOpinion() {
        server.answer(HOST, HttpAnswer.policy(POLICY, Optional.of("  Text/Plain; charset=UTF-8  ")));
        assertThat(answer(get()).contentType()).contains("Text/Plain; charset=UTF-8");

        server.answer(HOST, HttpAnswer.policy(POLICY, Optional.empty()));
        assertThat(answer(get()).contentType()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Framing.class)
    void bodyShouldBeTakenUpToTheLimitAndRefusedAboveIt(Framing framing) {
        server.answer(HOST, HttpAnswer.bytes(MAX_BODY, framing));
        assertThat(answer(get()).body()).hasSize(MAX_BODY);

        server.answer(HOST, HttpAnswer.bytes(MAX_BODY + 1, framing));
        assertThat(failure(get(), HttpsFault.TOO_LARGE)).contains(HOST, "status 200", "more than 65536 bytes");
    }

    @Test
    void contentEncodingShouldNotBeUndone() {
        byte[] raw = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
            .getBytes(StandardCharsets.US_ASCII);
        server.answer(HOST, new HttpAnswer.Raw(raw));

        assertThat(answer(get()).body()).asString(StandardCharsets.US_ASCII).isEqualTo("abc");
    }

    @Test
    void manyOrLongHeadersShouldBeRefused() {
        server.answer(HOST, new HttpAnswer.HugeHeaders(100, 10));
        failure(get(), HttpsFault.TOO_LARGE);

        server.answer(HOST, new HttpAnswer.HugeHeaders(1, 20_000));
        failure(get(), HttpsFault.TOO_LARGE);

        server.answer(HOST, new HttpAnswer.HugeHeaders(20, 1_000));
        assertThat(answer(get()).status()).isEqualTo(200);
    }

    @Test
    void answerThatEndsInTheMiddleShouldFail() {
        server.answer(HOST, new HttpAnswer.CloseMidBody());

        failure(get(), HttpsFault.PROTOCOL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "SSH-2.0-nonsense\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 999 Odd\r\n\r\n", "<html></html>",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"})
    void whatIsNotHttpShouldFail(String raw) {
        server.answer(HOST, new HttpAnswer.Raw(raw.getBytes(StandardCharsets.US_ASCII)));

        failure(get(), HttpsFault.PROTOCOL);
    }

    @Test
    void deadlineShouldCoverABodyThatDrips() {
        server.answer(HOST, new HttpAnswer.DripBody(Duration.ofMillis(20)));

        assertEndsInTime(HttpsFault.TIMEOUT);
    }

    @Test
    void deadlineShouldCoverHeadersThatDrip() {
        server.answer(HOST, new HttpAnswer.DripHeaders(Duration.ofMillis(20)));

        assertEndsInTime(HttpsFault.TIMEOUT);
    }

    @Test
    void deadlineShouldCoverAServerThatSaysNothing() {
        server.answer(HOST, new HttpAnswer.Stall());

        assertEndsInTime(HttpsFault.TIMEOUT);
    }

    @Test
    void deadlineShouldCoverTheHandshake() {
        server.door(PolicyHost.Door.STALLED);

        assertEndsInTime(HttpsFault.TIMEOUT);
    }

    @Test
    void deadlineShouldCoverTheLookUp() {
        dns.faults().set(HOST, DnsFault.TIMEOUT);

        assertEndsInTime(HttpsFault.TIMEOUT);
    }

    @Test
    void closeShouldEndWhatIsRunning() {
        server.answer(HOST, new HttpAnswer.Stall());
        Thread.startVirtualThread(() -> {
            await().until(() -> server.requests(HOST) == 1);
            client.close();
        });

        assertThat(failure(get(), HttpsFault.TIMEOUT)).contains(HOST);
        failure(get(), HttpsFault.TIMEOUT);
    }

    @Test
    void nameWithoutAddressShouldBeALookUpFault() {
        assertThat(failure(get("nobody.example"), HttpsFault.ADDRESS_LOOKUP)).isEqualTo("nobody.example has no address");

        dns.faults().set("broken.example", DnsFault.SERVFAIL);
        assertThat(failure(get("broken.example"), HttpsFault.ADDRESS_LOOKUP)).contains("broken.example", "SERVFAIL");
    }

    @Test
    void addressesThatAreNotPublicShouldNotBeConnectedTo() {
        dns.zone().a(HOST, "10.0.0.1", "169.254.169.254").aaaa(HOST, "::1", "fd00::1");
        try (GuardedHttpsClient guarded = client(AddressGuard.publicOnly())) {
            assertThat(failure(guarded.exchange(HttpsRequest.get(uri(HOST, "/"), PLENTY, MAX_BODY)), HttpsFault.ADDRESS_NOT_PUBLIC))
                .contains(HOST, "127.0.0.1 is not public: loopback", "169.254.169.254", "fd00:0:0:0:0:0:0:1");
        }
        assertThat(server.connections()).isZero();
    }

    @Test
    void addressThatCanBeUsedShouldNotBeHiddenBehindOthers() throws Exception {
        IntStream.range(0, 100).forEach(i -> dns.zone().a(HOST, "10.0.0." + i).aaaa(HOST, "fd00::" + i));
        AddressGuard guard = AddressGuard.publicOnly().alsoAllowing(Set.of(InetAddress.getByName("127.0.0.1")));
        try (GuardedHttpsClient guarded = client(guard)) {
            assertThat(guarded.exchange(HttpsRequest.get(uri(HOST, PolicyHost.POLICY_PATH), PLENTY, MAX_BODY))).isInstanceOf(Answer.class);
        }
    }

    @Test
    void familiesShouldBeTriedInTurn() throws Exception {
        IntStream.range(1, 100).forEach(i -> dns.zone().aaaa(HOST, "100::" + i));
        try (GuardedHttpsClient guarded = client(AddressGuard.anywhere())) {
            assertThat(guarded.exchange(HttpsRequest.get(uri(HOST, PolicyHost.POLICY_PATH), PLENTY, MAX_BODY))).isInstanceOf(Answer.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://mta-sts.good.example/", "https://127.0.0.1/", "https://[::1]/", "https:///x",
        "https://a@mta-sts.good.example/",
        "https://mta-sts.good.example:0/", "https://mta-sts.good.example:65536/", "mailto:a@b.example", "/relative", "https://b%61d/"})
    void uriThatIsNotHttpsToADomainNameShouldBeRefused(String uri) {
        assertThat(failure(client.exchange(HttpsRequest.get(URI.create(uri), PLENTY, MAX_BODY)), HttpsFault.PROTOCOL))
            .startsWith("not an https URI");
        assertThat(dns.queries()).isEmpty();
    }

    @Test
    void trustStoreWithoutRootsShouldBeRefusedAtOnce() throws Exception {
        KeyStore empty = KeyStore.getInstance("PKCS12");
        empty.load(null, null);

        assertThatThrownBy(() -> new GuardedHttpsClient(dns(), new HttpsSettings(Optional.of(empty), AddressGuard.anywhere())))
            .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("trust store");
    }

    private void assertEndsInTime(HttpsFault fault) {
        long start = System.nanoTime();

        failure(client.exchange(HttpsRequest.get(uri(HOST, PolicyHost.POLICY_PATH), SHORT, MAX_BODY)), fault);

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(SHORT.minusMillis(50), Duration.ofSeconds(10));
    }
}
