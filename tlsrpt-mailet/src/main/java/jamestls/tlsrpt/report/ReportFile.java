package jamestls.tlsrpt.report;

import jamestls.tlsrpt.report.TlsReport.Slice;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A report ready to leave: written, checked, compressed, and small enough.
 *
 * @param report what it says
 * @param gzip the JSON, compressed: {@code application/tlsrpt+gzip}
 */
public record ReportFile(TlsReport report, byte[] gzip) {

    /** The size that receivers are known to accept (RFC 8460 §5.2: 10 MB), less the third that base64 adds. */
    static final int MAX = 7_000_000;
    private static final int[] DETAILS = {300, 100, 30, 10, 0};

    /** What came of writing it. */
    public sealed interface Written {
    }

    /** They may be sent. One file, or several if one would be too large; then each is a report of its own. */
    public record Ready(List<ReportFile> files) implements Written {

        public Ready {
            files = List.copyOf(files);
        }
    }

    /** It may not: the problems are ours. */
    public record Faulty(List<String> problems) implements Written {
    }

    /**
     * Writes and checks the report. One that is too large is divided by policies, so that every count stands in exactly one
     * file; a policy too large for a file of its own loses failure details, never a count.
     */
    public static Written write(TlsReport report) {
        return write(report, MAX);
    }

    static Written write(TlsReport report, int largest) {
        ReportFile whole = compressed(report);
        List<ReportFile> files = whole.gzip().length <= largest ? List.of(whole)
            : report.sliced(slices(report, report.tally().policies(), largest)).stream().map(ReportFile::compressed).toList();
        for (ReportFile file : files) {
            if (file.gzip().length > largest) {
                return new Faulty(List.of("one policy is larger than " + largest + " octets even without details"));
            }
            List<String> problems = ReportCheck.problems(file);
            if (!problems.isEmpty()) {
                return new Faulty(problems);
            }
        }
        return new Ready(files);
    }

    /** Halves what is too large until it fits. Measured as the whole, whose name is as long as theirs but for some letters. */
    private static List<List<PolicyTally>> slices(TlsReport report, List<PolicyTally> policies, int largest) {
        TlsReport part = new TlsReport(report.reporter(), report.tally().withPolicies(policies), new Slice(100, 100));
        if (compressed(part).gzip().length <= largest) {
            return List.of(policies);
        }
        if (policies.size() == 1) {
            return List.of(IntStream.of(DETAILS).mapToObj(part::withDetails)
                .filter(folded -> folded.tally().policies().getFirst().details().isEmpty() || compressed(folded).gzip().length <= largest)
                .findFirst().orElse(part.withDetails(0)).tally().policies());
        }
        List<List<PolicyTally>> slices = new ArrayList<>(slices(report, policies.subList(0, policies.size() / 2), largest));
        slices.addAll(slices(report, policies.subList(policies.size() / 2, policies.size()), largest));
        return slices;
    }

    private static ReportFile compressed(TlsReport report) {
        return new ReportFile(report, Gzip.compress(out -> ReportJson.write(report, out)));
    }
}
