package jamestls.tlsrpt.report;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A bounced report mail, parsed from a delivery status notification (RFC 3464).
 *
 * @param reportId report-id of the bounced report
 * @param address recipient from the To field of the report mail, even if it was forwarded
 * @param isFinal whether the failure is permanent (status 5.x.x)
 * @param why status and diagnostic text, one line
 */
public record ReturnedMail(String reportId, String address, boolean isFinal, String why) {

    /** Maximum number of octets that are parsed; the returned report itself follows at the end of a notification. */
    public static final int MAX = 256 * 1024;

    private static final Pattern MESSAGE_ID = Pattern.compile("<([^<>@\\s]{1,100})@[^<>\\s]{1,255}>");
    private static final Pattern REPORT_ID = Pattern.compile("Report-ID: <([^<>\\s]{1,400})>");
    private static final Pattern TO = Pattern.compile("<([^<>\\s]{3,254})>");

    /**
     * Parses a mail. The notification must quote the Message-ID of the report mail, which only its recipient knows, so a forged bounce can
     * affect only reports that the forger has received.
     *
     * @param head the mail, or its first {@link #MAX} octets
     * @param ids source of the Message-IDs of report mails
     * @return empty if the mail is not a notification of failure about a report mail of this installation
     */
    public static Optional<ReturnedMail> of(byte[] head, MailIds ids) {
        MimeEntity notification = MimeEntity.of(head);
        if (!notification.type().startsWith("multipart/report")) {
            return Optional.empty();
        }
        List<MimeEntity> parts = notification.parts();
        Optional<MimeEntity> failure = parts.stream().filter(part -> part.type().startsWith("message/delivery-status")
            || part.type().startsWith("message/global-delivery-status")).flatMap(part -> failure(part).stream()).findFirst();
        return failure.flatMap(status -> parts.stream().flatMap(part -> header(part).stream()).findFirst()
            .flatMap(ours -> returned(ours, status, ids)));
    }

    private static Optional<ReturnedMail> returned(MimeEntity ours, MimeEntity status, MailIds ids) {
        Matcher mail = MESSAGE_ID.matcher(ours.header("message-id"));
        Matcher report = REPORT_ID.matcher(ours.header("subject").replaceAll("\\s+", " "));
        Matcher to = TO.matcher(ours.header("to"));
        if (!mail.find() || !report.find() || !to.find() || !ids.matches(mail.group(1), report.group(1), to.group(1))) {
            return Optional.empty();
        }
        String code = status.header("status");
        String words = status.header("diagnostic-code");
        return Optional.of(new ReturnedMail(report.group(1), to.group(1), code.startsWith("5"), (code + " " + words).strip()));
    }

    /** The fields of the first failed recipient (RFC 3464 §2.3.3); each recipient has a block of fields. */
    private static Optional<MimeEntity> failure(MimeEntity statuses) {
        for (String block : statuses.body().split("\n\n", 100)) {
            MimeEntity fields = MimeEntity.of(block);
            if (fields.header("action").toLowerCase(Locale.ROOT).startsWith("failed")) {
                return Optional.of(fields);
            }
        }
        return Optional.empty();
    }

    private static Optional<MimeEntity> header(MimeEntity part) {
        return part.type().startsWith("message/rfc822") || part.type().startsWith("text/rfc822-headers")
            || part.type().startsWith("message/global") && !part.type().startsWith("message/global-delivery-status")
            ? Optional.of(MimeEntity.of(part.body())) : Optional.empty();
    }
}
