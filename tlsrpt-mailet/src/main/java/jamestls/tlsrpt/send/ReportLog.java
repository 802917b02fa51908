package jamestls.tlsrpt.send;

import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import jamestls.tlsrpt.send.Counters.Counter;
import jamestls.tlsrpt.store.DomainTally;
import org.apache.james.metrics.api.MetricFactory;

/**
 * Writes one log line and one metric for each report that was due. The format of the line is stable, so that scripts can parse it:
 * {@code tlsreport domain=… day=… part=… result=sent|partly-sent|no-record|postponed|given-up|expired|failed
 * sessions=… failures=… to=…}, with {@code reason=…} instead of {@code to=…} if no destination accepted the report.
 */
public final class ReportLog {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(ReportLog.class);
    private static final int MAX_DETAIL = 500;

    private final Counter sent;
    private final Counter notWanted;
    private final Counter postponed;
    private final Counter failed;
    private final Counter faulty;

    public ReportLog(MetricFactory metrics) {
        Counters counters = Counters.of(metrics);
        this.sent = counters.named("tlsReportsSent");
        this.notWanted = counters.named("tlsReportsNotWanted");
        this.postponed = counters.named("tlsReportsPostponed");
        this.failed = counters.named("tlsReportsFailed");
        this.faulty = counters.named("tlsReportsFaulty");
    }

    void finished(ReportResult result) {
        DomainTally tally = result.tally();
        String line = "tlsreport domain=" + tally.key().domain()
            + tally.key().submitter().map(submitter -> " as=" + submitter).orElse("")
            + " day=" + tally.key().day() + " part=" + tally.part().number()
            + " result=" + result.word() + " sessions=" + tally.sessions() + " failures=" + tally.failedSessions()
            + (isAccepted(result) ? " to=" : " reason=") + printable(result.detail());
        switch (result) {
            case ReportResult.Sent done -> {
                sent.increment();
                LOGGER.info(line);
            }
            case ReportResult.PartlySent some -> LOGGER.info(line);
            case ReportResult.NotWanted none -> {
                notWanted.increment();
                LOGGER.debug(line);
            }
            case ReportResult.Postponed later -> {
                postponed.increment();
                LOGGER.info(line);
            }
            case ReportResult.GivenUp dropped -> {
                failed.increment();
                LOGGER.warn(line);
            }
            case ReportResult.Expired expired -> {
                failed.increment();
                LOGGER.warn(line);
            }
            case ReportResult.Faulty ours -> {
                failed.increment();
                faulty.increment();
                LOGGER.error(line);
            }
        }
    }

    /** Whether at least one destination accepted the report. */
    static boolean isAccepted(ReportResult result) {
        return result instanceof ReportResult.Sent || result instanceof ReportResult.PartlySent;
    }

    /** The text in printable ASCII, cut to a bounded length; for texts that may contain a stranger's words. */
    public static String printable(String text) {
        String clean = Sanitized.ascii(text, Integer.MAX_VALUE);
        return clean.length() > MAX_DETAIL ? clean.substring(0, MAX_DETAIL) : clean;
    }
}
