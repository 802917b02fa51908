package jamestls.mtasts.delivery;

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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How mails with TLS reports begin and, when they do not arrive, end: after the time their maker gave them, a day and not the five that
 * people's mails have (RFC 8460 §5.5), and without a bounce, because no person sent them.
 */
public final class ReportMails {

    /** When it is no longer worth delivering: milliseconds since 1970, a Long. Any mail may have it. */
    static final AttributeName EXPIRES = AttributeName.of("jamestls.expires");

    /** The report-id of what it carries (RFC 8460 §4.4), a String. */
    static final AttributeName REPORT_ID = AttributeName.of("jamestls.report-id");

    /** Ten retries in 21¼ hours: five minutes, then twice as long each time, at most four hours (RFC 8460 §5.5). */
    private static final RetrySchedule SCHEDULE =
        new RetrySchedule(Stream.of(5, 10, 20, 40, 80, 160, 240).map(Duration::ofMinutes).toList(), 10);

    private static final Logger LOGGER = LoggerFactory.getLogger(ReportMails.class);

    private final ReportMailListener listener;
    private final Clock clock;

    /** @param listener is told of each that is lost */
    public ReportMails(ReportMailListener listener, Clock clock) {
        this.listener = listener;
        this.clock = clock;
    }

    static boolean isReport(Mail mail) {
        return AttributeUtils.getValueAndCastFromMail(mail, OutboundMail.Attributes.TLS_REPORT, Boolean.class).orElse(false);
    }

    /** Shows a report mail, and no other, to the listener as it is before its first attempt. */
    void leaving(Mail mail) {
        if (isReport(mail) && FailureNotice.retriesOf(mail) == 0) {
            listener.leaving(new LeavingReport(mail.getName(), mail.getMaybeSender().asOptional().map(MailAddress::asString),
                out -> MailContent.writeTo(mail, out)));
        }
    }

    /** The schedule of its own that a report mail has: a day is all it has, and {@code delayTime} may spend it on four tries. */
    Optional<RetrySchedule> scheduleOf(Mail mail) {
        return isReport(mail) ? Optional.of(SCHEDULE) : Optional.empty();
    }

    /** Whether a mail is still worth an attempt after that pause; true for a mail without expiry. */
    boolean mayWait(Mail mail, Duration pause) {
        Instant next = clock.instant().plus(pause);
        return AttributeUtils.getValueAndCastFromMail(mail, EXPIRES, Long.class)
            .map(Instant::ofEpochMilli).filter(next::isAfter).isEmpty();
    }

    /** Ends a report mail for one recipient. */
    void lost(Mail mail, MailAddress recipient, Failure failure) {
        Reason reason = failure.isPermanent() ? Reason.REFUSED : Reason.EXPIRED;
        LOGGER.warn("report mail {} to {} is lost ({}): {}", mail.getName(), recipient, reason, failure);
        listener.lost(new LostReport(mail.getName(), recipient.asString(),
            AttributeUtils.getValueAndCastFromMail(mail, REPORT_ID, String.class), reason, failure.toString()));
    }
}
