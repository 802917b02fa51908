package jamestls.mtasts.delivery;

import jamestls.net.SanitizedLogger;
import jamestls.outcome.ReportMailListener;
import jamestls.outcome.ReportMailListener.LeavingReport;
import jamestls.outcome.ReportMailListener.LostReport;
import jamestls.outcome.ReportMailListener.LostReport.Reason;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.james.core.MailAddress;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.Mail;

/**
 * The rules for mails that carry TLS reports: they have a retry schedule of their own, expire after about a day (RFC 8460 §5.5), and
 * are never bounced. A {@link ReportMailListener} is told of those that are lost.
 */
public final class ReportMails {

    /** When a mail expires: milliseconds since 1970, a Long. Any mail may have it. */
    static final AttributeName EXPIRES = AttributeName.of(ReportMailListener.Attributes.EXPIRES);

    /** The report-id of the report (RFC 8460 §4.4), a String. */
    static final AttributeName REPORT_ID = AttributeName.of(ReportMailListener.Attributes.REPORT_ID);

    /** Ten retries in 21¼ hours: the pause starts at five minutes and doubles up to four hours (RFC 8460 §5.5). */
    private static final RetrySchedule SCHEDULE =
        new RetrySchedule(Stream.of(5, 10, 20, 40, 80, 160, 240).map(Duration::ofMinutes).toList(), 10);

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(ReportMails.class);

    private final ReportMailListener listener;
    private final Clock clock;

    /** @param listener is told of report mails that leave and that are lost */
    public ReportMails(ReportMailListener listener, Clock clock) {
        this.listener = listener;
        this.clock = clock;
    }

    static boolean isReport(Mail mail) {
        return AttributeUtils.getValueAndCastFromMail(mail, OutboundMail.Attributes.TLS_REPORT, Boolean.class).orElse(false);
    }

    /** Tells the listener of a report mail before its first attempt; ignores other mails. */
    void leaving(Mail mail) {
        if (isReport(mail) && FailureNotice.retriesOf(mail) == 0) {
            listener.leaving(new LeavingReport(mail.getName(), mail.getMaybeSender().asOptional().map(MailAddress::asString),
                out -> MailContent.writeTo(mail, out)));
        }
    }

    /** The retry schedule of a report mail; empty for other mails. {@code delayTime} may be too slow for mails that expire in a day. */
    Optional<RetrySchedule> scheduleOf(Mail mail) {
        return isReport(mail) ? Optional.of(SCHEDULE) : Optional.empty();
    }

    /** Whether a mail will not have expired after that pause; true for a mail without expiry. */
    boolean mayWait(Mail mail, Duration pause) {
        Instant next = clock.instant().plus(pause);
        return AttributeUtils.getValueAndCastFromMail(mail, EXPIRES, Long.class)
            .map(Instant::ofEpochMilli).filter(next::isAfter).isEmpty();
    }

    /** Tells the listener that a report mail is lost for one recipient. */
    void lost(Mail mail, MailAddress recipient, Failure failure) {
        Reason reason = failure.isPermanent() ? Reason.REFUSED : Reason.EXPIRED;
        LOGGER.warn("Report mail {} to {} is not delivered ({}): {}", mail.getName(), recipient, reason, failure);
        listener.lost(new LostReport(mail.getName(), recipient.asString(),
            AttributeUtils.getValueAndCastFromMail(mail, REPORT_ID, String.class), reason, failure.toString()));
    }
}
