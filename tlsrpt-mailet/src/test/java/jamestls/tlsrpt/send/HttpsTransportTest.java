package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.ip;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import jamestls.https.HttpsFault;
import jamestls.https.HttpsRequest;
import jamestls.https.HttpsResult;
import jamestls.rua.Rua;
import jamestls.tlsrpt.Samples;
import jamestls.tlsrpt.Vectors;
import jamestls.tlsrpt.report.ParsedReport;
import jamestls.tlsrpt.report.ReportFile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class HttpsTransportTest {

    private static final Rua.Https DESTINATION = (Rua.Https) Rua.of("https://in.rcpt.example/tlsrpt");

    @Test
    void reportShouldBePostedCompressed() {
        List<HttpsRequest> requests = new ArrayList<>();
        ReportTransport.Handover handover = new HttpsTransport(request -> {
            requests.add(request);
            return answer(201);
        }).send(file(), DESTINATION);

        assertThat(handover).isEqualTo(new ReportTransport.Accepted());
        assertThat(requests).singleElement().satisfies(request -> {
            assertThat(request.uri()).hasToString("https://in.rcpt.example/tlsrpt");
            assertThat(request.payload().orElseThrow().mediaType()).isEqualTo("application/tlsrpt+gzip");
            assertThat(ParsedReport.ofGzip(request.payload().orElseThrow().bytes()).contact()).isEqualTo("tlsrpt@sender.example");
        });
    }

    @TestFactory
    Stream<DynamicTest> statusShouldDecide() {
        return Stream.of("status-200", "status-201", "status-202", "status-301", "status-413", "status-500", "status-503-date")
            .map(name -> DynamicTest.dynamicTest(name, () -> {
                JsonNode vector = Vectors.one("http", name);
                JsonNode input = vector.path("input");
                int status = input.isInt() ? input.asInt() : input.path("status").asInt();
                ReportTransport.Handover handover = new HttpsTransport(request -> answer(status)).send(file(), DESTINATION);
                assertThat(handover instanceof ReportTransport.Accepted).isEqualTo(vector.path("expected").path("delivered").asBoolean());
            }));
    }

    @Test
    void failedExchangeShouldFailWithItsReason() {
        ReportTransport.Handover handover = new HttpsTransport(request ->
            new HttpsResult.Failure(HttpsFault.ADDRESS_NOT_PUBLIC, "10.0.0.5 is private")).send(file(), DESTINATION);

        assertThat(handover).isEqualTo(new ReportTransport.Failed("10.0.0.5 is private"));
    }

    @Test
    void retryAfterShouldBePassedOn() {
        ReportTransport.Handover handover = new HttpsTransport(request -> new HttpsResult.Answer(503, Optional.empty(), new byte[0],
            ip("192.0.2.80"), Optional.of(Duration.ofHours(1)))).send(file(), DESTINATION);

        assertThat(handover).isEqualTo(new ReportTransport.Failed("HTTP status 503", Optional.of(Duration.ofHours(1))));
    }

    private static HttpsResult answer(int status) {
        return new HttpsResult.Answer(status, Optional.empty(), new byte[0], ip("192.0.2.80"));
    }

    private static ReportFile file() {
        return Samples.reportFile();
    }
}
