package jamestls.tlsrpt.report;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.store.DomainTally;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A report: counts and reporting identity (RFC 8460 §4).
 *
 * @param reporter the reporting identity
 * @param tally the counts, of at least one policy
 * @param slice number of the file, if the report is divided into several
 */
public record TlsReport(Reporters.Reporter reporter, DomainTally tally, Slice slice) {

    /**
     * One of several files of a report that is too large for one (RFC 8460 §5.2). Each is a separate report about some of the policies,
     * with its own report-id.
     *
     * @param number number of the file, from 1
     * @param of number of files
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

    public TlsReport(Reporters.Reporter reporter, DomainTally tally) {
        this(reporter, tally, Slice.WHOLE);
    }

    /** Value of {@code start-datetime}, in whole seconds. */
    public Instant start() {
        return tally.part().start();
    }

    /** Value of {@code end-datetime}: the last second of the report, inclusive. */
    public Instant end() {
        return tally.end();
    }

    /** The domain that gets the report. */
    public DomainName domain() {
        return tally.key().domain();
    }

    public ReportId id() {
        return ReportId.of(tally, slice, reporter.submitter());
    }

    /** Divides the report by policies. */
    List<TlsReport> sliced(List<List<PolicyTally>> slices) {
        List<TlsReport> reports = new ArrayList<>();
        for (List<PolicyTally> policies : slices) {
            reports.add(new TlsReport(reporter, tally.withPolicies(policies), new Slice(reports.size() + 1, slices.size())));
        }
        return reports;
    }

    /** The same report with fewer failure details per policy; no count changes. */
    TlsReport withDetails(int limitPerPolicy) {
        return new TlsReport(reporter, tally.withDetails(limitPerPolicy), slice);
    }
}
