package jamestls.smtp;

import static jamestls.smtp.SmtpFixture.CA;
import static jamestls.smtp.SmtpFixture.MX;
import static jamestls.smtp.SmtpFixture.connect;
import static jamestls.smtp.SmtpFixture.connector;
import static jamestls.smtp.SmtpFixture.failureOf;
import static jamestls.smtp.SmtpFixture.said;
import static jamestls.smtp.SmtpFixture.settings;
import static jamestls.smtp.SmtpFixture.tlsServer;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.OutdatedTlsPeer;
import jamestls.fakeinternet.SmtpAct;
import jamestls.fakeinternet.SmtpPhase;
import jamestls.fakeinternet.SmtpServer;
import jamestls.fakeinternet.TestCa;
import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpConnector.TlsUse;
import jamestls.smtp.TlsObservation.Handshake;
import jamestls.smtp.TlsObservation.StartTls;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SessionSetupTest {

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void observationShouldShowChainProtocolAndCipher(String protocol) {
        Identity identity = CA.issue(MX.ascii());
        try (SmtpServer server = SmtpServer.named(MX.ascii()).identity(identity).protocols(protocol).start();
             SmtpConnector connector = connector(); SmtpSession session = connect(connector, server)) {
            Handshake.Completed handshake = (Handshake.Completed) session.observation().handshake();

            assertThat(handshake.chain()).isEqualTo(identity.chain());
            assertThat(handshake.protocol()).isEqualTo(protocol);
            assertThat(handshake.cipherSuite()).startsWith("TLS_");
            assertThat(session.observation().failure()).isEmpty();
            assertThat(session.observation().startTls()).isEqualTo(StartTls.OFFERED);
            assertThat(session.observation().startTlsReply()).hasValueSatisfying(reply -> assertThat(reply.code()).isEqualTo(220));
        }
    }

    @Test
    void observationShouldShowGreetingHeloAndBothAddresses() throws IOException {
        InetAddress ours = InetAddress.getByName("127.0.0.3");
        try (SmtpServer server = SmtpServer.named("other-name.example.test").on("127.0.0.2").start();
             SmtpConnector connector = new SmtpConnector(settings().withBindAddresses(List.of(ours)));
             SmtpSession session = connect(connector, server)) {
            TlsObservation seen = session.observation();

            assertThat(seen.mxHost()).isEqualTo(MX);
            assertThat(seen.receivingIp()).isEqualTo(InetAddress.getByName("127.0.0.2"));
            assertThat(seen.sendingIp()).contains(ours);
            assertThat(seen.greeting()).map(SmtpReply::toString).contains("220 other-name.example.test ESMTP");
            assertThat(seen.helo()).contains("other-name.example.test");
            assertThat(seen.startTls()).isEqualTo(StartTls.NOT_OFFERED);
            assertThat(seen.handshake()).isEqualTo(new Handshake.NotAttempted());
            assertThat(said(server, "C: STARTTLS")).isEmpty();
        }
    }

    @Test
    void everyHandshakeShouldShowItsChain() {
        try (SmtpServer server = tlsServer(); SmtpConnector connector = connector()) {
            for (int i = 0; i < 3; i++) {
                try (SmtpSession session = connect(connector, server)) {
                    assertThat(((Handshake.Completed) session.observation().handshake()).chain()).hasSize(2);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void sessionShouldBeResumedWithTheSamePeerOnly(String protocol) {
        try (SmtpServer server = SmtpServer.named(MX.ascii()).identity(SmtpFixture.CA.issue(MX.ascii())).protocols(protocol).start();
             SmtpConnector connector = connector()) {
            Handshake.Completed first = handshake(connector, server, MX);
            Handshake.Completed second = handshake(connector, server, MX);

            assertThat(first.keys()).isEqualTo(Handshake.Keys.AGREED_ANEW);
            assertThat(second.keys()).isEqualTo(Handshake.Keys.RESUMED);
            assertThat(second.chain()).isEqualTo(first.chain()).hasSize(2);
            // another name in SNI might have shown another certificate
            assertThat(handshake(connector, server, DomainName.of("other.example.test")).keys()).isEqualTo(Handshake.Keys.AGREED_ANEW);
            connector.requireFullHandshake(MX, MX, server.address());
            assertThat(handshake(connector, server, MX).keys()).isEqualTo(Handshake.Keys.AGREED_ANEW);
        }
    }

    private static Handshake.Completed handshake(SmtpConnector connector, SmtpServer server, DomainName sni) {
        try (SmtpSession session = connector.connect(MX, sni, server.address(), TlsUse.IF_OFFERED)) {
            return (Handshake.Completed) session.observation().handshake();
        }
    }

    @Test
    void handshakeShouldAcceptAnyCertificateBecauseItIsJudgedAfterwards() {
        try (SmtpServer server = SmtpServer.named(MX.ascii()).identity(TestCa.selfSigned("wrong.example.test")).start();
             SmtpConnector connector = connector(); SmtpSession session = connect(connector, server)) {
            assertThat(session.observation().handshake()).isInstanceOf(Handshake.Completed.class);
        }
    }

    @Test
    void sniShouldBeTheMxHost() {
        try (SmtpServer server = tlsServer(); SmtpConnector connector = connector(); SmtpSession session = connect(connector, server)) {
            session.send(SmtpFixture.to("bob@example.test"), SmtpFixture.MAIL);

            assertThat(server.mails().getFirst().tls().orElseThrow().sni()).contains(MX.ascii());
        }
    }

    @Test
    void mxWithUnderscoreShouldBeReachedWithoutSni() {
        try (SmtpServer server = tlsServer(); SmtpConnector connector = connector();
             SmtpSession session = connector.connect(DomainName.of("mx_1.example.test"), server.address(), TlsUse.IF_OFFERED)) {
            assertThat(session.observation().handshake()).isInstanceOf(Handshake.Completed.class);
        }
    }

    @Test
    void handshakeWithoutCommonProtocolShouldFailWithItsCause() {
        try (SmtpServer server = tlsServer(); SmtpConnector connector = connector()) {
            server.at(SmtpPhase.HANDSHAKE, SmtpAct.sayBytes(new byte[] {0x15, 3, 3, 0, 2, 2, 70}).then(SmtpAct.Then.CLOSE));
            try (SmtpSession session = connect(connector, server)) {
                assertThat(((Handshake.Failed) session.observation().handshake()).cause()).contains("protocol_version");
                assertThat(failureOf(session).phase()).isEqualTo(Phase.HANDSHAKE);
                assertThat(session.isUsable()).isFalse();
            }
            SmtpFixture.awaitNoConnection(server);
        }
    }

    @Test
    void hangUpInHandshakeShouldFailTheHandshake() {
        try (SmtpServer server = tlsServer(); SmtpConnector connector = connector()) {
            server.at(SmtpPhase.HANDSHAKE, SmtpAct.drop());
            try (SmtpSession session = connect(connector, server)) {
                assertThat(session.observation().handshake()).isInstanceOf(Handshake.Failed.class);
                assertThat(failureOf(session).phase()).isEqualTo(Phase.HANDSHAKE);
            }
        }
    }

    @Test
    void tls11ShouldBeRefused() throws Exception {
        // RFC 8461 §7.2
        try (ServerSocket old = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")); SmtpConnector connector = connector()) {
            CompletableFuture<Integer> alert = CompletableFuture.supplyAsync(() -> alertAtTls11(old));
            try (SmtpSession session = connector.connect(MX, new InetSocketAddress("127.0.0.1", old.getLocalPort()), TlsUse.IF_OFFERED)) {
                assertThat(session.observation().handshake()).isInstanceOfSatisfying(Handshake.Failed.class,
                    failed -> assertThat(failed.cause()).contains("protocol_version"));
                assertThat(alert.get()).isEqualTo(OutdatedTlsPeer.PROTOCOL_VERSION);
            }
        }
    }

    /** SMTP up to STARTTLS, then TLS 1.1. */
    private static int alertAtTls11(ServerSocket server) {
        try (Socket socket = server.accept()) {
            BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
            for (String line : List.of("220 mx1.example.test\r\n", "250-mx1.example.test\r\n250 STARTTLS\r\n", "220 go ahead\r\n")) {
                socket.getOutputStream().write(line.getBytes(StandardCharsets.US_ASCII));
                if (!line.startsWith("220 go")) {
                    in.readLine();
                }
            }
            return OutdatedTlsPeer.answer(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void alertAfterHandshakeShouldCountAsFailedHandshake(String protocol) {
        try (SmtpServer server = SmtpServer.named(MX.ascii()).identity(CA.issue(MX.ascii())).protocols(protocol)
                .requireClientCertificate().start();
             SmtpConnector connector = connector(); SmtpSession session = connect(connector, server)) {
            assertThat(session.observation().handshake()).isInstanceOf(Handshake.Failed.class);
            assertThat(session.isUsable()).isFalse();
        }
    }

    @Test
    void alertAfterTls13HandshakeShouldBeItsCause() {
        try (SmtpServer server = SmtpServer.named(MX.ascii()).identity(CA.issue(MX.ascii())).protocols("TLSv1.3")
                .requireClientCertificate().start();
             SmtpConnector connector = connector(); SmtpSession session = connect(connector, server)) {
            assertThat(((Handshake.Failed) session.observation().handshake()).cause()).contains("certificate");
            assertThat(failureOf(session).phase()).isEqualTo(Phase.EHLO_AFTER_TLS);
        }
    }

    @Test
    void failedHandshakeShouldNeverGoOnInClear() {
        try (SmtpServer server = tlsServer(); SmtpConnector connector = connector()) {
            server.at(SmtpPhase.HANDSHAKE, SmtpAct.say("not TLS").then(SmtpAct.Then.STALL));
            connect(connector, server).close();
            SmtpFixture.awaitNoConnection(server);

            assertThat(said(server, "C:"))
                .containsExactly("C: EHLO client.example.test", "C: STARTTLS", "C: (TLS record of type 22)");
        }
    }

    @Test
    void neverShouldNotSendStartTls() {
        try (SmtpServer server = tlsServer(); SmtpConnector connector = connector();
             SmtpSession session = connector.connect(MX, server.address(), TlsUse.NEVER)) {
            assertThat(session.observation().startTls()).isEqualTo(StartTls.OFFERED);
            assertThat(session.observation().handshake()).isEqualTo(new Handshake.NotAttempted());
            assertThat(session.observation().failure()).isEmpty();
            assertThat(said(server, "C: STARTTLS")).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"454 4.7.0 not now", "502 what?", "250 fine", "221 well"})
    void only220ShouldStartTls(String reply) {
        try (SmtpServer server = tlsServer(); SmtpConnector connector = connector()) {
            server.reply(SmtpPhase.STARTTLS, reply);
            try (SmtpSession session = connect(connector, server)) {
                assertThat(session.observation().handshake()).isEqualTo(new Handshake.NotAttempted());
                assertThat(session.observation().startTlsReply()).map(SmtpReply::toString).contains(reply);
                assertThat(session.observation().failure()).isEmpty();
                assertThat(session.send(SmtpFixture.to("bob@example.test"), SmtpFixture.MAIL)).isInstanceOf(Transmission.Completed.class);
            }
        }
    }

    @Test
    void farewellInsteadOfTlsShouldEndTheSession() {
        try (SmtpServer server = tlsServer(); SmtpConnector connector = connector()) {
            server.at(SmtpPhase.STARTTLS, SmtpAct.say("421 4.3.2 closing").then(SmtpAct.Then.CLOSE));
            try (SmtpSession session = connect(connector, server)) {
                assertThat(failureOf(session).phase()).isEqualTo(Phase.STARTTLS);
                assertThat(failureOf(session).reply().orElseThrow().code()).isEqualTo(421);
                assertThat(session.observation().startTlsReply()).isPresent();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"421 4.3.2 busy", "554 5.7.1 go away", "250 hm", "120 soon", "220-a\r\n250 b"})
    void only220ShouldGreet(String greeting) {
        try (SmtpServer server = tlsServer(); SmtpConnector connector = connector()) {
            server.reply(SmtpPhase.GREETING, greeting);
            try (SmtpSession session = connect(connector, server)) {
                assertThat(failureOf(session).phase()).isEqualTo(Phase.GREETING);
                assertThat(session.observation().startTls()).isEqualTo(StartTls.UNKNOWN);
                assertThat(session.isUsable()).isFalse();
            }
            SmtpFixture.awaitNoConnection(server);
            assertThat(said(server, "C:")).isEmpty();
        }
    }

    @Test
    void refusedConnectionShouldBeAFailureToConnect() throws IOException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        try (SmtpConnector connector = connector();
             SmtpSession session = connector.connect(MX, new InetSocketAddress("127.0.0.1", port), TlsUse.IF_OFFERED)) {
            assertThat(failureOf(session).phase()).isEqualTo(Phase.CONNECT);
            assertThat(failureOf(session).detail()).contains("refused");
            assertThat(session.observation().sendingIp()).isEmpty();
        }
    }

    @Test
    void heloShouldFollowRefusedEhlo() {
        try (SmtpServer server = SmtpFixture.clearServer("PIPELINING"); SmtpConnector connector = connector()) {
            server.once(SmtpPhase.EHLO, SmtpAct.say("502 5.5.1 what?"));
            try (SmtpSession session = connect(connector, server)) {
                assertThat(session.observation().failure()).isEmpty();
                assertThat(session.observation().capabilities()).isEqualTo(Capabilities.none());
                assertThat(said(server, "C:")).containsExactly("C: EHLO client.example.test", "C: HELO client.example.test");
            }
        }
    }

    @Test
    void refusalOfEhloShouldBeTheReasonWhenTheServerHangsUp() {
        try (SmtpServer server = SmtpFixture.clearServer(); SmtpConnector connector = connector()) {
            server.at(SmtpPhase.EHLO, SmtpAct.say("550 5.7.1 your address is listed").then(SmtpAct.Then.CLOSE));
            try (SmtpSession session = connect(connector, server)) {
                assertThat(failureOf(session).phase()).isEqualTo(Phase.EHLO);
                assertThat(failureOf(session).reply()).map(SmtpReply::toString).contains("550 5.7.1 your address is listed");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"250-a\r\n251 b", "220 again", "354 go on", "451 4.3.0 not now"})
    void ehloShouldBeAnsweredWith250(String reply) {
        try (SmtpServer server = SmtpFixture.clearServer(); SmtpConnector connector = connector()) {
            server.reply(SmtpPhase.EHLO, reply);
            try (SmtpSession session = connect(connector, server)) {
                assertThat(failureOf(session).phase()).isEqualTo(Phase.EHLO);
                assertThat(session.isUsable()).isFalse();
            }
            SmtpFixture.awaitNoConnection(server);
            assertThat(said(server, "C:")).containsExactly("C: EHLO client.example.test");
        }
    }

    @Test
    void endlessReplyShouldEndTheSession() {
        try (SmtpServer server = SmtpFixture.clearServer(); SmtpConnector connector = connector()) {
            server.at(SmtpPhase.EHLO, SmtpAct.flood("250-more"));
            try (SmtpSession session = connect(connector, server)) {
                assertThat(failureOf(session).detail()).isEqualTo("a reply of more than 65536 bytes");
            }
            SmtpFixture.awaitNoConnection(server);
        }
    }

    @Test
    void endlessLineShouldEndTheSession() {
        try (SmtpServer server = SmtpFixture.clearServer(); SmtpConnector connector = connector()) {
            server.at(SmtpPhase.GREETING, SmtpAct.sayBytes("220 xxxxxxxxxxxxxxx".getBytes(StandardCharsets.US_ASCII))
                .then(SmtpAct.Then.REPEAT));
            try (SmtpSession session = connect(connector, server)) {
                assertThat(failureOf(session).detail()).isEqualTo("a reply of more than 65536 bytes");
            }
            SmtpFixture.awaitNoConnection(server);
        }
    }

    @Test
    void capabilitiesShouldComeFromTheSecondEhloOnly() {
        try (SmtpServer server = SmtpServer.named(MX.ascii()).identity(CA.issue(MX.ascii())).keywords("REQUIRETLS", "XCLEAR")
                .keywordsUnderTls("SIZE 1000", "8bitmime").start();
             SmtpConnector connector = connector(); SmtpSession session = connect(connector, server)) {
            assertThat(session.observation().capabilities().keywords()).containsOnlyKeys("SIZE", "8BITMIME");
            assertThat(session.observation().capabilities().largestMail()).hasValue(1_000);
        }
    }

    @Test
    void extensionsThatAreUsedShouldNotBeHiddenBehindOthers() {
        String[] keywords = IntStream.range(0, 800).mapToObj(i -> i == 799 ? "SIZE 1000" : "X" + i).toArray(String[]::new);
        try (SmtpServer server = SmtpServer.named(MX.ascii()).identity(CA.issue(MX.ascii())).keywords(keywords).start();
             SmtpConnector connector = connector(); SmtpSession session = connect(connector, server)) {
            assertThat(session.observation().startTls()).isEqualTo(StartTls.OFFERED);
            assertThat(session.observation().capabilities().keywords()).hasSize(501);
            assertThat(session.observation().capabilities().largestMail()).hasValue(1_000);
        }
    }

    @Test
    void controlCharactersOfAServerShouldNotReachTheObservation() {
        try (SmtpServer server = SmtpFixture.clearServer(); SmtpConnector connector = connector()) {
            server.reply(SmtpPhase.GREETING, "220 \u001b[31mred\u0000\rx\u202e");
            try (SmtpSession session = connect(connector, server)) {
                assertThat(session.observation().greeting().orElseThrow().lines()).isEqualTo(List.of("?[31mred??x?"));
            }
        }
    }
}
