package jamestls.https;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.TestCa;
import jamestls.https.HttpsResult.Answer;
import jamestls.https.HttpsResult.Failure;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A client, and a policy host with a DNS server; its certificate is from an authority that the client trusts. */
abstract class HttpsClientTestBase {

    static final TestCa CA = TestCa.create("root");
    static final String HOST = "mta-sts.good.example";
    static final String POLICY = "version: STSv1\nmode: none\nmax_age: 86400\n";
    static final Duration PLENTY = Duration.ofSeconds(20);
    static final int MAX_BODY = 65_536;

    final DnsServer dns = DnsServer.start();
    final PolicyHost server = PolicyHost.start();
    final GuardedHttpsClient client = client(AddressGuard.anywhere());

    @BeforeEach
    void publish() {
        dns.zone().a(HOST, "127.0.0.1");
        server.serve(HOST, CA.issue(HOST), HttpAnswer.policy(POLICY));
    }

    @AfterEach
    void stop() {
        client.close();
        server.close();
        dns.close();
    }

    final GuardedHttpsClient client(AddressGuard guard) {
        return new GuardedHttpsClient(dns(), new HttpsSettings(Optional.of(CA.trustStore()), guard));
    }

    final DnsjavaDns dns() {
        return new DnsjavaDns(DnsSettings.of(List.of(dns.address())));
    }

    final HttpsResult get() {
        return get(HOST);
    }

    final HttpsResult get(String host) {
        return client.exchange(HttpsRequest.get(uri(host, PolicyHost.POLICY_PATH), PLENTY, MAX_BODY));
    }

    final URI uri(String host, String path) {
        return URI.create("https://" + host + ":" + server.port() + path);
    }

    static Answer answer(HttpsResult result) {
        assertThat(result).isInstanceOf(Answer.class);
        return (Answer) result;
    }

    static String failure(HttpsResult result, HttpsFault fault) {
        assertThat(result).isInstanceOfSatisfying(Failure.class, failure -> assertThat(failure.fault()).isEqualTo(fault));
        return ((Failure) result).detail();
    }
}
