package jamestls.tlsrpt.report;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.REPORTER;
import static jamestls.tlsrpt.Samples.sts;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import jakarta.mail.BodyPart;
import jakarta.mail.Session;
import jakarta.mail.internet.ContentType;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import jamestls.dns.DomainName;
import jamestls.tlsrpt.Vectors;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.ReportPeriod;
import jamestls.tlsrpt.store.TallyKey;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ReportMailTest {

    private static final Instant SENT = Instant.parse("2026-03-02T01:02:03Z");
    private static final String TO = "\"a,b\"@agg.example";

    @Test
    void mailShouldBeAMultipartReportOfTwoParts() throws Exception {
        MimeMessage mail = mail("rcpt.example");
        ContentType type = new ContentType(mail.getContentType());
        MimeMultipart parts = (MimeMultipart) mail.getContent();

        assertThat(type.match("multipart/report")).isTrue();
        assertThat(type.getParameter("report-type")).isEqualTo("tlsrpt");
        assertThat(parts.getCount()).isEqualTo(2);
        assertThat(parts.getBodyPart(0).getContentType()).startsWith("text/plain");
        assertThat((String) parts.getBodyPart(0).getContent()).contains("Sessions: 7, of which failed: 2");
    }

    @Test
    void secondPartShouldBeTheReport() throws Exception {
        BodyPart part = ((MimeMultipart) mail("rcpt.example").getContent()).getBodyPart(1);

        assertThat(new ContentType(part.getContentType()).getBaseType()).isEqualTo("application/tlsrpt+gzip");
        assertThat(part.getFileName()).isEqualTo("sender.example!rcpt.example!1772323200!1772409599.json.gz");
        ParsedReport report = ParsedReport.ofGzip(part.getInputStream().readAllBytes());
        assertThat(report.id()).isEqualTo("20260301.rcpt.example@sender.example");
        assertThat(report.policies()).singleElement().extracting(ParsedReport.Policy::failures).isEqualTo(2L);
    }

    @Test
    void headersShouldBeThoseOfTheRfc() throws Exception {
        MimeMessage mail = mail("rcpt.example");

        assertThat(mail.getHeader("TLS-Report-Domain")).containsExactly("rcpt.example");
        assertThat(mail.getHeader("TLS-Report-Submitter")).containsExactly("sender.example");
        assertThat(mail.getHeader("TLS-Required")).containsExactly("No");
        assertThat(mail.getHeader("Auto-Submitted")).containsExactly("auto-generated");
        assertThat(mail.getHeader("From")).containsExactly("<reports@sender.example>");
        assertThat(mail.getHeader("To")).containsExactly("<" + TO + ">");
        assertThat(mail.getHeader("Date")).containsExactly("Mon, 2 Mar 2026 01:02:03 +0000");
        assertThat(mail.getMessageID()).matches("<[0-9a-f]{32}@sender.example>");
    }

    @TestFactory
    Stream<DynamicTest> subjectShouldHaveTheThreeLabels() {
        return Stream.of(Vectors.one("subject", "folded")).map(vector -> DynamicTest.dynamicTest(vector.path("name").asText(), () -> {
            String[] ours = subject(mail("rcpt.example").getHeader("Subject")[0]);
            String[] theirs = subject(vector.path("input").asText());
            assertThat(ours).startsWith(theirs[0], theirs[1]);
            assertThat(ours[2]).isEqualTo("20260301.rcpt.example@sender.example");
            // RFC 5322 §3.6.4: no colon in a msg-id
            assertThat(ours[2]).doesNotContain(":").contains("@");
        }));
    }

    @TestFactory
    Stream<DynamicTest> fileNameShouldFollowTheRfc() {
        return Stream.of("make-gz", "make-idn").map(name -> DynamicTest.dynamicTest(name, () -> {
            JsonNode vector = Vectors.one("filename", name);
            JsonNode input = vector.path("input");
            ReportName made = new ReportName(DomainName.of(input.path("sender").asText()), DomainName.of(input.path("domain").asText()),
                input.path("begin").asLong(), input.path("end").asLong(), Optional.empty());
            assertThat(made.gzipped()).isEqualTo(vector.path("expected").asText());
        }));
    }

    @Test
    void mailShouldHaveShortLinesOfAsciiWhateverTheNames() {
        Reporters.Reporter umlauts = new Reporters.Reporter("B\u00fccher\u2019s Mail", "a@sender.example", "a@sender.example");
        String longest = ("a".repeat(63) + ".").repeat(3) + "b".repeat(61);
        byte[] mail = ReportMail.write(file(umlauts, longest), TO, SENT, new MailIds(new byte[32]));

        assertThat(new String(mail, StandardCharsets.ISO_8859_1)).matches("(?s)[\\r\\n\\x20-\\x7e]*").doesNotContain("\r\r");
        assertThat(new String(mail, StandardCharsets.US_ASCII).split("\r\n")).allSatisfy(line -> {
            assertThat(line).hasSizeLessThanOrEqualTo(998).doesNotContain("\n");
        });
    }

    @Test
    void sameReportShouldHaveTheSameMessageId() throws Exception {
        assertThat(mail("rcpt.example").getMessageID()).isEqualTo(mail("rcpt.example").getMessageID())
            .isNotEqualTo(mail("other.example").getMessageID());
    }

    private static String[] subject(String folded) {
        Matcher matcher = Pattern.compile(
            "Report Domain:\\s+(\\S+)\\s+Submitter:\\s+(\\S+)\\s+Report-ID:\\s+<(\\S+)>").matcher(folded);
        assertThat(matcher.matches()).as(folded).isTrue();
        return new String[] {matcher.group(1), matcher.group(2), matcher.group(3)};
    }

    private static MimeMessage mail(String domain) throws Exception {
        return new MimeMessage(Session.getInstance(new Properties()),
            new ByteArrayInputStream(ReportMail.write(file(REPORTER, domain), TO, SENT, new MailIds(new byte[32]))));
    }

    private static ReportFile file(Reporters.Reporter reporter, String domain) {
        TallyKey key = new TallyKey(DAY, DomainName.of(domain));
        DomainTally tally = new DomainTally(key, new ReportPeriod(1, key.firstSecond()), key.lastSecond(), 7, 2,
            List.of(new PolicyTally(sts(), 5, 2, Map.of())));
        return ((ReportFile.Ready) ReportFile.write(new TlsReport(reporter, tally))).files().getFirst();
    }
}
