package jamestls.mtasts.delivery;

import jakarta.mail.MessagingException;
import jakarta.mail.internet.MimeMessage;
import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import jamestls.mtasts.policy.SenderTlsRequest;
import jamestls.outcome.ReportMailListener;
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
 * A mail to deliver to one domain.
 *
 * @param id James's name of the mail, for logs
 * @param domain the recipients' domain, or the host name of the gateway (RFC 8461 §3.4)
 * @param sender the reverse path; empty for the null one
 * @param recipients the recipients, all in {@code domain} unless there is a gateway; at least one
 * @param message the stored message; it is read only when a server is ready for it, so that waiting mails use no memory
 * @param requests what the sender asks for
 * @param handling how this server handles the mail
 */
record OutboundMail(String id, DomainName domain, Optional<MailAddress> sender, List<MailAddress> recipients, MimeMessage message,
                    Requests requests, Handling handling) {

    /**
     * What the sender asks for.
     *
     * @param tls what it asks of TLS (RFC 8689)
     * @param requireTls whether MAIL carries REQUIRETLS
     * @param esmtp other ESMTP parameters
     */
    record Requests(SenderTlsRequest tls, Envelope.RequireTls requireTls, Envelope.EsmtpParameters esmtp) {
    }

    /**
     * How this server handles a mail.
     *
     * @param reporting whether its sessions count for TLS reports
     * @param nextHop the gateway or address literal it goes to; empty if the MX records of its domain decide
     * @param temporary whether a temporary failure is retried
     * @param missingDomain whether a domain that does not exist is retried
     */
    record Handling(Reporting reporting, Optional<FixedNextHop> nextHop, Retry temporary, Retry missingDomain) {
    }

    /** Whether a failed attempt is retried. */
    enum Retry { YES, NO }

    /** Whether a mail's sessions are counted for TLS reports. */
    enum Reporting {
        COUNTED,
        /** The mail is a TLS report: if it counted, two sites would report to each other without end (RFC 8460 §3). */
        NOT_COUNTED
    }

    /** In a class of its own: {@link DryRun} runs without James's classes. */
    static final class Attributes {

        private Attributes() {
        }

        /** Set by James's inbound hooks: true for the REQUIRETLS parameter, false for {@code TLS-Required: No}. */
        static final AttributeName REQUIRETLS = AttributeName.of("REQUIRETLS");
        /**
         * Reads the attribute: true for REQUIRETLS, false for {@code TLS-Required: No}, empty without one. The texts "true" and
         * "false" count as well, because the mailet SetMailAttribute can set only texts.
         */
        static Optional<Boolean> requireTls(Mail mail) {
            return mail.getAttribute(REQUIRETLS).map(attribute -> String.valueOf(attribute.getValue().value()))
                .filter(word -> word.equalsIgnoreCase("true") || word.equalsIgnoreCase("false")).map(Boolean::valueOf);
        }

        /** Set by the reporting mailet on the report mails it sends. */
        static final AttributeName TLS_REPORT = AttributeName.of(ReportMailListener.Attributes.REPORT);
    }

    OutboundMail {
        recipients = List.copyOf(recipients);
    }

    /** A mail to the MX hosts of its domain, without ESMTP parameters. */
    OutboundMail(String id, DomainName domain, Optional<MailAddress> sender, List<MailAddress> recipients, SenderTlsRequest request,
                 Reporting reporting, MimeMessage message) {
        this(id, domain, sender, recipients, message, new Requests(request,
            request == SenderTlsRequest.REQUIRED ? Envelope.RequireTls.YES : Envelope.RequireTls.NO, Envelope.EsmtpParameters.NONE),
            new Handling(reporting, Optional.empty(), Retry.YES, Retry.NO));
    }

    /**
     * A mail to the MX hosts of a domain.
     *
     * @param mail a mail with recipients in that domain only
     * @throws MessagingException or IOException when James can't read the message back
     */
    static OutboundMail of(Mail mail, DomainName domain, Retry temporary, Retry missingDomain) throws MessagingException, IOException {
        return of(mail, domain, Optional.empty(), temporary, missingDomain);
    }

    /** A mail to a gateway or address literal. */
    static OutboundMail toNextHop(Mail mail, FixedNextHop nextHop, Retry temporary) throws MessagingException, IOException {
        return of(mail, nextHop.host().name(), Optional.of(nextHop), temporary, Retry.NO);
    }

    private static OutboundMail of(Mail mail, DomainName domain, Optional<FixedNextHop> nextHop, Retry temporary,
                                   Retry missingDomain) throws MessagingException, IOException {
        boolean report = AttributeUtils.getValueAndCastFromMail(mail, Attributes.TLS_REPORT, Boolean.class).orElse(false);
        boolean counted = !report && nextHop.filter(hop -> !hop.isCounted()).isEmpty();
        SenderTlsRequest request = tlsRequestOf(mail);
        boolean bounce = !mail.hasSender();
        boolean required = request == SenderTlsRequest.REQUIRED;
        Requests requests = new Requests(
            // RFC 8689 §5: a bounce is sent even to a server without REQUIRETLS
            required && bounce ? SenderTlsRequest.AS_POLICY_SAYS : request,
            !required ? Envelope.RequireTls.NO : bounce ? Envelope.RequireTls.IF_OFFERED : Envelope.RequireTls.YES,
            SenderRequests.of(mail, required ? SenderRequests.Protection.REQUIRED : SenderRequests.Protection.NOT_REQUIRED));
        return new OutboundMail(mail.getName(), domain, mail.getMaybeSender().asOptional(), List.copyOf(mail.getRecipients()),
            mail.getMessage(), requests,
            new Handling(counted ? Reporting.COUNTED : Reporting.NOT_COUNTED, nextHop, temporary, missingDomain));
    }

    /** The same mail for some of its recipients. */
    OutboundMail to(Collection<MailAddress> some) {
        return new OutboundMail(id, domain, sender, List.copyOf(some), message, requests, handling);
    }

    SenderTlsRequest tlsRequest() {
        return requests.tls();
    }

    Optional<FixedNextHop> nextHop() {
        return handling.nextHop();
    }

    /** An address in SMTP syntax, with the brackets of an address literal, which James drops (RFC 5321 §4.1.3). */
    static String path(MailAddress address) {
        String domain = address.getDomain().asString();
        return IpLiteral.parse(domain).isPresent() ? address.getLocalPart() + "@[" + domain + "]" : address.asString();
    }

    /** How TLS is started. */
    TlsUse tls() {
        return nextHop().map(FixedNextHop::tls).orElse(TlsUse.IF_OFFERED);
    }

    /** The SMTP envelope for that content. */
    Envelope envelope(MailContent content) {
        return new Envelope(sender.map(OutboundMail::path), recipients.stream().map(OutboundMail::path).toList(),
            content.bodyType(), OptionalLong.of(content.size()), requests.requireTls(), nextHop().flatMap(FixedNextHop::login),
            requests.esmtp());
    }

    private static SenderTlsRequest tlsRequestOf(Mail mail) throws MessagingException, IOException {
        Optional<Boolean> tagged = Attributes.requireTls(mail);
        if (tagged.isPresent()) {
            // RFC 8689 §4.1: the parameter overrides the header
            return tagged.get() ? SenderTlsRequest.REQUIRED : SenderTlsRequest.WAIVED;
        }
        List<String> values = MailContent.fields(mail.getMessage(), "TLS-Required");
        // RFC 8689 §3: one field with the value "No"; anything else is ignored
        return values.size() == 1 && values.getFirst().strip().equalsIgnoreCase("No")
            ? SenderTlsRequest.WAIVED : SenderTlsRequest.AS_POLICY_SAYS;
    }
}
