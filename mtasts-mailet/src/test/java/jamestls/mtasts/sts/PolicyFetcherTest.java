package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import com.fasterxml.jackson.databind.JsonNode;
import jamestls.dns.AddressGuard;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.dns.Security;
import jamestls.fakeinternet.CapturedLog;
import jamestls.fakeinternet.FakeDns;
import jamestls.https.GuardedHttpsClient;
import jamestls.https.HttpsFault;
import jamestls.https.HttpsRequest;
import jamestls.https.HttpsResult;
import jamestls.https.HttpsSettings;
import jamestls.mtasts.Vectors;
import jamestls.mtasts.Vectors.Vector;
import jamestls.mtasts.sts.PolicyFetcher.FetchResult;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What each answer of a policy host comes to. The bounds and the certificate are the business of the HTTPS client. */
@ResourceLock(CapturedLog.LOCK)
class PolicyFetcherTest {

    private static final String POLICY = "version: STSv1\nmode: enforce\nmx: mail.example.com\nmax_age: 86400\n";

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(PolicyFetcher.class, Level.INFO);

    private final List<HttpsRequest> requests = new ArrayList<>();

    /** Those that give an answer; the others speak of certificates and addresses. */
    static Stream<Vector> answers() {
        return Vectors.of("https_fetch").stream().filter(vector -> vector.input().has("status") || vector.input().has("content_type"));
    }

    @ParameterizedTest
    @MethodSource("answers")
    void resultShouldBeThatOfTheVector(Vector vector) {
        JsonNode input = vector.input();
        FetchResult result = PolicyFetcher.judge(answer(input.path("status").asInt(200),
            Optional.of(input.path("content_type").asText("text/plain")), POLICY));

        // one vector calls a plain 404 "no policy"; RFC 8461 §6 counts it among the fetch failures, a TXT record being there
        if (vector.expected().get("result").asText().equals("accept")) {
            assertThat(result).isInstanceOf(FetchResult.Fetched.class);
        } else {
            assertThat(vector.expected().get("result").asText()).isIn("fetch-error", "no-policy");
            assertThat(problem(result).type()).isEqualTo(ResultType.STS_POLICY_FETCH_ERROR);
        }
    }

    @Test
    void requestShouldGoToThePolicyHostWithinBounds() {
        fetcher(443).fetch(DomainName.of("user.example.com"));
        fetcher(8443).fetch(DomainName.of("user.example.com"));

        // RFC 8461 §3.2, §3.3
        assertThat(requests).containsExactly(
            HttpsRequest.get(URI.create("https://mta-sts.user.example.com/.well-known/mta-sts.txt"), Duration.ofMinutes(1), 65_536),
            HttpsRequest.get(URI.create("https://mta-sts.user.example.com:8443/.well-known/mta-sts.txt"), Duration.ofMinutes(1), 65_536));
    }

    @Test
    void domainThatCanHaveNoPolicyHostShouldFailWithoutARequest() {
        String longest = ("a".repeat(62) + ".").repeat(4);

        assertThat(problem(fetcher(443).fetch(DomainName.of(longest.substring(1)))).type()).isEqualTo(ResultType.STS_POLICY_FETCH_ERROR);
        assertThat(problem(fetcher(443).fetch(DomainName.of("under_score.example"))).type()).isEqualTo(ResultType.STS_POLICY_FETCH_ERROR);
        assertThat(requests).isEmpty();
    }

    @Test
    void redirectShouldBeReportedByItsStatus() {
        assertThat(problem(PolicyFetcher.judge(answer(301, Optional.of("text/plain"), POLICY))))
            .isEqualTo(new Violation(ResultType.STS_POLICY_FETCH_ERROR, "HTTP 301"));
    }

    @Test
    void otherSuccessThan200ShouldBeAFailure() {
        assertThat(problem(PolicyFetcher.judge(answer(203, Optional.of("text/plain"), POLICY))).reason()).isEqualTo("HTTP 203");
    }

    @Test
    void missingMediaTypeShouldBeAFailure() {
        assertThat(problem(PolicyFetcher.judge(answer(200, Optional.empty(), POLICY))).type()).isEqualTo(ResultType.STS_POLICY_FETCH_ERROR);
    }

    @Test
    void brokenPolicyShouldBeReportedAsInvalidWithItsLine() {
        assertThat(problem(PolicyFetcher.judge(answer(200, Optional.of("text/plain"), "version: STSv1\nmode: strict\n"))))
            .isEqualTo(new Violation(ResultType.STS_POLICY_INVALID, "line 2: mode is not enforce, testing or none"));
    }

    @ParameterizedTest
    @EnumSource(HttpsFault.class)
    void faultShouldBeAFetchErrorAndTheCertificateATypeOfItsOwn(HttpsFault fault) {
        Violation problem = problem(PolicyFetcher.judge(new HttpsResult.Failure(fault, "the detail")));

        // RFC 8460 §4.3.2.2
        assertThat(problem.type())
            .isEqualTo(fault == HttpsFault.CERTIFICATE ? ResultType.STS_WEBPKI_INVALID : ResultType.STS_POLICY_FETCH_ERROR);
        assertThat(problem.reason()).endsWith(": the detail");
    }

    @Test
    void fetchesShouldBeCountedByTheAddressOfThePolicyHost() throws GeneralSecurityException {
        FakeDns dns = FakeDns.answeringOnly(FakeDns.Question.ADDRESS);
        Map.of("one.example", "2001:db8::1", "two.example", "2001:db8::ffff:0:0:2", "other.example", "2001:db8:0:1::1",
            "four.example", "192.0.2.1", "five.example", "192.0.2.1").forEach((domain, ip) -> {
                DomainName host = DomainName.of("mta-sts." + domain);
                dns.answer(FakeDns.Question.ADDRESS, host, new DnsAnswer.Found<>(List.of(IpLiteral.parse(ip).orElseThrow()),
                    Security.INSECURE, host));
            });
        try (GuardedHttpsClient https = new GuardedHttpsClient(dns, new HttpsSettings(Optional.empty(), AddressGuard.publicOnly()))) {
            PolicyFetcher fetcher = new PolicyFetcher(https, PolicyFetcher.HTTPS_PORT);

            // an IPv6 network of 64 bits is one host
            assertThat(fetcher.host(DomainName.of("one.example"))).isEqualTo(fetcher.host(DomainName.of("two.example")))
                .isNotEqualTo(fetcher.host(DomainName.of("other.example")));
            assertThat(fetcher.host(DomainName.of("four.example"))).isEqualTo(fetcher.host(DomainName.of("five.example")))
                .isNotEqualTo(fetcher.host(DomainName.of("one.example")));
            assertThat(fetcher.host(DomainName.of("nowhere.example"))).isEqualTo(DomainName.of("mta-sts.nowhere.example"));
            DomainName longest = DomainName.of(("a".repeat(62) + ".").repeat(4));
            assertThat(fetcher.host(longest)).as("mta-sts. before it would be too long").isEqualTo(longest);
        }
    }

    @Test
    void toleratedFaultsShouldBeLogged() {
        new PolicyFetcher(request -> answer(200, Optional.of("text/plain"), POLICY + "\n"), 443, PolicyFetcher.USUAL_DEADLINE)
            .fetch(DomainName.of("slip.example"));
        fetcher(443).fetch(DomainName.of("user.example.com"));

        assertThat(log.events()).singleElement().extracting(ILoggingEvent::getFormattedMessage).asString()
            .contains("slip.example", "a blank line after the last field (line 5)");
    }

    @Test
    void invalidPolicyShouldBeQuotedAsDeclared() {
        // RFC 8460 §4.5: "including any errors"
        assertThat(declared("version: STSv1\r\n\r\nmode = enforce\nmx: *\u0007.b\u00fccher.example\nmax_age: 1d"))
            .containsExactly("version: STSv1", "mode = enforce", "mx: *?.b\u00fccher.example", "max_age: 1d");
        assertThat(PolicyFetcher.judge(answer(404, Optional.of("text/plain"), "version: STSv1"))).isInstanceOfSatisfying(
            FetchResult.Failed.class, failed -> assertThat(failed.declared()).isEmpty());
    }

    @Test
    void quotedPolicyShouldBeBounded() {
        assertThat(declared("x".repeat(60_000))).containsExactly("x".repeat(4_096));
        assertThat(declared("x\n".repeat(30_000))).hasSize(100);
    }

    private static List<String> declared(String body) {
        return ((FetchResult.Failed) PolicyFetcher.judge(answer(200, Optional.of("text/plain"), body))).declared();
    }

    private PolicyFetcher fetcher(int port) {
        return new PolicyFetcher(request -> {
            requests.add(request);
            return answer(200, Optional.of("text/plain"), POLICY);
        }, port, PolicyFetcher.USUAL_DEADLINE);
    }

    private static HttpsResult.Answer answer(int status, Optional<String> contentType, String body) {
        return new HttpsResult.Answer(status, contentType, body.getBytes(StandardCharsets.UTF_8), InetAddress.getLoopbackAddress());
    }

    private static Violation problem(FetchResult result) {
        assertThat(result).isInstanceOf(FetchResult.Failed.class);
        return ((FetchResult.Failed) result).problem();
    }
}
