package jamestls.tlsrpt.inbox;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.FakeDns;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.dkim.JdkimSignatures;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.zip.GZIPOutputStream;

/** Report mails as other senders make them, and the DNS in which their keys are. */
public final class IncomingMail {

    public static final String OWN = "own.example";
    public static final OwnDomains OWN_DOMAINS = OwnDomains.of(Set.of(DomainName.of(OWN)));
    private static final KeyPair KEY = JdkimSignatures.rsaKey(2048);
    private static final String FIELDS = "from:to:subject:tls-report-domain:tls-report-submitter";

    private IncomingMail() {
    }

    /** Has a key for each of these domains, under the selector {@code sel}. */
    public static FakeDns dns(String... signers) {
        FakeDns dns = new FakeDns();
        for (String signer : signers) {
            dns.txt(DomainName.of("sel._domainkey." + signer), List.of(keyRecord()));
        }
        return dns;
    }

    public static String keyRecord() {
        return JdkimSignatures.record("v=DKIM1; k=rsa; p=", KEY);
    }

    static ReportReader reader(String... signers) {
        return new ReportReader(OWN_DOMAINS, new DkimVerifier(dns(signers)));
    }

    /** A valid report of one day. */
    public static String json(String id, String day, String domain, long successes, long failures, String... details) {
        return """
            {"organization-name":"Reporter","date-range":{"start-datetime":"%sT00:00:00Z","end-datetime":"%sT23:59:59Z"},\
            "contact-info":"tls@reporter.example","report-id":"%s","policies":[%s]}"""
            .formatted(day, day, id, policy("sts", domain, successes, failures, details));
    }

    static String policy(String type, String domain, long successes, long failures, String... details) {
        String applied = switch (type) {
            case "sts" -> "\"policy-string\":[\"version: STSv1\",\"mode: enforce\",\"mx: *.own.example\",\"max_age: 86400\"],"
                + "\"mx-host\":[\"*.own.example\"],";
            case "tlsa" -> "\"policy-string\":[\"3 1 1 " + "ab".repeat(32) + "\"],";
            default -> "";
        };
        return "{\"policy\":{\"policy-type\":\"" + type + "\"," + applied + "\"policy-domain\":\"" + domain
            + "\"},\"summary\":{\"total-successful-session-count\":" + successes + ",\"total-failure-session-count\":" + failures + "}"
            + (details.length == 0 ? "" : ",\"failure-details\":[" + String.join(",", details) + "]") + "}";
    }

    public static String detail(String type, String mxHost, long sessions) {
        return "{\"result-type\":\"" + type + "\",\"receiving-mx-hostname\":\"" + mxHost + "\",\"sending-mta-ip\":\"192.0.2.1\","
            + "\"receiving-ip\":\"198.51.100.1\",\"failed-session-count\":" + sessions + "}";
    }

    public static byte[] gzip(String json) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(json.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return bytes.toByteArray();
    }

    static String base64(byte[] octets) {
        return Base64.getMimeEncoder().encodeToString(octets);
    }

    /** An unsigned mail as RFC 8460 §5.3 wants it. */
    public static byte[] mail(String sender, String json) {
        return mail(sender, List.of("Content-Type: application/tlsrpt+gzip", "Content-Transfer-Encoding: base64",
            "Content-Disposition: attachment; filename=\"" + sender + "!own.example!1772323200!1772409599.json.gz\""), base64(gzip(json)));
    }

    /** A multipart/report with such a part. */
    static byte[] mail(String sender, List<String> partHeader, String partBody) {
        return multipart(sender, "multipart/report; report-type=\"tlsrpt\"", "--b\r\nContent-Type: text/plain\r\n\r\nThis is a report.\r\n"
            + "--b\r\n" + String.join("\r\n", partHeader) + "\r\n\r\n" + partBody + "\r\n--b--\r\n");
    }

    static byte[] multipart(String sender, String type, String body) {
        return ("From: TLS Reports <tls@" + sender + ">\r\nTo: tls-reports@own.example\r\n"
            + "Subject: Report Domain: own.example Submitter: " + sender + " Report-ID: <1@" + sender + ">\r\n"
            + "TLS-Report-Domain: own.example\r\nTLS-Report-Submitter: " + sender + "\r\nMIME-Version: 1.0\r\n"
            + "Content-Type: " + type + "; boundary=\"b\"\r\n\r\n" + body).getBytes(StandardCharsets.UTF_8);
    }

    public static byte[] signed(byte[] mail, String signer) {
        return signed(mail, signer, FIELDS);
    }

    static byte[] signed(byte[] mail, String signer, String fields) {
        return JdkimSignatures.sign("v=1; a=rsa-sha256; c=relaxed/relaxed; d=" + signer + "; s=sel; h=" + fields + "; bh=; b=;",
            KEY.getPrivate(), mail);
    }

    /** Repeats and joins texts. */
    static String many(int times, String separator, String text) {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            all.add(text);
        }
        return String.join(separator, all);
    }
}
