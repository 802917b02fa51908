package jamestls.tlsrpt.send;

import jamestls.net.SanitizedLogger;
import jamestls.outcome.ReportMailListener;
import jamestls.outcome.ReportMailListener.LostReport;
import jamestls.rua.Rua;
import jamestls.tlsrpt.report.ReportId;
import jamestls.tlsrpt.report.ReturnedMail;
import jamestls.tlsrpt.send.Counters.Counter;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.ReportRecord.State;
import jamestls.tlsrpt.store.ReportStore;
import java.time.Clock;
import java.util.Optional;

/**
 * Handles report mails that James accepted and that were not delivered: rejected in the SMTP session, expired in the queue, or bounced
 * by another server. The record of the report is updated, and an address that rejected it permanently is suppressed.
 */
public final class ReturnedReports implements ReportMailListener {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(ReturnedReports.class);

    private final ReportStore reports;
    private final SuppressionList suppressions;
    private final Clock clock;
    private final Counter refused;
    private final Counter expired;
    private final Counter returned;

    public ReturnedReports(ReportStore reports, SuppressionList suppressions, Counters counters, Clock clock) {
        this.reports = reports;
        this.suppressions = suppressions;
        this.clock = clock;
        this.refused = counters.named("tlsReportMailsRefused");
        this.expired = counters.named("tlsReportMailsExpired");
        this.returned = counters.named("tlsReportMailsReturned");
    }

    @Override
    public void lost(LostReport report) {
        boolean isFinal = report.reason() == LostReport.Reason.REFUSED;
        (isFinal ? refused : expired).increment();
        if (isFinal) {
            suppressions.suppress(report.recipient(), "a report was rejected: " + report.why());
        }
        report.reportId().ifPresent(id -> markLost(id, report.recipient(), (isFinal ? "refused: " : "expired: ") + report.why()));
    }

    /** Handles a bounce from another server. */
    public void returned(ReturnedMail mail) {
        returned.increment();
        LOGGER.warn("tlsreport: report {} to {} bounced: {}", ReportLog.printable(mail.reportId()), ReportLog.printable(mail.address()),
            ReportLog.printable(mail.why()));
        if (mail.isFinal()) {
            suppressions.suppress(mail.address(), "a report bounced: " + mail.why());
        }
        markLost(mail.reportId(), mail.address(), "bounced: " + mail.why());
    }

    private void markLost(String reportId, String address, String why) {
        Optional<ReportRecord> record = ReportId.keysOf(reportId).stream().flatMap(key -> reports.of(key).stream())
            .filter(each -> each.reportId().equals(reportId) && isTo(each.destination(), address)).findFirst();
        record.ifPresent(each -> {
            reports.finish(each.dispatch(), State.LOST, ReportLog.printable(why), Optional.empty(), clock.instant());
            suppressions.revokeAcceptance(address, each.key());
        });
    }

    private static boolean isTo(String destination, String address) {
        // if a report has several files, the URI is followed by " 1of2"
        return Rua.of(destination.split(" ")[0]) instanceof Rua.Mailto mailto && mailto.address().equalsIgnoreCase(address);
    }
}
