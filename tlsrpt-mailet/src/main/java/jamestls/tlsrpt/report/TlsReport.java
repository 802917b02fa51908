package jamestls.tlsrpt.report;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * One report: a tally and who reports it (RFC 8460 §4).
 *
 * @param reporter the organization and its addresses
 * @param tally the counts, at least one policy
 * @param slice which file of a report in several
 */
public record TlsReport(Reporter reporter, DomainTally tally, Slice slice) {

    /**
     * Which of the files of a report that is too large for one (RFC 8460 §5.2). Each is a report of its own about some of the
     * policies, with its own report-id.
     *
     * @param number from 1
     * @param of how many there are
     */
    public record Slice(int number, int of) {

        public static final Slice WHOLE = new Slice(1, 1);

        public Slice {
            if (number < 1 || number > of) {
                throw new IllegalArgumentException(number + " of " + of);
            }
        }

        public boolean isWhole() {
            return of == 1;
        }

        /** For example {@code 2of3}. */
        @Override
        public String toString() {
            return number + "of" + of;
        }
    }

    public TlsReport(Reporter reporter, DomainTally tally) {
        this(reporter, tally, Slice.WHOLE);
    }

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
        return ReportId.of(tally, slice, reporter.submitter());
    }

    /** The same policies, each whole, in so many reports. Every count stands in exactly one of them. */
    List<TlsReport> sliced(List<List<PolicyTally>> slices) {
        List<TlsReport> reports = new ArrayList<>();
        for (List<PolicyTally> policies : slices) {
            reports.add(new TlsReport(reporter, tally.withPolicies(policies), new Slice(reports.size() + 1, slices.size())));
        }
        return reports;
    }

    /** The same with fewer failure details for each policy; no count changes. */
    TlsReport withDetails(int mostPerPolicy) {
        return new TlsReport(reporter, tally.withDetails(mostPerPolicy), slice);
    }
}
