package jamestls.fakeinternet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;

class SmtpServerTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Test
    void honestServerShouldTakeAMail() throws IOException {
        try (SmtpServer server = SmtpServer.named("mx.example.test").start(); Client client = new Client(server)) {
            client.hears("220 mx.example.test ESMTP");
            client.says("EHLO me").hears("250-mx.example.test greets me", "250-PIPELINING", "250-SIZE 52428800", "250-8BITMIME",
                "250 ENHANCEDSTATUSCODES");
            client.says("MAIL FROM:<a@x.test> SIZE=9 BODY=8BITMIME").hears("250 2.1.0 ok");
            client.says("RCPT TO:<b@y.test> NOTIFY=NEVER").hears("250 2.1.5 ok");
            client.says("DATA").hears("354 go on");
            client.says("..x", "y", ".").hears("250 2.0.0 taken");

            ReceivedMail mail = server.awaitMails(1, PATIENCE).getFirst();
            assertThat(mail.text()).isEqualTo(".x\r\ny\r\n");
            assertThat(mail.sender()).isEqualTo("a@x.test");
            assertThat(mail.mailParameters()).containsExactly("SIZE=9", "BODY=8BITMIME");
            assertThat(mail.recipients()).containsExactly(new ReceivedMail.Recipient("b@y.test", List.of("NOTIFY=NEVER")));
            assertThat(mail.tls()).isEmpty();
            assertThat(server.transcript()).startsWith("S: 220 mx.example.test ESMTP", "C: EHLO me");
        }
    }

    @Test
    void serverWithIdentityShouldOfferTlsAndShowIt() throws Exception {
        TestCa ca = TestCa.create("Server Test CA");
        try (SmtpServer server = SmtpServer.named("localhost").identity(ca.issue("localhost")).keywords("XCLEAR")
                .keywordsUnderTls("XTLS").start();
             Client client = new Client(server)) {
            client.hears("220 localhost ESMTP").says("EHLO me").hears("250-localhost greets me", "250-XCLEAR", "250 STARTTLS");
            client.says("STARTTLS").hears("220 2.0.0 go");
            client.startTls(ca);
            client.says("EHLO me").hears("250-localhost greets me", "250 XTLS");
            client.says("MAIL FROM:<>").hears("250 2.1.0 ok").says("RCPT TO:<b@y.test>").hears("250 2.1.5 ok");
            client.says("DATA").hears("354 go on").says(".").hears("250 2.0.0 taken");

            ReceivedMail.Tls tls = server.awaitMails(1, PATIENCE).getFirst().tls().orElseThrow();
            assertThat(tls.protocol()).isEqualTo("TLSv1.3");
            assertThat(tls.sni()).contains("localhost");
        }
    }

    @Test
    void serverShouldInsistOnTheOrderOfCommands() throws IOException {
        try (SmtpServer server = SmtpServer.named("mx.example.test").start(); Client client = new Client(server)) {
            client.hears("220 mx.example.test ESMTP").says("MAIL FROM:<>").hears("503 5.5.1 not now");
            client.says("HELO me").hears("250 mx.example.test greets me").says("RCPT TO:<b@y.test>").hears("503 5.5.1 from whom?");
            client.says("DATA").hears("554 5.5.1 to whom?").says("STARTTLS").hears("503 5.5.1 no TLS here");
            client.says("QUIT").hears("221 2.0.0 bye");
            assertThat(client.in.readLine()).isNull();
        }
    }

    @Test
    void actsShouldReplaceWordsOnceOrAlwaysOrForOneRecipient() throws IOException {
        try (SmtpServer server = SmtpServer.named("mx.example.test").start(); Client client = new Client(server)) {
            server.once(SmtpPhase.MAIL, SmtpAct.say("451 later")).reply(SmtpPhase.RCPT, "450 full").replyTo("b@y.test", "550 who?");
            client.hears("220 mx.example.test ESMTP").says("HELO me").hears("250 mx.example.test greets me");
            client.says("MAIL FROM:<>").hears("451 later").says("MAIL FROM:<>").hears("250 2.1.0 ok");
            client.says("RCPT TO:<a@y.test>").hears("450 full").says("RCPT TO:<b@y.test>").hears("550 who?");
            server.behave();
            client.says("RCPT TO:<b@y.test>").hears("250 2.1.5 ok");
        }
    }

    @Test
    void serverShouldListenWhereItIsTold() throws IOException {
        try (SmtpServer server = SmtpServer.named("mx.example.test").on("127.0.0.9").start(); Client client = new Client(server)) {
            assertThat(server.ip().getHostAddress()).isEqualTo("127.0.0.9");
            assertThat(server.address()).isEqualTo(new InetSocketAddress("127.0.0.9", server.port()));
            client.hears("220 mx.example.test ESMTP");
        }
    }

    @Test
    void connectionsShouldBeCounted() throws IOException {
        try (SmtpServer server = SmtpServer.named("mx.example.test").start()) {
            server.at(SmtpPhase.GREETING, SmtpAct.stall());
            try (Client one = new Client(server); Client two = new Client(server)) {
                await().atMost(PATIENCE).until(() -> server.openConnections() == 2);
                assertThat(one.socket.isConnected() && two.socket.isConnected()).isTrue();
            }
            await().atMost(PATIENCE).until(() -> server.openConnections() == 0);
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    @Test
    void closingShouldEndEveryConnection() throws IOException {
        SmtpServer server = SmtpServer.named("mx.example.test").start();
        server.at(SmtpPhase.EHLO, SmtpAct.stall());
        try (Client client = new Client(server)) {
            client.hears("220 mx.example.test ESMTP").says("EHLO me");
            server.close();

            assertThat(client.hangsUp()).isTrue();
            await().atMost(PATIENCE).until(() -> server.openConnections() == 0);
        }
    }

    @Test
    void mailThatDoesNotComeShouldBeSaidWithTheTranscript() throws IOException {
        try (SmtpServer server = SmtpServer.named("mx.example.test").start(); Client client = new Client(server)) {
            client.hears("220 mx.example.test ESMTP");
            assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> server.awaitMails(1, Duration.ofMillis(50)))
                .withMessageContaining("0 of 1 mails").withMessageContaining("S: 220");
        }
    }

    @Test
    void latencyShouldDelayReplies() throws IOException {
        try (SmtpServer server = SmtpServer.named("mx.example.test").start().latency(Duration.ofMillis(200))) {
            long start = System.nanoTime();
            try (Client client = new Client(server)) {
                client.hears("220 mx.example.test ESMTP");
                assertThat(System.nanoTime() - start).isGreaterThan(Duration.ofMillis(190).toNanos());
            }
        }
    }

    private static final class Client implements AutoCloseable {

        private Socket socket;
        private BufferedReader in;

        private Client(SmtpServer server) throws IOException {
            use(new Socket(server.ip(), server.port()));
        }

        private Client says(String... lines) throws IOException {
            socket.getOutputStream().write((String.join("\r\n", lines) + "\r\n").getBytes(StandardCharsets.US_ASCII));
            return this;
        }

        private Client hears(String... lines) throws IOException {
            for (String line : lines) {
                assertThat(in.readLine()).isEqualTo(line);
            }
            return this;
        }

        private boolean hangsUp() {
            try {
                return in.read() < 0;
            } catch (IOException reset) {
                return true;
            }
        }

        private void startTls(TestCa ca) throws Exception {
            TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(ca.trustStore());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trust.getTrustManagers(), null);
            SSLSocket secured = (SSLSocket) context.getSocketFactory().createSocket(socket, "localhost", socket.getPort(), true);
            SSLParameters parameters = secured.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            parameters.setServerNames(List.of(new SNIHostName("localhost")));
            secured.setSSLParameters(parameters);
            secured.startHandshake();
            use(secured);
        }

        private void use(Socket next) throws IOException {
            socket = next;
            in = new BufferedReader(new InputStreamReader(next.getInputStream(), StandardCharsets.US_ASCII));
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
