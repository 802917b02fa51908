package jamestls.tlsrpt.send;

import java.util.Comparator;
import java.util.List;

/** The answer to somebody who asked for the reports now: plain text in ASCII, lines end with CRLF. */
public final class RunSummary {

    private static final String CRLF = "\r\n";
    private static final int MOST_LINES = 1_000;

    private RunSummary() {
    }

    public static String of(List<ReportResult> results) {
        StringBuilder text = new StringBuilder();
        long sent = results.stream().filter(ReportResult.Sent.class::isInstance).count();
        text.append(results.isEmpty() ? "There was nothing to report." : sent + " of " + results.size() + " reports sent.").append(CRLF);
        results.stream()
            .sorted(Comparator.comparing((ReportResult result) -> result.tally().key()))
            .limit(MOST_LINES)
            .forEach(result -> text.append(CRLF).append(line(result)));
        if (results.size() > MOST_LINES) {
            text.append(CRLF).append("and ").append(results.size() - MOST_LINES).append(" more: see the log.").append(CRLF);
        }
        return text.toString();
    }

    private static String line(ReportResult result) {
        return result.tally().key().domain() + ", " + result.tally().key().day() + ": " + result.word() + CRLF
            + "  sessions: " + result.tally().sessions() + ", of which failed: " + result.tally().failedSessions() + CRLF
            + (result instanceof ReportResult.Sent ? "  to " : "  because: ") + ReportLog.printable(result.detail()) + CRLF;
    }
}
