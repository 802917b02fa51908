package jamestls.tlsrpt.send;

import jamestls.https.HttpsRequest;
import jamestls.https.HttpsResult;
import jamestls.rua.Rua;
import jamestls.tlsrpt.report.ReportFile;
import java.time.Duration;
import java.util.function.Function;

/** Sends reports by HTTPS POST (RFC 8460 §5.4). Redirects are not followed: only the URI in the domain's record is authorized. */
public final class HttpsTransport implements ReportTransport<Rua.Https> {

    private static final String MEDIA_TYPE = "application/tlsrpt+gzip";
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    /** The response body is not read; the status decides. */
    private static final int NO_BODY = 0;

    private final Function<HttpsRequest, HttpsResult> client;

    /** @param client a client with SSRF protection, because the URI comes from an untrusted record */
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
