package jamestls.tlsrpt.report;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A report mail of ours that somebody could not deliver, as the delivery status notification (RFC 3464) about it says.
 *
 * @param reportId of the report in it
 * @param address where it was to go, as in its To field: what the record in DNS says, whoever it was forwarded to
 * @param isFinal whether the mailbox is not there or does not want it; if not, it could not be reached in time
 * @param why status and words of the one who refused it, one line
 */
public record ReturnedMail(String reportId, String address, boolean isFinal, String why) {

    /** More of a notification is not looked at; what comes behind is the report itself. */
    public static final int MAX = 256 * 1024;

    private static final Pattern MESSAGE_ID = Pattern.compile("<([^<>@\\s]{1,100})@[^<>\\s]{1,255}>");
    private static final Pattern REPORT_ID = Pattern.compile("Report-ID: <([^<>\\s]{1,400})>");
    private static final Pattern TO = Pattern.compile("<([^<>\\s]{3,254})>");

    /**
     * Reads a mail. It proves that it is about a mail of ours by that mail's Message-ID, which nobody else knows; so whoever makes
     * it up can only speak about reports that he got.
     *
     * @param head the mail, or as much of its beginning as {@link #MAX}
     * @param ids that our mails were given
     * @return empty unless it is a notification of failure about a report mail of ours
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
        if (!mail.find() || !report.find() || !to.find() || !ids.isOf(mail.group(1), report.group(1), to.group(1))) {
            return Optional.empty();
        }
        String code = status.header("status");
        String words = status.header("diagnostic-code");
        return Optional.of(new ReturnedMail(report.group(1), to.group(1), code.startsWith("5"), (code + " " + words).strip()));
    }

    /** The fields about the first recipient that did not get it (RFC 3464 §2.3.3); they stand in blocks, one for each recipient. */
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
