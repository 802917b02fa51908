package jamestls.fakeinternet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.HttpAnswer.Framing;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Every way of going wrong, seen through a bare socket: what a test relies on must really be on the wire. */
class PolicyHostTest {

    private static final TestCa CA = TestCa.create("root");
    private static final String HOST = "mta-sts.good.example";
    private static final String GET = "GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: " + HOST + "\r\n\r\n";

    private final PolicyHost server = PolicyHost.start().serve(HOST, CA.issue(HOST), HttpAnswer.policy("version: STSv1\n"));

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void policyShouldBeServedByNameAndTheRequestKept() throws Exception {
        assertThat(say(GET)).isEqualTo("HTTP/1.1 200 Status\r\nContent-Type: text/plain\r\nContent-Length: 15\r\n\r\nversion: STSv1\n");
        assertThat(server.requests()).singleElement().satisfies(request -> {
            assertThat(request.sni()).contains(HOST);
            assertThat(request.host()).isEqualTo(HOST);
            assertThat(request.path()).isEqualTo(PolicyHost.POLICY_PATH);
        });
    }

    @Test
    void eachHostShouldShowItsOwnCertificate() throws Exception {
        server.serve("other.example", CA.issueExpired("other.example"), HttpAnswer.policy(""));

        try (SSLSocket socket = connect(HOST)) {
            X509Certificate certificate = (X509Certificate) socket.getSession().getPeerCertificates()[0];
            assertThat(certificate.getSubjectAlternativeNames()).extracting(name -> (Object) name.get(1)).containsExactly(HOST);
        }
        assertThatThrownBy(() -> connect("other.example")).isInstanceOf(SSLHandshakeException.class).hasMessageContaining("validity");
        assertThatThrownBy(() -> connect("unknown.example")).isInstanceOf(SSLHandshakeException.class);
    }

    @Test
    void otherPathShouldNotBeFound() throws Exception {
        assertThat(say("GET /x HTTP/1.1\r\n\r\n")).startsWith("HTTP/1.1 404 ");
    }

    @Test
    void postShouldBeKept() throws Exception {
        server.collect(HOST, CA.issue(HOST));

        assertThat(say("POST /report HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")).startsWith("HTTP/1.1 200 ");
        assertThat(server.requests().getFirst().body()).asString(StandardCharsets.US_ASCII).isEqualTo("abc");
    }

    @Test
    void redirectShouldPointElsewhere() throws Exception {
        server.answer(HOST, new HttpAnswer.Redirect("https://elsewhere.example/"));

        assertThat(say(GET)).startsWith("HTTP/1.1 301 ").contains("\r\nLocation: https://elsewhere.example/\r\n");
    }

    @Test
    void mediaTypeShouldBeAsToldOrMissing() throws Exception {
        server.answer(HOST, HttpAnswer.policy("x", Optional.of("text/html")));
        assertThat(say(GET)).contains("\r\nContent-Type: text/html\r\n");

        server.answer(HOST, HttpAnswer.policy("x", Optional.empty()));
        assertThat(say(GET)).doesNotContain("Content-Type");
    }

    @Test
    void framingShouldMarkTheEndOfTheBody() throws Exception {
        server.answer(HOST, HttpAnswer.bytes(20, Framing.CHUNKED));
        assertThat(say(GET)).contains("Transfer-Encoding: chunked").endsWith("\r\n14\r\n" + "x".repeat(20) + "\r\n0\r\n\r\n");

        server.answer(HOST, HttpAnswer.bytes(20, Framing.UNTIL_CLOSE));
        assertThat(say(GET)).doesNotContain("Content-Length", "chunked").endsWith("\r\n\r\n" + "x".repeat(20));
    }

    @Test
    void dripsShouldGoOnAndOn() throws Exception {
        for (HttpAnswer drip : List.of(new HttpAnswer.DripBody(Duration.ofMillis(1)), new HttpAnswer.DripHeaders(Duration.ofMillis(1)))) {
            server.answer(HOST, drip);
            try (SSLSocket socket = connect(HOST)) {
                socket.getOutputStream().write(GET.getBytes(StandardCharsets.US_ASCII));
                assertThat(socket.getInputStream().readNBytes(200)).hasSize(200);
            }
        }
    }

    @Test
    void hugeHeadersShouldBeThatHuge() throws Exception {
        server.answer(HOST, new HttpAnswer.HugeHeaders(3, 5000));

        assertThat(say(GET)).contains("\r\nX-2: " + "h".repeat(5000) + "\r\n");
    }

    @Test
    void connectionClosedInTheMiddleOfTheBodyShouldBeAnError() throws Exception {
        server.answer(HOST, new HttpAnswer.CloseMidBody());

        assertThatThrownBy(() -> say(GET)).isInstanceOf(IOException.class);
    }

    @Test
    void stallShouldComeAfterTheRequest() throws Exception {
        server.answer(HOST, new HttpAnswer.Stall());
        try (SSLSocket socket = connect(HOST)) {
            socket.getOutputStream().write(GET.getBytes(StandardCharsets.US_ASCII));
            socket.setSoTimeout(200);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        }
        await().untilAsserted(() -> assertThat(server.requests()).hasSize(1));
    }

    @Test
    void doorShouldDecideWhatAConnectionMeets() throws Exception {
        server.door(PolicyHost.Door.STALLED);
        try (Socket plain = new Socket(server.address().getAddress(), server.port())) {
            plain.setSoTimeout(200);
            assertThatThrownBy(() -> plain.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        }
        server.door(PolicyHost.Door.PLAIN_TEXT);
        try (Socket plain = new Socket(server.address().getAddress(), server.port())) {
            assertThat(plain.getInputStream().readAllBytes()).startsWith('2', '2', '0');
        }
        server.door(PolicyHost.Door.SLAMMED);
        assertThatThrownBy(() -> connect(HOST)).isInstanceOf(IOException.class);
    }

    @Test
    void protocolsShouldBeOnlyThoseTold() throws Exception {
        server.protocols("TLSv1.2");

        try (SSLSocket socket = connect(HOST)) {
            assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.2");
        }
    }

    private String say(String request) throws Exception {
        try (SSLSocket socket = connect(HOST)) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    private SSLSocket connect(String sni) throws IOException, GeneralSecurityException {
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(CA.trustStore());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(server.address().getAddress(), server.port());
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(sni)));
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }
}
