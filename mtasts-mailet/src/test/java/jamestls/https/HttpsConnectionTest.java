package jamestls.https;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.OutdatedTlsPeer;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.TestCa;
import jamestls.https.HttpsResult.Answer;
import jamestls.https.HttpsResult.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which address is taken, and whether the one who answers there is who he ought to be. */
class HttpsConnectionTest {

    private static final TestCa CA = TestCa.create("root");
    private static final String HOST = "mta-sts.good.example";

    private final DnsServer dns = DnsServer.start();
    private final PolicyHost server = PolicyHost.start();
    private final GuardedHttpsClient client = client(Optional.of(CA));

    @BeforeEach
    void publish() {
        dns.zone().a(HOST, "127.0.0.1");
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
        dns.close();
    }

    @Test
    void certificateForTheHostShouldBeAccepted() {
        serve(CA.issue(HOST));
        assertThat(get()).isInstanceOf(Answer.class);

        serve(CA.issue("other.example", "*.good.example"));
        assertThat(get()).isInstanceOf(Answer.class);
    }

    @Test
    void certificateForAnotherHostShouldBeRefused() {
        serve(CA.issue("good.example", "www.good.example"));

        assertCertificateRefused("the certificate is for good.example, www.good.example");
    }

    @Test
    void wildcardThatDoesNotReachTheHostShouldBeRefused() {
        serve(CA.issue("*.example"));

        assertCertificateRefused("the certificate is for *.example");
    }

    @Test
    void commonNameShouldNotCount() {
        serve(CA.issueCommonNameOnly(HOST));

        assertCertificateRefused("no DNS name");
    }

    @Test
    void expiredCertificateShouldBeRefused() {
        serve(CA.issueExpired(HOST));

        assertCertificateRefused("NotAfter");
    }

    @Test
    void certificateThatIsNotYetValidShouldBeRefused() {
        serve(CA.issueNotYetValid(HOST));

        assertCertificateRefused("NotBefore");
    }

    @Test
    void unknownRootShouldBeRefused() {
        serve(TestCa.create("stranger").issue(HOST));

        assertCertificateRefused("certification path");
    }

    @Test
    void selfSignedCertificateShouldBeRefused() {
        serve(TestCa.selfSigned(HOST));

        assertCertificateRefused("certification path");
    }

    @Test
    void certificateShouldBeLookedAtEveryTime() {
        serve(CA.issue(HOST));
        assertThat(get()).isInstanceOf(Answer.class);

        serve(CA.issueExpired(HOST));
        assertThat(get()).isInstanceOfSatisfying(Failure.class,
            failure -> assertThat(failure.fault()).isEqualTo(HttpsFault.CERTIFICATE));
    }

    @Test
    void rootsOfTheJvmShouldBeTheDefault() {
        serve(CA.issue(HOST));
        try (GuardedHttpsClient strict = client(Optional.empty())) {
            assertThat(get(strict)).isInstanceOfSatisfying(Failure.class,
                failure -> assertThat(failure.fault()).isEqualTo(HttpsFault.CERTIFICATE));
        }
    }

    @Test
    void serverThatDoesNotKnowTheNameShouldBeATlsFault() {
        assertFault(HttpsFault.TLS);
    }

    @Test
    void plainTextShouldBeATlsFault() {
        server.door(PolicyHost.Door.PLAIN_TEXT);

        assertFault(HttpsFault.TLS);
    }

    @Test
    void connectionClosedBeforeTlsShouldBeATlsFault() {
        server.door(PolicyHost.Door.SLAMMED);

        assertFault(HttpsFault.TLS);
    }

    @Test
    void tls12ShouldBeSpoken() {
        serve(CA.issue(HOST));
        server.protocols("TLSv1.2");

        assertThat(get()).isInstanceOf(Answer.class);
    }

    @Test
    void tls11ShouldBeRefused() throws Exception {
        // RFC 8461 §7.2
        server.close();
        try (ServerSocket old = new ServerSocket(server.port(), 1, InetAddress.getByName("127.0.0.1"))) {
            CompletableFuture<Integer> alert = CompletableFuture.supplyAsync(() -> alertAtTls11(old));

            assertFault(HttpsFault.TLS);
            assertThat(alert.get()).isEqualTo(OutdatedTlsPeer.PROTOCOL_VERSION);
        }
    }

    @Test
    void ipv6ShouldBeTakenFirst() throws Exception {
        try (PolicyHost six = PolicyHost.start("::1", server.port())) {
            six.serve(HOST, CA.issue(HOST), HttpAnswer.policy("six"));
            dns.zone().aaaa(HOST, "::1");

            assertThat(get()).isInstanceOfSatisfying(Answer.class,
                answer -> assertThat(answer.from().getHostAddress()).isEqualTo("0:0:0:0:0:0:0:1"));
            assertThat(server.requests()).isEmpty();
        }
    }

    @Test
    void addressThatRefusesShouldGiveWayToTheNext() {
        dns.zone().aaaa(HOST, "::1");
        serve(CA.issue(HOST));

        assertThat(get()).isInstanceOfSatisfying(Answer.class,
            answer -> assertThat(answer.from().getHostAddress()).isEqualTo("127.0.0.1"));
    }

    @Test
    void addressThatIsDeadShouldGiveWayAfterItsHeadStart() throws Exception {
        serve(CA.issue(HOST));
        try (ServerSocket full = new ServerSocket(server.port(), 1, InetAddress.getByName("127.0.0.2"))) {
            List<Socket> queue = fill(full);
            dns.zone().remove(HOST).a(HOST, "127.0.0.2", "127.0.0.1");
            long start = System.nanoTime();

            assertThat(get()).isInstanceOfSatisfying(Answer.class,
                answer -> assertThat(answer.from().getHostAddress()).isEqualTo("127.0.0.1"));

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(Duration.ofMillis(1900), Duration.ofSeconds(15));
            for (Socket waiting : queue) {
                waiting.close();
            }
        }
    }

    @Test
    void onlyAddressesThatTheGuardAllowsShouldBeConnectedTo() throws Exception {
        // DNS rebinding: one name, an address that is allowed and others that are not
        try (PolicyHost inside = PolicyHost.start("127.0.0.2", server.port()); PolicyHost six = PolicyHost.start("::1", server.port())) {
            dns.zone().remove(HOST).a(HOST, "127.0.0.2", "127.0.0.1").aaaa(HOST, "::1");
            serve(CA.issue(HOST));
            AddressGuard guard = AddressGuard.publicOnly().alsoAllowing(Set.of(InetAddress.getByName("127.0.0.1")));
            try (GuardedHttpsClient guarded = new GuardedHttpsClient(resolver(), new HttpsSettings(Optional.of(CA.trustStore()), guard))) {
                assertThat(get(guarded)).isInstanceOfSatisfying(Answer.class,
                    answer -> assertThat(answer.from().getHostAddress()).isEqualTo("127.0.0.1"));
                server.close();
                assertThat(get(guarded)).isInstanceOfSatisfying(Failure.class,
                    failure -> assertThat(failure.fault()).isEqualTo(HttpsFault.CONNECT));
            }
            assertThat(inside.connections()).isZero();
            assertThat(six.connections()).isZero();
        }
    }

    @Test
    void noAddressThatConnectsShouldNameThemAll() {
        int port = server.port();
        server.close();
        dns.zone().aaaa(HOST, "::1");

        assertThat(get()).isInstanceOfSatisfying(Failure.class, failure -> {
            assertThat(failure.fault()).isEqualTo(HttpsFault.CONNECT);
            assertThat(failure.detail()).contains(HOST, "0:0:0:0:0:0:0:1 port " + port, "127.0.0.1 port " + port);
        });
    }

    private static int alertAtTls11(ServerSocket server) {
        try (Socket socket = server.accept()) {
            return OutdatedTlsPeer.answer(socket);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Connects until the kernel takes no more. */
    private static List<Socket> fill(ServerSocket full) throws Exception {
        List<Socket> queue = new ArrayList<>();
        while (queue.size() < 20) {
            Socket socket = new Socket();
            queue.add(socket);
            try {
                socket.connect(new InetSocketAddress(full.getInetAddress(), full.getLocalPort()), 200);
            } catch (SocketTimeoutException noMoreRoom) {
                return queue;
            }
        }
        throw new IllegalStateException("the accept queue takes any number");
    }

    private void serve(Identity identity) {
        server.serve(HOST, identity, HttpAnswer.policy("version: STSv1\n"));
    }

    private void assertCertificateRefused(String because) {
        assertThat(get()).isInstanceOfSatisfying(Failure.class, failure -> {
            assertThat(failure.fault()).isEqualTo(HttpsFault.CERTIFICATE);
            assertThat(failure.detail()).startsWith(HOST + " at 127.0.0.1: ").contains(because);
        });
        assertThat(server.requests()).as("nothing is said to a stranger").isEmpty();
    }

    private void assertFault(HttpsFault fault) {
        assertThat(get()).isInstanceOfSatisfying(Failure.class, failure -> {
            assertThat(failure.fault()).isEqualTo(fault);
            assertThat(failure.detail()).startsWith(HOST + " at 127.0.0.1: ");
        });
    }

    private HttpsResult get() {
        return get(client);
    }

    private HttpsResult get(GuardedHttpsClient by) {
        return by.exchange(HttpsRequest.get(URI.create("https://" + HOST + ":" + server.port() + PolicyHost.POLICY_PATH),
            Duration.ofSeconds(20), 65_536));
    }

    private DnsjavaDns resolver() {
        return new DnsjavaDns(DnsSettings.of(List.of(dns.address())));
    }

    private GuardedHttpsClient client(Optional<TestCa> ca) {
        return new GuardedHttpsClient(resolver(), new HttpsSettings(ca.map(TestCa::trustStore), AddressGuard.anywhere()));
    }
}
