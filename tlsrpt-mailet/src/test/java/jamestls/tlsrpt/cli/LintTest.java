package jamestls.tlsrpt.cli;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.sts;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.tlsrpt.report.MailIds;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.ReportJson;
import jamestls.tlsrpt.report.ReportMail;
import jamestls.tlsrpt.report.TlsReport;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.ReportPeriod;
import jamestls.tlsrpt.store.TallyKey;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LintTest {

    private static final TallyKey KEY = new TallyKey(DAY, RCPT);
    private static final TlsReport REPORT = new TlsReport(REPORTER, new DomainTally(KEY, new ReportPeriod(1, KEY.firstSecond()),
        KEY.lastSecond(),
        3, 0, List.of(new PolicyTally(sts(), 3, 0, Map.of()))));

    @TempDir
    private Path directory;
    private String out = "";

    @Test
    void ownReportShouldBeValidInAllForms() throws IOException {
        ReportFile file = ((ReportFile.Ready) ReportFile.write(REPORT)).files().getFirst();
        String mail = mail();

        assertThat(lint(ReportJson.write(REPORT))).isZero();
        assertThat(out).contains("form: json", "in order", "sts rcpt.example met: 3, violated: 0");
        assertThat(lint(file.gzip())).isZero();
        assertThat(out).contains("form: gzip");
        assertThat(lint(mail.getBytes(StandardCharsets.US_ASCII))).as(() -> out).isZero();
        assertThat(out).contains("form: mail", "report-id: 20260301.rcpt.example@sender.example");
    }

    @Test
    void mailShouldBeValidated() throws IOException {
        String mail = "From: a@b.example\nSubject: report\nDKIM-Signature: v=1; l=100; d=b.example\n"
            + "Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: application/tlsrpt+json; name=report.json\n\n"
            + new String(ReportJson.write(REPORT), StandardCharsets.UTF_8) + "\n--x--\n";

        assertThat(lint(mail.getBytes(StandardCharsets.US_ASCII))).isEqualTo(1);
        assertThat(out).contains("Content-Type is not multipart/report", "there is no TLS-Report-Domain", "Subject is not in the form",
            "the DKIM signature has l=", "the file's name is not in the form", "report-id: 20260301.rcpt.example@sender.example");
    }

    @Test
    void problemsOfTheReportShouldBePrinted() throws IOException {
        assertThat(lint("{\"organization-name\": 7, \"policies\": []}".getBytes(StandardCharsets.UTF_8), "--json")).isEqualTo(1);
        JsonNode problems = new ObjectMapper().readTree(out).get("problems");
        assertThat(problems).extracting(JsonNode::asText).contains("organization-name is not valid", "contact-info is missing");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "Report Domain: rcpt.example | Report Domain: other.example | TLS-Report-Domain and Subject name different domains",
        "TLS-Report-Domain: rcpt.example | TLS-Report-Domain: other.example | TLS-Report-Domain and Subject name different domains",
        "TLS-Report-Domain: rcpt.example | TLS-Report-Domain: b\u00fc.example | TLS-Report-Domain is not a domain in A-labels",
        "TLS-Report-Submitter: sender.example | TLS-Report-Submitter: x.example | TLS-Report-Submitter and contact-info name different",
        "MIME-Version: 1.0 | TLS-Report-Domain: rcpt.example | the field tls-report-domain occurs more than once",
        "application/tlsrpt+gzip | application/tlsrpt | the part's type is neither application/tlsrpt+gzip nor",
        "application/tlsrpt+gzip | application/tlsrpt+json | the part's type does not match its content",
        "filename=\"sender.example! | filename=\"../../etc/x! | the file's name is not in the form",
        "Report-ID: < | Report-ID: <a:b | Subject is not in the form"})
    void problemOfAMailShouldBePrinted(String right, String wrong, String problem) throws IOException {
        assertThat(mail()).contains(right);
        assertThat(lint(mail().replace(right, wrong).getBytes(StandardCharsets.UTF_8))).isEqualTo(1);
        assertThat(out).contains(problem);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "@sender.example>/Message-ID | @sender.example> (a comment (in it))/Message-ID",
        "!rcpt.example! | `!rcpt.example!/ `",
        "report-type=\"tlsrpt\" | report-type=tlsrpt"})
    void whatTheRfcAllowsShouldBeValid(String ours, String others) throws IOException {
        String mail = mail().replace(ours.replace("/", "\r\n"), others.replace("/", "\r\n"));
        assertThat(mail).isNotEqualTo(mail());
        assertThat(lint(mail.getBytes(StandardCharsets.UTF_8))).as(() -> out).isZero();
    }

    @Test
    void standardInputShouldBeRead() throws IOException {
        InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(ReportJson.write(REPORT)));
        try {
            StringWriter written = new StringWriter();
            assertThat(Main.run(new PrintWriter(written, true), new PrintWriter(new StringWriter()), "lint", "-")).isZero();
            assertThat(written.toString()).contains("in order");
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void unreadableFileShouldBeNamedWithTheReason() {
        StringWriter err = new StringWriter();
        assertThat(Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err, true), "lint", directory.resolve("gone").toString()))
            .isEqualTo(3);
        assertThat(Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err, true), "lint", directory.toString())).isEqualTo(3);
        assertThat(err.toString().lines()).containsExactly("lint: " + directory.resolve("gone") + ": there is no such file",
            "lint: " + directory + ": is a directory");
    }

    @Test
    void faultInTheJsonShouldBeNamedByItsPlace() throws IOException {
        assertThat(lint("{\"organization-name\":\n  \"x\",, }".getBytes(StandardCharsets.US_ASCII))).isEqualTo(1);
        assertThat(out).contains("problem: not JSON, line 2, column ").doesNotContain("Exception");
    }

    @Test
    void anyBytesShouldGiveAnAnswer() throws IOException {
        assertThat(lint(new byte[0])).isEqualTo(1);
        assertThat(lint(new byte[] {0x1f, (byte) 0x8b, 0, 0})).isEqualTo(1);
        assertThat(lint("\u001b[31mno report".getBytes(StandardCharsets.UTF_8))).isEqualTo(1);
        assertThat(out).doesNotContain("\u001b");
    }

    private static String mail() {
        ReportFile file = ((ReportFile.Ready) ReportFile.write(REPORT)).files().getFirst();
        return "DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=x; bh=y; b=z\r\n"
            + new String(ReportMail.write(file, "tls@rcpt.example", Instant.parse("2026-03-02T00:10:00Z"),
                new MailIds(new byte[32])), StandardCharsets.US_ASCII);
    }

    private int lint(byte[] bytes, String... more) throws IOException {
        Path file = directory.resolve("report");
        Files.write(file, bytes);
        StringWriter written = new StringWriter();
        List<String> arguments = new ArrayList<>(List.of("lint", file.toString()));
        arguments.addAll(List.of(more));
        int exitCode = Main.run(new PrintWriter(written, true), new PrintWriter(new StringWriter()), arguments.toArray(String[]::new));
        out = written.toString();
        return exitCode;
    }
}
