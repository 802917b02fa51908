package jamestls.scenario;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jakarta.mail.BodyPart;
import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.apache.james.jdkim.DKIMVerifier;
import org.apache.james.jdkim.api.SignatureRecord;
import org.apache.james.jdkim.exceptions.FailException;

/**
 * A TLS report as the mailbox at {@code rua=mailto:} got it.
 *
 * @param domain from the TLS-Report-Domain field (RFC 8460 §5.3)
 * @param json the report
 * @param dkim whether the signature holds against the key in DNS, covers what it must, and is the submitter's
 */
public record ReceivedReport(String domain, JsonNode json, Dkim dkim) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX = 1 << 20;

    /** The verdict on a signature. */
    public enum Dkim {
        PASS, FAIL
    }

    /** Opens a report mail. */
    static ReceivedReport of(MimeMessage mail, ScenarioInternet internet) {
        try {
            String[] domain = mail.getHeader("TLS-Report-Domain");
            if (domain == null || domain.length != 1) {
                throw new IllegalStateException("no TLS report: " + mail.getSubject());
            }
            return new ReceivedReport(domain[0], json(mail), signature(mail, internet));
        } catch (MessagingException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The sum of that count over all policies in the report: total-successful-session-count or total-failure-session-count. */
    public long count(String name) {
        long sum = 0;
        for (JsonNode policy : json.path("policies")) {
            sum += policy.path("summary").path(name).asLong();
        }
        return sum;
    }

    /** The result types of all failures, sorted, each once. */
    public List<String> resultTypes() {
        List<String> types = new ArrayList<>();
        for (JsonNode policy : json.path("policies")) {
            policy.path("failure-details").forEach(detail -> types.add(detail.path("result-type").asText()));
        }
        return types.stream().distinct().sorted().toList();
    }

    private static JsonNode json(MimeMessage mail) throws MessagingException, IOException {
        // RFC 8460 §5.3: multipart/report; report-type="tlsrpt", the second part is the gzipped report
        if (!mail.isMimeType("multipart/report") || !(mail.getContent() instanceof MimeMultipart parts)) {
            throw new IllegalStateException("not multipart/report but " + mail.getContentType());
        }
        for (int i = 0; i < parts.getCount(); i++) {
            BodyPart part = parts.getBodyPart(i);
            if (part.isMimeType("application/tlsrpt+gzip")) {
                try (InputStream unzipped = new GZIPInputStream(part.getInputStream())) {
                    return JSON.readTree(unzipped.readNBytes(MAX));
                }
            }
        }
        throw new IllegalStateException("no application/tlsrpt+gzip in " + mail.getContentType());
    }

    private static Dkim signature(MimeMessage mail, ScenarioInternet internet) throws MessagingException, IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        mail.writeTo(bytes);
        DKIMVerifier verifier = new DKIMVerifier((method, selector, domain) -> internet.txt(selector + "._domainkey." + domain));
        try {
            List<SignatureRecord> good = verifier.verify(new ByteArrayInputStream(bytes.toByteArray()));
            String submitter = String.join(",", mail.getHeader("TLS-Report-Submitter"));
            boolean signed = good != null
                && good.stream().anyMatch(signature -> covers(signature) && signature.getDToken().toString().equals(submitter));
            return signed ? Dkim.PASS : Dkim.FAIL;
        } catch (FailException e) {
            return Dkim.FAIL;
        }
    }

    private static boolean covers(SignatureRecord signature) {
        List<String> fields = signature.getHeaders().stream().map(field -> field.toString().toLowerCase(Locale.ROOT)).toList();
        return fields.containsAll(List.of("from", "subject", "tls-report-domain", "tls-report-submitter"));
    }
}
