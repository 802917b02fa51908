package jamestls.tlsrpt.send;

import jamestls.tlsrpt.report.Reporter;
import jamestls.tlsrpt.report.Reporters;
import jamestls.tlsrpt.report.Rua;
import java.time.Clock;
import java.util.Optional;
import org.apache.james.metrics.api.MetricFactory;

/**
 * What the operator decides about reports.
 *
 * @param reporters who reports
 * @param guard where reports may go
 * @param minSessions a day and domain with fewer gets none
 * @param archive gets a copy of each
 */
public record ReportSettings(Reporters reporters, DestinationGuard guard, int minSessions, Optional<Rua.Mailto> archive) {

    /** With one who reports everything. */
    public ReportSettings(Reporter reporter, DestinationGuard guard, int minSessions, Optional<Rua.Mailto> archive) {
        this(Reporters.one(reporter), guard, minSessions, archive);
    }

    /** Reports for everybody, and no archive. */
    public static ReportSettings plain(Reporter reporter, MetricFactory metrics, Clock clock) {
        return new ReportSettings(reporter, DestinationGuard.lenient(Counters.of(metrics), clock), 1, Optional.empty());
    }
}
