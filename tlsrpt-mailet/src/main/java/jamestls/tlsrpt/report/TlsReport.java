package jamestls.tlsrpt.report;

import jamestls.tlsrpt.store.DomainTally;
import jamestls.mtasts.dns.DomainName;
import java.time.Instant;

/**
 * One report: a tally and who reports it (RFC 8460 §4).
 *
 * @param reporter the organization and its addresses
 * @param tally the counts, at least one policy
 */
public record TlsReport(Reporter reporter, DomainTally tally) {

    /** {@code start-datetime}, a whole second. */
    public Instant start() {
        return tally.part().start();
    }

    /** {@code end-datetime}, a whole second that still belongs to the report. */
    public Instant end() {
        return tally.end();
    }

    /** The domain the report is for. */
    public DomainName domain() {
        return tally.key().domain();
    }

    public ReportId id() {
        return ReportId.of(tally, reporter.submitter());
    }
}
