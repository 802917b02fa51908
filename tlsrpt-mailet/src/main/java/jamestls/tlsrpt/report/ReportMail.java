package jamestls.tlsrpt.report;

import jamestls.dns.DomainName;
import jamestls.net.Sanitized;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes report mails (RFC 8460 §5.3). They are pure ASCII with short lines, so that no server converts them and breaks the DKIM
 * signature.
 */
public final class ReportMail {

    private static final String CRLF = "\r\n";
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("EEE, d MMM yyyy HH:mm:ss Z", Locale.ENGLISH);
    private static final Base64.Encoder LINES_OF_76 = Base64.getMimeEncoder();

    private ReportMail() {
    }

    /**
     * Writes the message for one recipient.
     *
     * @param to canonical mail address
     * @param date value of the Date field
     * @param ids source of the Message-ID
     * @return a message (RFC 5322) in ASCII with CRLF
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
            "Subject: " + new Subject(report.domain(), report.reporter().submitter(), report.id().toString()).folded(),
            "Message-ID: <" + unique + "@" + submitter + ">",
            "TLS-Report-Domain: " + report.domain(),
            "TLS-Report-Submitter: " + submitter,
            // RFC 8689 §3, RFC 8460 §3: a report about a TLS failure must not fail because of it
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
                .append(" and covers some of the policies.").append(CRLF);
        }
        for (PolicyTally policy : tally.policies()) {
            text.append(CRLF)
                .append("Policy ").append(policy.policy().type().wireName()).append(" of").append(CRLF)
                .append("  ").append(policy.policy().policyDomain()).append(CRLF)
                .append("  met: ").append(policy.successes()).append(", violated: ").append(policy.failures()).append(CRLF);
        }
        return text.append(CRLF)
            .append("The attached file has the details. Questions go to").append(CRLF)
            .append("  ").append(report.reporter().contact()).append(CRLF)
            .toString();
    }

    /** The text in ASCII; the report itself has it in UTF-8. */
    private static String ascii(String name) {
        return Sanitized.ascii(name, Integer.MAX_VALUE);
    }

    /**
     * The Subject field of a report mail (RFC 8460 §5.3).
     *
     * @param domain policy domain of the report
     * @param submitter domain of the reporting organization
     * @param reportId the report-id, without angle brackets
     */
    public record Subject(DomainName domain, DomainName submitter, String reportId) {

        // RFC 5322 §3.6.4; comments may follow, nested one level at most
        private static final String ID = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+|\\[[!-Z^-~]*\\])";
        private static final String COMMENTS = "(?:\\s*\\((?:[^()\\\\]|\\\\.|\\([^()]*\\))*+\\))*+";
        private static final Pattern SUBJECT =
            Pattern.compile("Report\\s+Domain:\\s+(\\S+)\\s+Submitter:\\s+(\\S+)\\s+Report-ID:\\s+<(" + ID + ")>" + COMMENTS + "\\s*");

        /** Parses the value of the field, folded or unfolded. */
        public static Optional<Subject> parse(String value) {
            Matcher subject = SUBJECT.matcher(value);
            return !subject.matches() ? Optional.empty() : ascii(subject.group(1)).flatMap(domain -> ascii(subject.group(2))
                .map(submitter -> new Subject(domain, submitter, subject.group(3))));
        }

        /** The value of the field, folded into short lines. */
        String folded() {
            return "Report Domain: " + domain + "\r\n Submitter: " + submitter + "\r\n Report-ID: <" + reportId + ">";
        }

        private static Optional<DomainName> ascii(String name) {
            return DomainName.parse(name).filter(domain -> domain.ascii().equalsIgnoreCase(name));
        }
    }
}
