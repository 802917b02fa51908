package jamestls.tlsrpt.send;

import java.util.ArrayList;
import java.util.List;

/** The answer to somebody who asked for the reports now: plain text in ASCII, lines end with CRLF. For one thread. */
public final class RunSummary {

    private static final String CRLF = "\r\n";
    private static final int MAX_LINES = 1_000;

    private final List<String> lines = new ArrayList<>();
    private long results;
    private long sent;

    public void add(ReportResult result) {
        results++;
        sent += ReportLog.hasIt(result) ? 1 : 0;
        if (lines.size() < MAX_LINES) {
            lines.add(line(result));
        }
    }

    public String text() {
        StringBuilder text = new StringBuilder()
            .append(results == 0 ? "There was nothing to report." : sent + " of " + results + " reports sent.").append(CRLF);
        lines.forEach(line -> text.append(CRLF).append(line));
        if (results > MAX_LINES) {
            text.append(CRLF).append("and ").append(results - MAX_LINES).append(" more: see the log.").append(CRLF);
        }
        return text.toString();
    }

    private static String line(ReportResult result) {
        return result.tally().key().domain() + ", " + result.tally().key().day() + ": " + result.word() + CRLF
            + "  sessions: " + result.tally().sessions() + ", of which failed: " + result.tally().failedSessions() + CRLF
            + (ReportLog.hasIt(result) ? "  to " : "  because: ") + ReportLog.printable(result.detail()) + CRLF;
    }
}
