package jamestls.tlsrpt.send;

import jamestls.outcome.ReportMailListener;
import jamestls.outcome.ReportMailListener.LostReport;
import jamestls.tlsrpt.report.ReportId;
import jamestls.tlsrpt.report.ReturnedMail;
import jamestls.tlsrpt.report.Rua;
import jamestls.tlsrpt.send.Counters.Counter;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.ReportRecord.State;
import jamestls.tlsrpt.store.ReportStore;
import java.time.Clock;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Report mails that our own server had taken and that did not arrive: refused in the session, out of time, or sent back by another
 * server later. The record then says so, and an address that is not there or does not want reports is left alone.
 */
public final class ReturnedReports implements ReportMailListener {

    private static final Logger LOGGER = LoggerFactory.getLogger(ReturnedReports.class);

    private final ReportStore reports;
    private final SuppressionList dead;
    private final Clock clock;
    private final Counter refused;
    private final Counter expired;
    private final Counter returned;

    public ReturnedReports(ReportStore reports, SuppressionList dead, Counters counters, Clock clock) {
        this.reports = reports;
        this.dead = dead;
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
            dead.suppress(report.recipient(), "a report was refused: " + report.why());
        }
        report.reportId().ifPresent(id -> note(id, report.recipient(), (isFinal ? "refused: " : "expired: ") + report.why()));
    }

    /** Another server sent it back. */
    public void returned(ReturnedMail mail) {
        returned.increment();
        LOGGER.warn("tlsreport: report {} to {} came back: {}", ReportLog.printable(mail.reportId()), ReportLog.printable(mail.address()),
            ReportLog.printable(mail.why()));
        if (mail.isFinal()) {
            dead.suppress(mail.address(), "a report came back: " + mail.why());
        }
        note(mail.reportId(), mail.address(), "came back: " + mail.why());
    }

    private void note(String reportId, String address, String why) {
        Optional<ReportRecord> record = ReportId.keysOf(reportId).stream().flatMap(key -> reports.of(key).stream())
            .filter(each -> each.reportId().equals(reportId) && isTo(each.destination(), address)).findFirst();
        record.ifPresent(each -> {
            reports.finish(each.dispatch(), State.LOST, ReportLog.printable(why), Optional.empty(), clock.instant());
            dead.disown(address, each.key());
        });
    }

    private static boolean isTo(String destination, String address) {
        // a report in several files has "1of2" behind the URI
        return Rua.of(destination.split(" ")[0]) instanceof Rua.Mailto mailto && mailto.address().equalsIgnoreCase(address);
    }
}
