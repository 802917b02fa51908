package jamestls.tlsrpt.inbox;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy.PolicyType;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/**
 * A report about domains of ours, as it was read from a mail. All texts are sanitized and bounded.
 *
 * @param sender who sent it
 * @param head the members about the report as a whole
 * @param elements the policies of domains of ours, at least one
 * @param content hash of the report; equal for copies
 * @param notes deviations from RFC 8460 and other remarks
 */
public record ReceivedReport(Sender sender, Head head, List<Element> elements, byte[] content, List<String> notes) {

    /** Maximum number of sessions that one count of a report may claim; more are taken for this number. */
    public static final long MAX_SESSIONS = 1_000_000_000;

    public ReceivedReport {
        elements = List.copyOf(elements);
        notes = List.copyOf(notes);
    }

    /** Whether the sender is proven. Stored by {@link #ordinal}. */
    public enum Trust {
        /** Unsigned, or not signed by the domain of the author: kept apart and never a reason for an alarm. */
        UNVERIFIED,
        /** Signed by the domain of the author, or by a domain above it. */
        VERIFIED
    }

    /**
     * The sender of a report.
     *
     * @param submitter the domain that signed the mail if it is verified, else what the mail claims
     */
    public record Sender(Trust trust, DomainName submitter) {
    }

    /**
     * Members of the report.
     *
     * @param reportId the report-id, or a hash of the content if there is none
     * @param organization the claimed name; may be empty
     * @param contact the claimed address; may be empty
     * @param start begin of the time that is reported; its UTC day is the day the report counts for
     */
    public record Head(String reportId, String organization, String contact, Instant start, Instant end) {

        public LocalDate day() {
            return start.atZone(ZoneOffset.UTC).toLocalDate();
        }
    }

    /**
     * Sessions under one policy.
     *
     * @param domain which of our domains it is about
     * @param policyDomain as reported: that domain, or a name below it, such as an MX host
     */
    public record Element(DomainName domain, DomainName policyDomain, PolicyType type, long successes, long failures,
                          List<Failure> details) {

        public Element {
            details = List.copyOf(details);
        }
    }

    /**
     * Failed sessions of one kind.
     *
     * @param type the result type (RFC 8460 §4.3), known or not
     * @param mxHost empty if there is none
     * @param receivingIp empty if there is none
     * @param sendingIp empty if there is none
     * @param reason failure-reason-code; may be empty
     */
    public record Failure(String type, String mxHost, String receivingIp, String sendingIp, String reason, long sessions) {
    }
}
