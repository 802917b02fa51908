package jamestls.tlsrpt.report;

import jamestls.net.Sanitized;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Locale;

/**
 * The mail that carries a report (RFC 8460 §5.3). It is put together octet by octet, in ASCII with CRLF, so that nothing on
 * its way has a reason to convert it and break its DKIM signature.
 */
public final class ReportMail {

    private static final String CRLF = "\r\n";
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("EEE, d MMM yyyy HH:mm:ss Z", Locale.ENGLISH);
    private static final Base64.Encoder LINES_OF_76 = Base64.getMimeEncoder();

    private ReportMail() {
    }

    /**
     * The message for one destination.
     *
     * @param to a canonical mail address
     * @param date for the Date field
     * @param ids for the Message-ID field
     * @return RFC 5322 in ASCII, ready to be sent
     */
    public static byte[] write(ReportFile file, String to, Instant date, MailIds ids) {
        TlsReport report = file.report();
        String submitter = report.reporter().submitter().ascii();
        String fileName = ReportName.of(report).gzipped();
        String unique = ids.of(report.id().toString(), to);
        String boundary = "=_" + unique;
        String mail = String.join(CRLF,
            "Date: " + DATE.format(date.atZone(ZoneOffset.UTC)),
            "From: <" + report.reporter().from() + ">",
            "To: <" + to + ">",
            "Subject: " + new ReportSubject(report.domain(), report.reporter().submitter(), report.id().toString()).folded(),
            "Message-ID: <" + unique + "@" + submitter + ">",
            "TLS-Report-Domain: " + report.domain(),
            "TLS-Report-Submitter: " + submitter,
            // RFC 8689 §3, because of RFC 8460 §3: a report of a TLS failure must get past that failure
            "TLS-Required: No",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: multipart/report; report-type=\"tlsrpt\";",
            " boundary=\"" + boundary + "\"",
            "",
            "--" + boundary,
            "Content-Type: text/plain; charset=us-ascii",
            "Content-Transfer-Encoding: 7bit",
            "",
            summary(report),
            "--" + boundary,
            "Content-Type: application/tlsrpt+gzip;",
            " name=\"" + fileName + "\"",
            "Content-Transfer-Encoding: base64",
            "Content-Disposition: attachment;",
            " filename=\"" + fileName + "\"",
            "",
            LINES_OF_76.encodeToString(file.gzip()),
            "--" + boundary + "--",
            "");
        return mail.getBytes(StandardCharsets.US_ASCII);
    }

    private static String summary(TlsReport report) {
        DomainTally tally = report.tally();
        StringBuilder text = new StringBuilder()
            .append("This is a TLS report (RFC 8460) for the mail domain").append(CRLF)
            .append("  ").append(report.domain()).append(CRLF)
            .append("from ").append(ascii(report.reporter().organization())).append(CRLF)
            .append("about ").append(report.start()).append(" to ").append(report.end()).append('.').append(CRLF)
            .append(CRLF)
            .append("Sessions: ").append(tally.sessions()).append(", of which failed: ").append(tally.failedSessions()).append(CRLF);
        if (!report.slice().isWhole()) {
            text.append("This is file ").append(report.slice().number()).append(" of ").append(report.slice().of())
                .append(", about some of the policies.").append(CRLF);
        }
        for (PolicyTally policy : tally.policies()) {
            text.append(CRLF)
                .append("Policy ").append(policy.policy().type().wireName()).append(" of").append(CRLF)
                .append("  ").append(policy.policy().policyDomain()).append(CRLF)
                .append("  as it asks: ").append(policy.successes()).append(", not: ").append(policy.failures()).append(CRLF);
        }
        return text.append(CRLF)
            .append("The attached file has the details. Questions go to").append(CRLF)
            .append("  ").append(report.reporter().contact()).append(CRLF)
            .toString();
    }

    /** The name for human eyes; in the report itself it stands in UTF-8. */
    private static String ascii(String name) {
        return Sanitized.ascii(name, Integer.MAX_VALUE);
    }
}
