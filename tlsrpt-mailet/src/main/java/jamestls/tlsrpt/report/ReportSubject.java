package jamestls.tlsrpt.report;

import jamestls.dns.DomainName;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Subject of a report mail (RFC 8460 §5.3).
 *
 * @param domain the report is for
 * @param submitter the reporting domain
 * @param reportId a message id without angle brackets
 */
public record ReportSubject(DomainName domain, DomainName submitter, String reportId) {

    // RFC 5322 §3.6.4; a comment may follow, one comment inside of another goes one level deep
    private static final String ID = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+|\\[[!-Z^-~]*\\])";
    private static final String COMMENTS = "(?:\\s*\\((?:[^()\\\\]|\\\\.|\\([^()]*\\))*+\\))*+";
    private static final Pattern SUBJECT =
        Pattern.compile("Report\\s+Domain:\\s+(\\S+)\\s+Submitter:\\s+(\\S+)\\s+Report-ID:\\s+<(" + ID + ")>" + COMMENTS + "\\s*");

    /** Reads the value of the field, folded or not. */
    public static Optional<ReportSubject> parse(String value) {
        Matcher subject = SUBJECT.matcher(value);
        return !subject.matches() ? Optional.empty() : ascii(subject.group(1)).flatMap(domain -> ascii(subject.group(2))
            .map(submitter -> new ReportSubject(domain, submitter, subject.group(3))));
    }

    /** The value of the field, folded so that no line is long: the labels are case-sensitive, the white space is not significant. */
    String folded() {
        return "Report Domain: " + domain + "\r\n Submitter: " + submitter + "\r\n Report-ID: <" + reportId + ">";
    }

    private static Optional<DomainName> ascii(String name) {
        return DomainName.parse(name).filter(domain -> domain.ascii().equalsIgnoreCase(name));
    }
}
