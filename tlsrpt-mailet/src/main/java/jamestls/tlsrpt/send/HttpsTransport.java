package jamestls.tlsrpt.send;

import jamestls.https.HttpsRequest;
import jamestls.https.HttpsResult;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.Rua;
import java.time.Duration;
import java.util.function.Function;

/** Posts reports (RFC 8460 §5.4). Redirects are not followed: where to is in the record, which is the domain's own. */
public final class HttpsTransport implements ReportTransport<Rua.Https> {

    private static final String MEDIA_TYPE = "application/tlsrpt+gzip";
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    /** For a POST the status decides, and the body is not read. */
    private static final int NO_BODY = 0;

    private final Function<HttpsRequest, HttpsResult> client;

    /** @param client a guarded one: the URI is a stranger's */
    public HttpsTransport(Function<HttpsRequest, HttpsResult> client) {
        this.client = client;
    }

    @Override
    public Handover send(ReportFile file, Rua.Https destination) {
        HttpsRequest.Payload payload = new HttpsRequest.Payload(MEDIA_TYPE, file.gzip());
        return switch (client.apply(HttpsRequest.post(destination.location(), payload, DEADLINE, NO_BODY))) {
            case HttpsResult.Answer answer when answer.status() >= 200 && answer.status() < 300 -> new Accepted();
            case HttpsResult.Answer answer -> new Failed("HTTP status " + answer.status(), answer.retryAfter());
            case HttpsResult.Failure failure -> new Failed(failure.detail());
        };
    }
}
