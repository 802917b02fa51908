package jamestls.mtasts.delivery;

import com.google.common.collect.ImmutableMap;
import jakarta.mail.MessagingException;
import jamestls.net.Sanitized;
import jamestls.net.SanitizedLogger;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.DsnParameters;
import org.apache.mailet.DsnParameters.Notify;
import org.apache.mailet.DsnParameters.RecipientDsnParameters;
import org.apache.mailet.Mail;
import org.apache.mailet.MailetContext;

/**
 * Notifies senders of delays (RFC 3464 §2.3.3, action "delayed"): why, until when the mail is tried, and what they can do. A processor of
 * James turns the notice into a delivery status notification; without one a plain text is sent.
 */
final class DelayNotice {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(DelayNotice.class);
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("EEEE, d MMMM uuuu, HH:mm 'UTC'", Locale.ENGLISH)
        .withZone(ZoneOffset.UTC);
    /** Set by James on mails of JMAP users, who are authenticated as well. */
    private static final AttributeName JMAP_USER = AttributeName.of("org.apache.james.jmap.send.MailMetaData.username");
    private static final String OURS = "jamestls.";
    private static final Set<AttributeName> OF_FAILURES = Set.of(FailureNotice.DELIVERY_ERROR, FailureNotice.DELIVERY_ERROR_CODE,
        FailureNotice.IS_PERMANENT, FailureNotice.RETRY_COUNT);
    private static final int MAX_TEXT = 65_536;
    private static final int MAX_ERROR = 2_500;

    private final MailetContext context;
    private final DeliverySettings.Delay settings;

    DelayNotice(MailetContext context, DeliverySettings.Delay settings) {
        this.context = context;
        this.settings = settings;
    }

    /** Whether a mail has waited long enough for a notice. */
    boolean isDue(Duration waited) {
        return settings.noticeAfter().filter(limit -> waited.compareTo(limit) >= 0).isPresent();
    }

    /**
     * Sends the notice, unless the sender does not want one. Never throws.
     *
     * @param mail stays unchanged
     * @param waiting the recipients that wait, and why
     * @param until the time of the last attempt
     * @return false if the notice could not be built or sent, which is logged
     */
    boolean send(Mail mail, Map<MailAddress, Failure> waiting, Instant until) {
        try {
            Map<MailAddress, Failure> wanted = new TreeMap<>(Comparator.comparing(MailAddress::asString));
            if (mail.hasSender() && !ReportMails.isReport(mail)) {
                waiting.entrySet().stream().filter(each -> wantsNewsOf(mail, each.getKey()))
                    .forEach(each -> wanted.put(each.getKey(), each.getValue()));
            }
            if (!wanted.isEmpty()) {
                if (settings.processor().isPresent()) {
                    handOver(mail, wanted, until, settings.processor().get());
                } else {
                    sendText(mail, wanted, until);
                }
                LOGGER.info("Mail {}: its sender is told that it is delayed", mail.getName());
            }
            return true;
        } catch (MessagingException | RuntimeException | Error e) {
            LOGGER.warn("Mail {}: its sender can't be told that it is delayed; the next attempt tries again", mail.getName(), e);
            return false;
        }
    }

    /** NOTIFY decides (RFC 3461 §4.1); without it, authenticated senders are notified. */
    private static boolean wantsNewsOf(Mail mail, MailAddress recipient) {
        boolean authenticated = mail.getAttribute(Mail.SMTP_AUTH_USER).isPresent() || mail.getAttribute(JMAP_USER).isPresent();
        return mail.dsnParameters().map(dsn -> dsn.getRcptParameters().get(recipient))
            .flatMap(RecipientDsnParameters::getNotifyParameter)
            .map(notify -> notify.contains(Notify.DELAY)).orElse(authenticated);
    }

    /** Passes a copy to the processor: with the recipients to tell about, without attributes of failures. */
    private void handOver(Mail mail, Map<MailAddress, Failure> wanted, Instant until, String processor) throws MessagingException {
        Mail copy = mail.duplicate();
        try {
            copy.setRecipients(wanted.keySet());
            List<AttributeName> removed = copy.attributeNames()
                .filter(name -> OF_FAILURES.contains(name) || name.asString().startsWith(OURS)).toList();
            removed.forEach(copy::removeAttribute);
            // RFC 3461 §4.3: RET is about failures; a notice of a delay returns the header only
            Optional<DsnParameters> dsn = copy.dsnParameters();
            DsnParameters.of(dsn.flatMap(DsnParameters::getEnvIdParameter), Optional.of(DsnParameters.Ret.HDRS),
                dsn.map(DsnParameters::getRcptParameters).orElse(ImmutableMap.of())).ifPresent(copy::setDsnParameters);
            Failure failure = wanted.values().iterator().next();
            copy.setErrorMessage(Sanitized.line(why(mail, wanted.keySet().iterator().next(), failure) + " " + prospect(mail, failure, until)
                + " Details: " + failure, MAX_ERROR));
            context.sendMail(copy, processor);
        } finally {
            LifecycleUtil.dispose(copy);
        }
    }

    private void sendText(Mail mail, Map<MailAddress, Failure> wanted, Instant until) throws MessagingException {
        MailAddress sender = mail.getMaybeSender().asOptional().orElseThrow();
        MailImpl notice = MailImpl.builder().name(MailImpl.getId()).addRecipient(sender).mimeMessage(FailureNotice.headersOnly(
            context.getPostmaster(), sender, "Your message is delayed", mail.getMessage(), text(mail, wanted, until))).build();
        try {
            if (isProtected(mail)) {
                // RFC 8689 §5
                notice.setAttribute(new Attribute(OutboundMail.Attributes.REQUIRETLS, AttributeValue.of(true)));
            }
            context.sendMail(notice);
        } finally {
            LifecycleUtil.dispose(notice);
        }
    }

    private String text(Mail mail, Map<MailAddress, Failure> wanted, Instant until) {
        Map<Failure, List<MailAddress>> byReason = new LinkedHashMap<>();
        wanted.forEach((recipient, failure) -> byReason.computeIfAbsent(failure, reason -> new ArrayList<>()).add(recipient));
        StringBuilder text = new StringBuilder("This is the mail server ").append(context.getServerInfo())
            .append(". Your message has not been delivered yet. This is a warning only: it is still being tried.\n\n");
        byReason.forEach((reason, same) -> {
            if (text.length() < MAX_TEXT) {
                text.append("To:\n\n");
                same.forEach(recipient -> text.append("    ").append(recipient.asString()).append('\n'));
                text.append('\n').append(why(mail, same.getFirst(), reason)).append("\n\nDetails for the administrator:\n\n    ")
                    .append(reason).append("\n\n");
            }
        });
        if (text.length() > MAX_TEXT) {
            text.setLength(MAX_TEXT);
            text.append("\n…\n\n");
        }
        return text.append(prospect(mail, wanted.values().iterator().next(), until))
            .append("\n\nThe header of your message is attached.\n").toString();
    }

    /** The cause, for readers who do not know mail servers. */
    private static String why(Mail mail, MailAddress recipient, Failure failure) {
        String domain = recipient.getDomain().asString();
        return switch (failure.cause()) {
            case POLICY -> isProtected(mail)
                ? "You asked for this message to be sent over protected connections only (REQUIRETLS), and the servers of " + domain
                    + " do not offer one now."
                : domain + " takes mail over protected connections only, and its servers can't prove now who they are. So that nobody"
                    + " else can read the message, it is kept here. The fault is not on your side.";
            case DNS -> "The Internet's directory of names (DNS) gives no usable answer about " + domain + " now.";
            case NETWORK -> "The mail servers of " + domain + " can't be reached now.";
            case REPLY -> "A mail server of " + domain + " asked to try again later.";
            case LIMIT -> "Many messages to " + domain + " wait here, and this one has not had its turn yet.";
            case ERROR -> "This server has a problem of its own with the message; its administrator can see it in the log.";
        };
    }

    private static String prospect(Mail mail, Failure failure, Instant until) {
        return "The message is tried again until " + DATE.format(until) + "; if it can't be delivered by then, you will be told. You need"
            + " not send it again. If it is urgent, reach the recipient in another way" + switch (failure.cause()) {
                case POLICY -> isProtected(mail) ? ", or send it again without asking for protection."
                    : ", and mention this notice: the administrators there can fix it.";
                case DNS, NETWORK, REPLY, LIMIT, ERROR -> ".";
            };
    }

    private static boolean isProtected(Mail mail) {
        return OutboundMail.Attributes.requireTls(mail).orElse(false);
    }
}
