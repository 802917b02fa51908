package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jamestls.mtasts.dns.DomainName;
import jamestls.mtasts.policy.TlsWish;
import jamestls.mtasts.smtp.Envelope;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.james.core.MailAddress;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.Mail;

/**
 * A mail on its way to one domain, as delivery sees it.
 *
 * @param id James's name of the mail, for logs
 * @param domain the recipients' domain
 * @param sender the reverse path; empty for the null one
 * @param recipients all in {@code domain}, at least one
 * @param wish what the sender asks of TLS
 * @param reporting whether its sessions count for TLS reports
 * @param content header and body
 */
record OutboundMail(String id, DomainName domain, Optional<MailAddress> sender, List<MailAddress> recipients,
                    TlsWish wish, Reporting reporting, MailContent content) {

    /** Whether a mail's sessions are counted for TLS reports. */
    enum Reporting {
        COUNTED,
        /** The mail is a TLS report itself: counting it would make two sites report to each other for ever. */
        NOT_COUNTED
    }

    /** A class of its own, because {@link Rehearsal} runs where James's classes are not. */
    static final class Attributes {

        private Attributes() {
        }

        /** James's inbound hooks set it: true for the REQUIRETLS parameter, false for {@code TLS-Required: No}. */
        static final AttributeName REQUIRETLS = AttributeName.of("REQUIRETLS");
        /** The reporting mailet sets it on the mails it sends. */
        static final AttributeName TLS_REPORT = AttributeName.of("jamestls.report");
    }

    OutboundMail {
        recipients = List.copyOf(recipients);
    }

    /**
     * @param mail has recipients in one domain only, as {@code SecureRemoteDelivery} enqueues it
     * @throws MessagingException or IOException when James can't read the message back
     */
    static OutboundMail of(Mail mail, DomainName domain) throws MessagingException, IOException {
        Collection<MailAddress> recipients = mail.getRecipients();
        boolean report = AttributeUtils.getValueAndCastFromMail(mail, Attributes.TLS_REPORT, Boolean.class).orElse(false);
        return new OutboundMail(mail.getName(), domain, mail.getMaybeSender().asOptional(), List.copyOf(recipients),
            wishOf(mail), report ? Reporting.NOT_COUNTED : Reporting.COUNTED, MailContent.of(mail.getMessage()));
    }

    /** What a server is told before the message. */
    Envelope envelope() {
        return new Envelope(sender.map(MailAddress::asString), recipients.stream().map(MailAddress::asString).toList(),
            content.bodyType(), OptionalLong.of(content.size()),
            wish == TlsWish.REQUIRED ? Envelope.RequireTls.YES : Envelope.RequireTls.NO);
    }

    private static TlsWish wishOf(Mail mail) throws MessagingException {
        Optional<Boolean> tagged = AttributeUtils.getValueAndCastFromMail(mail, Attributes.REQUIRETLS, Boolean.class);
        if (tagged.isPresent()) {
            // RFC 8689 §4.1: with the parameter, the header is ignored
            return tagged.get() ? TlsWish.REQUIRED : TlsWish.WAIVED;
        }
        String[] headers = mail.getMessage().getHeader("TLS-Required");
        // RFC 8689 §3: "No" is the only value, and one field at most; anything else says nothing
        return headers != null && headers.length == 1 && headers[0].strip().equalsIgnoreCase("No")
            ? TlsWish.WAIVED : TlsWish.AS_POLICY_SAYS;
    }
}
