package jamestls.tlsrpt;

import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jamestls.net.SanitizedLogger;
import jamestls.rua.Address;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Mail;
import org.apache.mailet.MailetContext;

/** Mail to an administrator: a reply to who requested the reports, or an alarm. */
final class AdminMail {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(AdminMail.class);
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("EEE, d MMM yyyy HH:mm:ss Z", Locale.ENGLISH);

    private final MailetContext context;
    private final String from;
    private final Clock clock;

    /** Kind of a mail, with the value of Auto-Submitted (RFC 3834 §5). */
    enum Kind {
        REPLY("auto-replied"), ALARM("auto-generated");

        private final String autoSubmitted;

        Kind(String autoSubmitted) {
            this.autoSubmitted = autoSubmitted;
        }
    }

    /** @param from canonical mail address of the author */
    AdminMail(MailetContext context, String from, Clock clock) {
        this.context = context;
        this.from = from;
        this.clock = clock;
    }

    /** Recipient of the reply: the SMTP AUTH user if that is a mail address, else the sender of the request. */
    static Optional<String> recipient(String user, Mail request) {
        return Address.canonical(user)
            .or(() -> request.getMaybeSender().asOptional().map(MailAddress::asString).flatMap(Address::canonical));
    }

    /**
     * Hands a mail to James.
     *
     * @param text plain ASCII, lines end with CRLF
     * @return false if James did not take it, which is logged
     */
    boolean send(String to, Kind kind, String subject, String text) {
        MailImpl mail = null;
        try {
            String message = String.join("\r\n",
                "Date: " + DATE.format(clock.instant().atZone(ZoneOffset.UTC)),
                "From: <" + from + ">",
                "To: <" + to + ">",
                "Subject: " + subject,
                "Message-ID: <" + UUID.randomUUID() + "@" + Address.domainOf(from) + ">",
                "Auto-Submitted: " + kind.autoSubmitted,
                "MIME-Version: 1.0",
                "Content-Type: text/plain; charset=us-ascii",
                "",
                text);
            mail = MailImpl.builder()
                .name(MailImpl.getId())
                // null reverse path: an automatic response must not be answered (RFC 3834 §3.3)
                .sender(Optional.<MailAddress>empty())
                .addRecipient(new MailAddress(to))
                .mimeMessage(new MimeMessage(Session.getInstance(new Properties()),
                    new ByteArrayInputStream(message.getBytes(StandardCharsets.US_ASCII))))
                .build();
            context.sendMail(mail);
            return true;
        } catch (MessagingException e) {
            LOGGER.warn("The mail '{}' to {} could not be sent", subject, to, e);
            return false;
        } finally {
            LifecycleUtil.dispose(mail);
        }
    }
}
