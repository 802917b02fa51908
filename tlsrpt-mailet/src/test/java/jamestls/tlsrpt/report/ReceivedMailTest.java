package jamestls.tlsrpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.tlsrpt.Samples;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of a mail with a report, and where in it the report is found. */
class ReceivedMailTest {

    private static final int MAX = 1_000_000;
    private static final String TYPE = "application/tlsrpt+gzip";

    private final ReportFile file = Samples.reportFile();
    private final String mail = "DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=x; bh=y; b=z\r\n"
        + new String(ReportMail.write(file, "tls@rcpt.example", Samples.NOON, new MailIds(new byte[32])), StandardCharsets.US_ASCII);
    private final String report = new String(inflated(file.gzip()), StandardCharsets.UTF_8);

    @Test
    void ownMailShouldHaveNoProblem() {
        assertThat(problems(mail)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "multipart/report; | multipart/mixed; | Content-Type is not multipart/report",
        "report-type=\"tlsrpt\" | report-type=\"dmarc\" | report-type is not tlsrpt",
        "TLS-Report-Domain: rcpt.example | X: y | there is no TLS-Report-Domain",
        "TLS-Report-Submitter: sender.example | X: y | there is no TLS-Report-Submitter",
        "TLS-Report-Domain: rcpt.example | TLS-Report-Domain: rcpt..example | TLS-Report-Domain is not a domain in A-labels",
        "TLS-Report-Domain: rcpt.example | TLS-Report-Domain: rcpt.example~TLS-Report-Domain: rcpt.example "
            + "| the field tls-report-domain occurs more than once",
        "Report Domain: | Reported: | Subject is not in the form of RFC 8460",
        "Report Domain: rcpt.example | Report Domain: other.example | TLS-Report-Domain and Subject name different domains",
        "Submitter: sender.example~ Report-ID | Submitter: other.example~ Report-ID "
            + "| TLS-Report-Submitter and Subject name different domains",
        "DKIM-Signature: | X-Signature: | there is no DKIM signature",
        "s=x; | s=x; l=100; | the DKIM signature has l=, which RFC 8460 forbids",
        "filename=\"sender.example!rcpt.example! | filename=\"sender.example!other.example! "
            + "| TLS-Report-Domain and the file's name name different domains",
        "filename=\"sender.example! | filename=\"other.example! | TLS-Report-Submitter and the file's name name different domains",
        "filename=\"sender.example! | filename=\"../ | the file's name is not in the form of RFC 8460",
        "Content-Type: application/tlsrpt+gzip | Content-Type: application/tlsrpt+json | the part's type does not match its content",
        "Content-Type: application/tlsrpt+gzip | Content-Type: application/gzip "
            + "| the part's type is neither application/tlsrpt+gzip nor application/tlsrpt+json"})
    void departureShouldBeNamedAndTheReportBeRead(String right, String wrong, String problem) {
        String here = right.replace("~", "\r\n");
        assertThat(mail).contains(here);
        ReceivedFile read = read(mail.replace(here, wrong.replace("~", "\r\n")));

        assertThat(read.problems()).containsExactly(problem);
        assertThat(new String(read.json(), StandardCharsets.UTF_8)).isEqualTo(report);
    }

    @Test
    void contactInAnotherDomainThanTheSubmitterShouldBeNamed() {
        // RFC 8460 §5.3
        String json = report.replace("@sender.example\",\"report-id", "@other.example\",\"report-id");
        assertThat(json).isNotEqualTo(report);

        assertThat(problems(json(json, "8bit"))).containsExactly("TLS-Report-Submitter and contact-info name different domains");
    }

    @Test
    void reportShouldBeFoundByItsNameElseByItsContent() {
        String byName = mail.replace(TYPE, "application/octet-stream");
        assertThat(read(byName).json()).asString(StandardCharsets.UTF_8).isEqualTo(report);

        String byContent = byName.replaceAll("(file)?name=\"[^\"]*\"", "x=y");
        assertThat(read(byContent).json()).asString(StandardCharsets.UTF_8).isEqualTo(report);
        assertThat(read(json(report, "8bit").replace("application/tlsrpt+json", "text/x").replaceAll("filename=\"[^\"]*\"", "x=y"))
            .json()).asString(StandardCharsets.UTF_8).isEqualTo(report);
        String none = byContent.replaceAll("(?s)base64.*", "base64\r\n\r\nbm8gcmVwb3J0\r\n");
        assertThat(problems(none)).contains("there is no part application/tlsrpt+gzip or application/tlsrpt+json");
        assertThat(read(none).json()).isEmpty();
    }

    @Test
    void secondReportShouldBeNamed() {
        String part = mail.substring(mail.indexOf("Content-Type: " + TYPE), mail.lastIndexOf("\r\n--"));
        String boundary = mail.substring(mail.lastIndexOf("\r\n--"), mail.lastIndexOf("--")) + "\r\n";

        assertThat(problems(mail.replace(part, part + boundary + part)))
            .containsExactly("there is more than one report; only the first is read");
    }

    @ParameterizedTest
    @CsvSource({"4, true", "5, false"})
    void reportShouldBeFoundInNestedPartsToADepth(int depth, boolean isFound) {
        String nested = json(report, "8bit");
        for (int i = 0; i < depth; i++) {
            nested = "Content-Type: multipart/mixed; boundary=\"b" + i + "\"\r\n\r\n--b" + i + "\r\n" + nested + "\r\n--b" + i + "--\r\n";
        }

        assertThat(read(nested).json().length > 0).isEqualTo(isFound);
    }

    @Test
    void quotedPrintableShouldBeDecodedLeniently() {
        String encoded = report.replace("=", "=3D").replace("STSv1", "STS=76=\r\n1").replace("Sender", "=53ender");

        assertThat(read(json(encoded, "quoted-printable")).json()).asString(StandardCharsets.UTF_8).isEqualTo(report);
        assertThat(read(json("{\"a\":\"=zz = =4\"}=4", "quoted-printable")).json()).asString(StandardCharsets.UTF_8)
            .isEqualTo("{\"a\":\"=zz = =4\"}=4");
    }

    @Test
    void brokenBase64ShouldBeNamed() {
        String head = mail.substring(0, mail.indexOf("base64"));

        assertThat(problems(head + "base64\r\n\r\nA\r\n")).singleElement().asString().startsWith("base64: ");
    }

    @Test
    void reportShouldInflateToItsBoundAndNoFurther() {
        byte[] bytes = mail.getBytes(StandardCharsets.US_ASCII);
        int size = report.getBytes(StandardCharsets.UTF_8).length;

        assertThat(ReceivedFile.ofMail(bytes, size).problems()).isEmpty();
        assertThat(ReceivedFile.ofMail(bytes, size - 1).problems())
            .containsExactly("inflates to more than " + (size - 1) + " octets");
        assertThat(ReceivedFile.of(file.gzip(), size).json()).hasSize(size);
        assertThat(ReceivedFile.of(file.gzip(), size - 1).json()).isEmpty();
    }

    private static List<String> problems(String mail) {
        return read(mail).problems();
    }

    private static ReceivedFile read(String mail) {
        return ReceivedFile.ofMail(mail.getBytes(StandardCharsets.UTF_8), MAX);
    }

    /** A mail that is valid but for what is in its report, which is in plain JSON. */
    private String json(String content, String encoding) {
        String head = mail.substring(0, mail.indexOf("--=_")).replaceAll("boundary=\"[^\"]*\"", "boundary=\"b\"");
        String name = mail.replaceAll("(?s).*filename=\"([^\"]*)\\.gz\".*", "$1");
        return head + "--b\r\nContent-Type: application/tlsrpt+json\r\nContent-Disposition: attachment; filename=\"" + name
            + "\"\r\nContent-Transfer-Encoding: " + encoding + "\r\n\r\n" + content + "\r\n--b--\r\n";
    }

    private static byte[] inflated(byte[] gzip) {
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(gzip))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
