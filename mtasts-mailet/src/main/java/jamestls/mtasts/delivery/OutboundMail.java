package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.smtp.Envelope;
import jamestls.smtp.SmtpConnector.TlsUse;
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
 * @param domain the recipients' domain, or that of the gateway (RFC 8461 §3.4)
 * @param sender the reverse path; empty for the null one
 * @param recipients all in {@code domain} unless there is a gateway, at least one
 * @param message as James keeps it: read when a server is there to take it, so that mails that wait cost no memory
 * @param asked what the sender asks for
 * @param handling how this server handles it
 */
record OutboundMail(String id, DomainName domain, Optional<MailAddress> sender, List<MailAddress> recipients, MimeMessage message,
                    Asked asked, Handling handling) {

    /**
     * What the sender asks for.
     *
     * @param wish of TLS
     * @param requireTls whether the servers are asked for REQUIRETLS
     * @param requests of the servers on the way
     */
    record Asked(SenderTlsRequest wish, Envelope.RequireTls requireTls, SenderRequests requests) {
    }

    /**
     * How this server handles a mail.
     *
     * @param reporting whether its sessions count for TLS reports
     * @param via the host it goes to, where that is not for MX records to say
     * @param temporary whether there is another attempt after a temporary failure
     * @param missingDomain whether there is another attempt if its domain does not exist
     */
    record Handling(Reporting reporting, Optional<FixedNextHop> via, Retry temporary, Retry missingDomain) {
    }

    /** Whether there is another attempt. */
    enum Retry { YES, NO }

    /** Whether a mail's sessions are counted for TLS reports. */
    enum Reporting {
        COUNTED,
        /** The mail is a TLS report itself: counting it would make two sites report to each other for ever. */
        NOT_COUNTED
    }

    /** A class of its own, because {@link DryRun} runs where James's classes are not. */
    static final class Attributes {

        private Attributes() {
        }

        /** James's inbound hooks set it: true for the REQUIRETLS parameter, false for {@code TLS-Required: No}. */
        static final AttributeName REQUIRETLS = AttributeName.of("REQUIRETLS");
        /**
         * What James was told about TLS for that mail: true for REQUIRETLS, false for {@code TLS-Required: No}, empty for nothing.
         * The mailet SetMailAttribute knows texts only, so the words count, too.
         */
        static Optional<Boolean> requireTls(Mail mail) {
            return mail.getAttribute(REQUIRETLS).map(attribute -> String.valueOf(attribute.getValue().value()))
                .filter(word -> word.equalsIgnoreCase("true") || word.equalsIgnoreCase("false")).map(Boolean::valueOf);
        }

        /** The reporting mailet sets it on the mails it sends. */
        static final AttributeName TLS_REPORT = AttributeName.of("jamestls.report");
    }

    OutboundMail {
        recipients = List.copyOf(recipients);
    }

    /** A mail to the hosts of its domain, without further requests. */
    OutboundMail(String id, DomainName domain, Optional<MailAddress> sender, List<MailAddress> recipients, SenderTlsRequest wish,
                 Reporting reporting, MimeMessage message) {
        this(id, domain, sender, recipients, message, new Asked(wish,
            wish == SenderTlsRequest.REQUIRED ? Envelope.RequireTls.YES : Envelope.RequireTls.NO, SenderRequests.none()),
            new Handling(reporting, Optional.empty(), Retry.YES, Retry.NO));
    }

    /**
     * A mail to the hosts of a domain.
     *
     * @param mail has recipients in that domain only
     * @throws MessagingException or IOException when James can't read the message back
     */
    static OutboundMail of(Mail mail, DomainName domain, Retry temporary, Retry missingDomain) throws MessagingException, IOException {
        return of(mail, domain, Optional.empty(), temporary, missingDomain);
    }

    /** A mail that goes to that host. */
    static OutboundMail via(Mail mail, FixedNextHop via, Retry temporary) throws MessagingException, IOException {
        return of(mail, via.host().name(), Optional.of(via), temporary, Retry.NO);
    }

    private static OutboundMail of(Mail mail, DomainName domain, Optional<FixedNextHop> via, Retry temporary, Retry missingDomain)
            throws MessagingException, IOException {
        boolean report = AttributeUtils.getValueAndCastFromMail(mail, Attributes.TLS_REPORT, Boolean.class).orElse(false);
        // a host without a name, or one the operator answers for, has no domain to report to
        boolean counted = !report && via.filter(way -> !way.isNamed() || way.certificate() == FixedNextHop.Certificate.VERIFIED).isEmpty();
        SenderTlsRequest wish = wishOf(mail);
        boolean bounce = !mail.hasSender();
        boolean required = wish == SenderTlsRequest.REQUIRED;
        Asked asked = new Asked(
            // RFC 8689 §5: a bounce is not discarded because the next server does not know REQUIRETLS
            required && bounce ? SenderTlsRequest.AS_POLICY_SAYS : wish,
            !required ? Envelope.RequireTls.NO : bounce ? Envelope.RequireTls.IF_OFFERED : Envelope.RequireTls.YES,
            SenderRequests.of(mail, required ? SenderRequests.Protection.REQUIRED : SenderRequests.Protection.NOT_REQUIRED));
        return new OutboundMail(mail.getName(), domain, mail.getMaybeSender().asOptional(), List.copyOf(mail.getRecipients()),
            mail.getMessage(), asked, new Handling(counted ? Reporting.COUNTED : Reporting.NOT_COUNTED, via, temporary, missingDomain));
    }

    /** The same mail for some of its recipients. */
    OutboundMail to(Collection<MailAddress> some) {
        return new OutboundMail(id, domain, sender, List.copyOf(some), message, asked, handling);
    }

    SenderTlsRequest wish() {
        return asked.wish();
    }

    Optional<FixedNextHop> via() {
        return handling.via();
    }

    /** An address as an envelope says it: James forgets the brackets of an address literal (RFC 5321 §4.1.3). */
    static String path(MailAddress address) {
        String domain = address.getDomain().asString();
        return IpLiteral.parse(domain).isPresent() ? address.getLocalPart() + "@[" + domain + "]" : address.asString();
    }

    /** How TLS is begun. */
    TlsUse tls() {
        return via().map(FixedNextHop::tls).orElse(TlsUse.IF_OFFERED);
    }

    /** What a server is told before that content. */
    Envelope envelope(MailContent content) {
        return new Envelope(sender.map(OutboundMail::path), recipients.stream().map(OutboundMail::path).toList(),
            content.bodyType(), OptionalLong.of(content.size()), asked.requireTls(), via().flatMap(FixedNextHop::login),
            asked.requests().ofMail(), asked.requests().ofRecipients());
    }

    private static SenderTlsRequest wishOf(Mail mail) throws MessagingException {
        Optional<Boolean> tagged = Attributes.requireTls(mail);
        if (tagged.isPresent()) {
            // RFC 8689 §4.1: with the parameter, the header is ignored
            return tagged.get() ? SenderTlsRequest.REQUIRED : SenderTlsRequest.WAIVED;
        }
        String[] headers = mail.getMessage().getHeader("TLS-Required");
        // RFC 8689 §3: "No" is the only value, and one field at most; anything else says nothing
        return headers != null && headers.length == 1 && headers[0].strip().equalsIgnoreCase("No")
            ? SenderTlsRequest.WAIVED : SenderTlsRequest.AS_POLICY_SAYS;
    }
}
