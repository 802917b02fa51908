package jamestls.mtasts.delivery;

import com.google.common.collect.ImmutableMap;
import jakarta.mail.Header;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Date;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.DsnParameters;
import org.apache.mailet.DsnParameters.RecipientDsnParameters;
import org.apache.mailet.Mail;
import org.apache.mailet.MailetContext;

/**
 * Sends bounces, and sets the mail attributes of stock RemoteDelivery, on which DSNBounce, IsRemoteDeliveryPermanentError,
 * IsRemoteDeliveryTemporaryError and RemoteDeliveryFailedWithSMTPCode rely. A mail whose bounce fails goes into the error repository.
 */
final class FailureNotice {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(FailureNotice.class);

    static final AttributeName DELIVERY_ERROR = AttributeName.of("delivery-error");
    static final AttributeName DELIVERY_ERROR_CODE = AttributeName.of("delivery-error-code");
    static final AttributeName IS_PERMANENT = AttributeName.of("is-delivery-permanent-error");
    static final AttributeName RETRY_COUNT = AttributeName.of("delivery_retry_count");

    private static final String ANY = "";
    private static final int MAX_BOUNCES = 5;
    private static final int MAX_TEXT = 65_536;
    private static final int MAX_ERROR = 1_000;
    /** How long the health check lists a mail that was set aside. */
    private static final Duration LISTED = Duration.ofDays(1);
    private static final int MAX_LISTED = 1_000;
    private static final int MAX_NAMES = 5;

    private final MailetContext context;
    private final Optional<String> bounceProcessor;
    /** The latest mails in the error repository, newest first. */
    private final Deque<SetAside> setAside = new ArrayDeque<>();

    private record SetAside(String mail, long atNanos) {
    }

    /** @param bounceProcessor the processor for failed mails; without one James's own text bounce is sent */
    FailureNotice(MailetContext context, Optional<String> bounceProcessor) {
        this.context = context;
        this.bounceProcessor = bounceProcessor;
    }

    /** Sets the error attributes of a mail, as stock RemoteDelivery does before a retry and before a bounce. */
    static void mark(Mail mail, Failure failure) {
        mail.setAttribute(new Attribute(DELIVERY_ERROR, AttributeValue.of(failure.toString())));
        mail.setAttribute(new Attribute(DELIVERY_ERROR_CODE, AttributeValue.of(failure.code())));
        mail.setAttribute(new Attribute(IS_PERMANENT, AttributeValue.of(failure.isPermanent())));
        mail.setErrorMessage(failure.toString());
    }

    /** The number of retries so far; 0 for a new mail. */
    static int retriesOf(Mail mail) {
        return AttributeUtils.getValueAndCastFromMail(mail, RETRY_COUNT, Integer.class).orElse(0);
    }

    static void countRetry(Mail mail) {
        mail.setAttribute(new Attribute(RETRY_COUNT, AttributeValue.of(retriesOf(mail) + 1)));
    }

    /**
     * The content of one bounce.
     *
     * @param failed the failed recipients with the causes, sorted by address; at least one
     */
    record Bounce(Map<MailAddress, Failure> failed) {

        /** The failure that the mail attributes show. */
        Failure failure() {
            return failed.values().iterator().next();
        }
    }

    /**
     * Groups the failures of one attempt into bounces. Without a bounce processor there is one bounce. DSNBounce in a processor gives
     * all recipients the same status, so there is one bounce per status, at most {@value #MAX_BOUNCES}; the last one has all others.
     */
    List<Bounce> bounces(Map<MailAddress, Failure> failed) {
        Map<String, Map<MailAddress, Failure>> byStatus = new LinkedHashMap<>();
        failed.entrySet().stream().sorted(Map.Entry.comparingByKey(Comparator.comparing(MailAddress::asString))).forEach(entry -> {
            String status = bounceProcessor.isEmpty() ? ANY : entry.getValue().status();
            String group = byStatus.containsKey(status) || byStatus.size() < MAX_BOUNCES - 1 ? status : ANY;
            byStatus.computeIfAbsent(group, any -> new LinkedHashMap<>()).put(entry.getKey(), entry.getValue());
        });
        return byStatus.values().stream().map(Bounce::new).toList();
    }

    /**
     * Bounces the given recipients of a mail. A bounce processor also gets mails of the null sender, as with stock RemoteDelivery.
     * Without one no bounce is sent to the null sender (RFC 5321 §6.1) or to a sender that wants no notice of failures (RFC 3461 §4.1);
     * the log has a line instead.
     *
     * @throws MessagingException if James can't take the bounce; the mail must then be kept
     */
    void bounce(Mail mail, Bounce bounce) throws MessagingException {
        Collection<MailAddress> recipients = bounce.failed().keySet();
        if (bounceProcessor.isEmpty() && !mail.hasSender()) {
            LOGGER.warn("Mail {} can't be delivered to {}; no bounce, because it has the null sender: {}",
                mail.getName(), recipients, bounce.failure());
            return;
        }
        Mail failedMail = mail.duplicate();
        try {
            failedMail.setRecipients(recipients);
            mark(failedMail, bounce.failure());
            if (bounceProcessor.isPresent()) {
                withoutBodyIfProtected(failedMail);
                context.sendMail(failedMail, bounceProcessor.get());
                return;
            }
            List<MailAddress> informed = recipients.stream().filter(recipient -> wantsNewsOf(mail, recipient)).toList();
            if (informed.isEmpty()) {
                LOGGER.info("Mail {} can't be delivered to {}; no bounce, because its sender asked for none: {}",
                    mail.getName(), recipients, bounce.failure());
            } else if (isProtected(mail)) {
                bounceHeaders(failedMail, text(informed, bounce, "Its header is attached."));
            } else {
                context.bounce(failedMail, text(informed, bounce, "Your message is attached."));
            }
        } finally {
            LifecycleUtil.dispose(failedMail);
        }
    }

    /**
     * Moves a mail whose bounce or notice failed permanently to James's processor {@code error}, which stores it in the error
     * repository.
     *
     * @throws MessagingException if James can't take it
     */
    void setAside(Mail mail, Collection<MailAddress> recipients, String what, Throwable why) throws MessagingException {
        Mail failedMail = mail.duplicate();
        try {
            failedMail.setRecipients(recipients);
            failedMail.setErrorMessage(Sanitized.line(what + " failed: " + why, MAX_ERROR));
            context.sendMail(failedMail, Mail.ERROR);
            LOGGER.error("Mail {} is moved to the error repository: {} for {} recipients failed permanently: {}", mail.getName(), what,
                recipients.size(), Sanitized.line(String.valueOf(why), MAX_ERROR));
            list(mail.getName());
        } finally {
            LifecycleUtil.dispose(failedMail);
        }
    }

    private synchronized void list(String mail) {
        if (setAside.size() == MAX_LISTED) {
            setAside.removeLast();
        }
        setAside.addFirst(new SetAside(mail, System.nanoTime()));
    }

    /** Problems for the health check: how many mails were set aside in the last day, and the latest names. */
    synchronized List<String> problems() {
        setAside.removeIf(mail -> System.nanoTime() - mail.atNanos() > LISTED.toNanos());
        return setAside.isEmpty() ? List.of() : List.of(setAside.size() + " mails of the last day are in the error repository, because "
            + "their bounce or notice failed: " + setAside.stream().limit(MAX_NAMES).map(SetAside::mail).collect(Collectors.joining(", ")));
    }

    /** Sets RET=HDRS for a REQUIRETLS mail (RFC 8689 §5), which DSNBounce obeys. The REQUIRETLS attribute stays. */
    private static void withoutBodyIfProtected(Mail failedMail) {
        if (isProtected(failedMail)) {
            Optional<DsnParameters> dsn = failedMail.dsnParameters();
            DsnParameters.of(dsn.flatMap(DsnParameters::getEnvIdParameter), Optional.of(DsnParameters.Ret.HDRS),
                dsn.map(DsnParameters::getRcptParameters).orElse(ImmutableMap.of())).ifPresent(failedMail::setDsnParameters);
        }
    }

    private static boolean isProtected(Mail mail) {
        return OutboundMail.Attributes.requireTls(mail).orElse(false);
    }

    private static boolean wantsNewsOf(Mail mail, MailAddress recipient) {
        return mail.dsnParameters().map(dsn -> dsn.getRcptParameters().get(recipient))
            .flatMap(RecipientDsnParameters::getNotifyParameter)
            .map(notify -> notify.contains(DsnParameters.Notify.FAILURE)).orElse(true);
    }

    /** The text of a bounce: recipients grouped by reason, at most {@value #MAX_TEXT} characters. */
    private String text(Collection<MailAddress> recipients, Bounce bounce, String attached) {
        Map<Failure, List<MailAddress>> byReason = new LinkedHashMap<>();
        recipients.forEach(recipient ->
            byReason.computeIfAbsent(bounce.failed().get(recipient), reason -> new ArrayList<>()).add(recipient));
        StringBuilder text = new StringBuilder("This is the mail server ").append(context.getServerInfo())
            .append(". Your message could not be delivered.\n\n");
        byReason.forEach((reason, same) -> {
            if (text.length() < MAX_TEXT) {
                text.append("To:\n\n");
                same.forEach(recipient -> text.append("    ").append(recipient.asString()).append('\n'));
                text.append("\nReason:\n\n    ").append(reason).append("\n\n");
            }
        });
        if (text.length() > MAX_TEXT) {
            text.setLength(MAX_TEXT);
            text.append("\n…\n\n");
        }
        return text.append(attached).append('\n').toString();
    }

    /**
     * Sends the bounce of a REQUIRETLS mail (RFC 8689 §5): it contains the header of the original without the body, and asks for
     * REQUIRETLS itself. James's own text bounce would contain the whole message.
     */
    private void bounceHeaders(Mail failed, String text) throws MessagingException {
        MailAddress sender = failed.getMaybeSender().asOptional().orElseThrow();
        MailImpl bounce = MailImpl.builder().name(MailImpl.getId()).addRecipient(sender)
            .mimeMessage(headersOnly(context.getPostmaster(), sender, "Your message could not be delivered", failed.getMessage(), text))
            .build();
        try {
            bounce.setAttribute(new Attribute(OutboundMail.Attributes.REQUIRETLS, AttributeValue.of(true)));
            context.sendMail(bounce);
        } finally {
            LifecycleUtil.dispose(bounce);
        }
    }

    /** Builds a notice that encloses the header of a mail without its body. */
    static MimeMessage headersOnly(MailAddress postmaster, MailAddress sender, String subject, MimeMessage original, String text)
            throws MessagingException {
        MimeBodyPart explanation = new MimeBodyPart();
        explanation.setText(text, "utf-8");
        MimeBodyPart header = new MimeBodyPart();
        StringBuilder lines = new StringBuilder();
        List<Header> headers = Collections.list(original.getAllHeaders());
        headers.forEach(field -> lines.append(field.getName()).append(": ").append(field.getValue()).append("\r\n"));
        header.setText(lines.toString(), "utf-8");
        // RFC 6522 §4
        header.setHeader("Content-Type", "text/rfc822-headers; charset=utf-8");
        MimeMultipart parts = new MimeMultipart(explanation, header);
        MimeMessage message = new MimeMessage(Session.getInstance(new Properties()));
        message.setFrom(new InternetAddress(postmaster.asString()));
        message.setRecipients(MimeMessage.RecipientType.TO, sender.asString());
        message.setSubject(subject);
        message.setSentDate(new Date());
        // RFC 3834 §5
        message.setHeader("Auto-Submitted", "auto-replied");
        message.setContent(parts);
        message.saveChanges();
        return message;
    }
}
