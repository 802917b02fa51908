package jamestls.tlsrpt.report;

import java.util.List;
import java.util.stream.IntStream;

/**
 * A report ready to leave: written, checked, compressed, and small enough.
 *
 * @param report what it says; failure details may have been folded to fit
 * @param gzip the JSON, compressed: {@code application/tlsrpt+gzip}
 */
public record ReportFile(TlsReport report, byte[] gzip) {

    /** The size that receivers are known to accept (RFC 8460 §5.2: 10 MB), less the third that base64 adds. */
    static final int LARGEST = 7_000_000;
    private static final int[] DETAILS = {Integer.MAX_VALUE, 300, 100, 30, 10, 0};

    /** What came of writing it. */
    public sealed interface Written {
    }

    /** It may be sent. */
    public record Ready(ReportFile file) implements Written {
    }

    /** It may not: the problems are ours. */
    public record Faulty(List<String> problems) implements Written {
    }

    /** Writes and checks the report; one that is too large loses failure details, never a count. */
    public static Written write(TlsReport report) {
        return write(report, LARGEST);
    }

    static Written write(TlsReport report, int largest) {
        ReportFile smallest = IntStream.of(DETAILS)
            .mapToObj(details -> compressed(new TlsReport(report.reporter(), report.tally().withDetails(details))))
            .filter(file -> file.gzip().length <= largest)
            .findFirst()
            .orElse(null);
        if (smallest == null) {
            return new Faulty(List.of("larger than " + largest + " octets even without details"));
        }
        List<String> problems = ReportCheck.problems(ReportJson.write(smallest.report()));
        return problems.isEmpty() ? new Ready(smallest) : new Faulty(problems);
    }

    private static ReportFile compressed(TlsReport report) {
        return new ReportFile(report, Gzip.compress(ReportJson.write(report)));
    }
}
