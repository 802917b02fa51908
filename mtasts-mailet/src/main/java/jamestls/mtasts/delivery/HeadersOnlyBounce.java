package jamestls.mtasts.delivery;

import jakarta.mail.Header;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Properties;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.Mail;
import org.apache.mailet.MailetContext;

/**
 * A bounce of a REQUIRETLS mail where no processor makes one (RFC 8689 §5): it has the original's header and not its body,
 * and asks for REQUIRETLS itself. James's own text bounce would carry everything, and unprotected.
 */
final class HeadersOnlyBounce {

    private HeadersOnlyBounce() {
    }

    /** @throws MessagingException when James can't take it */
    static void send(MailetContext context, Mail failed, String text) throws MessagingException {
        MailAddress sender = failed.getMaybeSender().asOptional().orElseThrow();
        MailImpl bounce = MailImpl.builder().name(MailImpl.getId()).addRecipient(sender)
            .mimeMessage(message(context, sender, failed.getMessage(), text)).build();
        try {
            bounce.setAttribute(new Attribute(OutboundMail.Attributes.REQUIRETLS, AttributeValue.of(true)));
            context.sendMail(bounce);
        } finally {
            LifecycleUtil.dispose(bounce);
        }
    }

    private static MimeMessage message(MailetContext context, MailAddress sender, MimeMessage original, String text)
            throws MessagingException {
        MimeBodyPart words = new MimeBodyPart();
        words.setText(text, "utf-8");
        MimeBodyPart header = new MimeBodyPart();
        StringBuilder lines = new StringBuilder();
        List<Header> headers = Collections.list(original.getAllHeaders());
        headers.forEach(field -> lines.append(field.getName()).append(": ").append(field.getValue()).append("\r\n"));
        header.setText(lines.toString(), "utf-8");
        // RFC 6522 §4
        header.setHeader("Content-Type", "text/rfc822-headers; charset=utf-8");
        MimeMultipart parts = new MimeMultipart(words, header);
        MimeMessage message = new MimeMessage(Session.getInstance(new Properties()));
        message.setFrom(new InternetAddress(context.getPostmaster().asString()));
        message.setRecipients(MimeMessage.RecipientType.TO, sender.asString());
        message.setSubject("Your message could not be delivered");
        message.setSentDate(new Date());
        // RFC 3834 §5
        message.setHeader("Auto-Submitted", "auto-replied");
        message.setContent(parts);
        message.saveChanges();
        return message;
    }
}
