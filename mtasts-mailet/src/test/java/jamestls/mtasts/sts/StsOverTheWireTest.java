package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsFault;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.HttpAnswer;
import jamestls.fakeinternet.Identity;
import jamestls.fakeinternet.PolicyHost;
import jamestls.fakeinternet.TestCa;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.sts.PolicyFetcher.FetchResult;
import jamestls.outcome.Violation.ResultType;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The same policies through real sockets: DNS, TLS and HTTP as they are. */
class StsOverTheWireTest {

    private static final TestCa CA = TestCa.create("Policy Root");
    private static final DomainName DOMAIN = DomainName.of("user.example");
    private static final String HOST = "mta-sts.user.example";
    private static final Identity GOOD = CA.issue(HOST);
    private static final String POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mail.user.example\r\nmax_age: 86400\r\n";

    private final DnsServer dnsServer = DnsServer.start();
    private final PolicyHost host = PolicyHost.start();
    private final DnsjavaDns dns = new DnsjavaDns(DnsSettings.of(List.of(dnsServer.address())));
    private final GuardedHttpsClient https = client(AddressGuard.anywhere());
    private final PolicyFetcher fetcher = new PolicyFetcher(https, host.port());

    @BeforeEach
    void publish() {
        // TTL 0: each look-up goes out to the server, as it would after the TTL has passed
        dnsServer.zone().ttl(0).negativeTtl(0).txt("_mta-sts.user.example", "v=STSv1; id=1").a(HOST, "127.0.0.1");
        host.serve(HOST, GOOD, HttpAnswer.policy(POLICY));
    }

    @AfterEach
    void close() {
        https.close();
        host.close();
        dnsServer.close();
    }

    @Test
    void policyShouldBeFetchedFromThePolicyHostWithItsNameInSni() {
        assertThat(fetcher.fetch(DOMAIN)).isInstanceOfSatisfying(FetchResult.Fetched.class, fetched ->
            assertThat(fetched.policy().policyStrings())
                .containsExactly("version: STSv1", "mode: enforce", "mx: mail.user.example", "max_age: 86400"));
        // RFC 8461 §7.1
        assertThat(host.requests()).singleElement().satisfies(request -> assertThat(request.sni()).contains(HOST));
    }

    static Stream<Arguments> badAnswers() {
        return Stream.of(
            Arguments.of(new HttpAnswer.Redirect("https://" + HOST + "/elsewhere"), ResultType.STS_POLICY_FETCH_ERROR, "HTTP 301"),
            Arguments.of(HttpAnswer.status(404, POLICY), ResultType.STS_POLICY_FETCH_ERROR, "HTTP 404"),
            Arguments.of(HttpAnswer.status(500, POLICY), ResultType.STS_POLICY_FETCH_ERROR, "HTTP 500"),
            Arguments.of(HttpAnswer.policy(POLICY, Optional.of("text/html")), ResultType.STS_POLICY_FETCH_ERROR,
                "media type is not text/plain: text/html"),
            Arguments.of(HttpAnswer.policy(POLICY, Optional.empty()), ResultType.STS_POLICY_FETCH_ERROR,
                "media type is not text/plain: none"),
            Arguments.of(HttpAnswer.bytes(65_537, HttpAnswer.Framing.CHUNKED), ResultType.STS_POLICY_FETCH_ERROR, "too large: "),
            Arguments.of(new HttpAnswer.CloseMidBody(), ResultType.STS_POLICY_FETCH_ERROR, "no HTTP: "),
            Arguments.of(HttpAnswer.policy("version: STSv1\nmode: enforce\nmax_age: 1\n"), ResultType.STS_POLICY_INVALID,
                "no mx in mode enforce"),
            Arguments.of(HttpAnswer.bytes(1000, HttpAnswer.Framing.CONTENT_LENGTH), ResultType.STS_POLICY_INVALID, "line 1: no colon"));
    }

    @ParameterizedTest
    @MethodSource("badAnswers")
    void badAnswerShouldBeAProblemOfItsType(HttpAnswer answer, ResultType type, String reason) {
        host.answer(HOST, answer);

        assertProblem(fetcher.fetch(DOMAIN), type, reason);
    }

    @Test
    void answerShouldNotBeTakenFromAnHttpCache() {
        // RFC 8461 §3.3
        String head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: public, max-age=86400, immutable\r\n"
            + "ETag: \"1\"\r\nContent-Length: " + POLICY.length() + "\r\n\r\n";
        host.answer(HOST, new HttpAnswer.Raw((head + POLICY).getBytes(StandardCharsets.US_ASCII)));
        assertThat(fetcher.fetch(DOMAIN)).isInstanceOf(FetchResult.Fetched.class);
        host.answer(HOST, HttpAnswer.policy(POLICY.replace("enforce", "testing")));

        assertThat(fetcher.fetch(DOMAIN)).isInstanceOfSatisfying(FetchResult.Fetched.class, fetched ->
            assertThat(fetched.policy().mode()).isEqualTo(StsPolicy.Mode.TESTING));
        assertThat(host.requests(HOST)).isEqualTo(2);
    }

    static Stream<Identity> badCertificates() {
        return Stream.of(CA.issueExpired(HOST), CA.issueNotYetValid(HOST), CA.issue("user.example"), CA.issue("*.mta-sts.user.example"),
            TestCa.selfSigned(HOST), TestCa.create("Stranger").issue(HOST));
    }

    @ParameterizedTest
    @MethodSource("badCertificates")
    void badCertificateShouldBeReportedAsWebPkiInvalid(Identity identity) {
        // RFC 8461 §3.3, RFC 8460 §4.3.2.2; one vector calls the wrong name just a fetch error
        host.serve(HOST, identity, HttpAnswer.policy(POLICY));

        assertProblem(fetcher.fetch(DOMAIN), ResultType.STS_WEBPKI_INVALID, "certificate: ");
    }

    @ParameterizedTest
    @EnumSource(names = {"SLAMMED", "PLAIN_TEXT"})
    void policyHostWithoutTlsShouldBeAFetchError(PolicyHost.Door door) {
        host.door(door);

        assertProblem(fetcher.fetch(DOMAIN), ResultType.STS_POLICY_FETCH_ERROR, "");
    }

    @Test
    void policyHostWithoutAddressShouldBeAFetchError() {
        dnsServer.zone().remove(HOST);

        assertProblem(fetcher.fetch(DOMAIN), ResultType.STS_POLICY_FETCH_ERROR, "no address: ");
    }

    @Test
    void policyHostAtAnAddressThatIsNotPublicShouldNotBeContacted() {
        try (GuardedHttpsClient guarded = client(AddressGuard.publicOnly())) {
            assertProblem(new PolicyFetcher(guarded, host.port()).fetch(DOMAIN), ResultType.STS_POLICY_FETCH_ERROR, "address not public: ");
        }
        assertThat(host.requests()).isEmpty();
    }

    @Test
    void endedHostShouldBeAFetchError() {
        host.close();

        assertProblem(fetcher.fetch(DOMAIN), ResultType.STS_POLICY_FETCH_ERROR, "no connection: ");
    }

    @Test
    void policyShouldOutliveItsRecordItsNameServerAndItsHost() {
        StsPolicies policies = policies();
        assertThat(policies.lookup(DOMAIN)).isInstanceOf(StsLookup.Found.class);

        dnsServer.zone().remove("_mta-sts.user.example");
        assertEnforced(policies.lookup(DOMAIN));
        dnsServer.faults().set("_mta-sts.user.example", DnsFault.SERVFAIL);
        assertEnforced(policies.lookup(DOMAIN));
        dnsServer.faults().clear("_mta-sts.user.example");
        dnsServer.zone().txt("_mta-sts.user.example", "v=STSv1; id=2");
        host.answer(HOST, HttpAnswer.status(503, ""));
        // a failed look-up is remembered for a second
        await().untilAsserted(() -> assertThat(policies.lookup(DOMAIN)).isInstanceOfSatisfying(StsLookup.Found.class, found ->
            assertThat(found.refreshProblem()).contains("sts-policy-fetch-error (HTTP 503)")));
        assertEnforced(policies.lookup(DOMAIN));
        assertThat(host.requests(HOST)).isEqualTo(2);
    }

    @Test
    void recordBehindACnameAndInPiecesShouldBeRead() {
        // RFC 8461 §3.1, §8.2
        dnsServer.zone().remove("_mta-sts.user.example").cname("_mta-sts.user.example", "_mta-sts.provider.example")
            .txt("_mta-sts.provider.example", "v=STSv1; id=", "20260101;");

        assertThat(policies().lookup(DOMAIN)).isInstanceOf(StsLookup.Found.class);
    }

    @Test
    void thousandDeliveriesToAColdDomainShouldMakeOneRequest() {
        StsPolicies policies = policies();
        Queue<StsLookup> lookups = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < 1000; i++) {
            Thread.startVirtualThread(() -> lookups.add(policies.lookup(DOMAIN)));
        }

        await().untilAsserted(() -> assertThat(lookups).hasSize(1000));
        assertThat(lookups).hasOnlyElementsOfType(StsLookup.Found.class);
        assertThat(host.requests(HOST)).isOne();
    }

    private StsPolicies policies() {
        return new StsPolicies(dns, fetcher, new MemoryPolicyStore(), RefreshSchedule.daily(new Random(1)), new StsWarnings(),
            Clock.systemUTC());
    }

    private GuardedHttpsClient client(AddressGuard guard) {
        return new GuardedHttpsClient(dns, new HttpsSettings(Optional.of(CA.trustStore()), guard));
    }

    private static void assertEnforced(StsLookup lookup) {
        assertThat(lookup).isInstanceOfSatisfying(StsLookup.Found.class, found -> {
            assertThat(found.policy().mode()).isEqualTo(StsPolicy.Mode.ENFORCE);
            assertThat(found.policy().maxAge()).isEqualTo(Duration.ofDays(1));
            assertThat(found.refreshProblem()).isPresent();
        });
    }

    private static void assertProblem(FetchResult result, ResultType type, String reason) {
        assertThat(result).isInstanceOfSatisfying(FetchResult.Failed.class, failed -> {
            assertThat(failed.problem().type()).isEqualTo(type);
            assertThat(failed.problem().reason()).startsWith(reason);
        });
    }
}
