package jamestls.tlsrpt;

import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jamestls.net.SanitizedLogger;
import jamestls.rua.Address;
import jamestls.tlsrpt.report.Reporters;
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

/** Reply mail to the administrator who requested the reports. */
final class AdminReply {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(AdminReply.class);
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern("EEE, d MMM yyyy HH:mm:ss Z", Locale.ENGLISH);

    private final MailetContext context;
    private final Reporters.Reporter reporter;
    private final Clock clock;

    AdminReply(MailetContext context, Reporters.Reporter reporter, Clock clock) {
        this.context = context;
        this.reporter = reporter;
        this.clock = clock;
    }

    /** Recipient of the reply: the SMTP AUTH user if that is a mail address, else the sender of the request. */
    static Optional<String> recipient(String user, Mail request) {
        return Address.canonical(user)
            .or(() -> request.getMaybeSender().asOptional().map(MailAddress::asString).flatMap(Address::canonical));
    }

    /** @param text plain ASCII, lines end with CRLF */
    void send(String to, String text) {
        MailImpl mail = null;
        try {
            String message = String.join("\r\n",
                "Date: " + DATE.format(clock.instant().atZone(ZoneOffset.UTC)),
                "From: <" + reporter.from() + ">",
                "To: <" + to + ">",
                "Subject: TLS reports",
                "Message-ID: <" + UUID.randomUUID() + "@" + reporter.submitter() + ">",
                "Auto-Submitted: auto-replied",
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
        } catch (MessagingException e) {
            LOGGER.warn("tlsreport: the reply to {} could not be sent", to, e);
        } finally {
            LifecycleUtil.dispose(mail);
        }
    }
}
