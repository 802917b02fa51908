package jamestls.tlsrpt.send;

import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jamestls.net.SanitizedLogger;
import jamestls.outcome.ReportMailListener;
import jamestls.rua.Rua;
import jamestls.tlsrpt.report.MailIds;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.ReportMail;
import java.io.ByteArrayInputStream;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Supplier;
import org.apache.james.core.MailAddress;
import org.apache.james.lifecycle.api.LifecycleUtil;
import org.apache.james.server.core.MailImpl;
import org.apache.mailet.Attribute;
import org.apache.mailet.AttributeName;
import org.apache.mailet.AttributeValue;
import org.apache.mailet.MailetContext;

/**
 * Passes report mails to the James processor that signs and delivers them. MAIL FROM is the reporter's address and not the null
 * reverse path, so that bounces show which destinations are unreachable.
 */
public final class MailTransport implements ReportTransport<Rua.Mailto> {

    /**
     * Set to true on report mails: they are delivered without policy enforcement (RFC 8460 §5.3.1) and their sessions are not
     * counted (RFC 8460 §3), otherwise two reporters would send each other reports for ever.
     */
    public static final AttributeName REPORT = AttributeName.of(ReportMailListener.Attributes.REPORT);

    /** Attribute name defined by James; false corresponds to the header field {@code TLS-Required: No} (RFC 8689 §3). */
    private static final AttributeName REQUIRETLS = AttributeName.of("REQUIRETLS");

    /** Time at which {@code SecureRemoteDelivery} drops a mail without a bounce, in milliseconds since 1970. */
    static final AttributeName EXPIRES = AttributeName.of(ReportMailListener.Attributes.EXPIRES);
    /** Report-ID, which identifies the report if the mail can't be delivered. */
    static final AttributeName REPORT_ID = AttributeName.of(ReportMailListener.Attributes.REPORT_ID);
    /** RFC 8460 §5.5 */
    private static final Duration LIFETIME = Duration.ofHours(24);

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(MailTransport.class);

    private final MailetContext context;
    private final String processor;
    private final Supplier<MailIds> ids;
    private final Clock clock;
    private volatile Optional<String> failure = Optional.empty();

    /**
     * @param processor the name of the James processor that gets the mails
     * @param ids for Message-ID fields; called for each mail
     */
    public MailTransport(MailetContext context, String processor, Supplier<MailIds> ids, Clock clock) {
        this.ids = ids;
        this.context = context;
        this.processor = processor;
        this.clock = clock;
    }

    @Override
    public Optional<String> problem() {
        return failure;
    }

    @Override
    public Handover send(ReportFile file, Rua.Mailto destination) {
        byte[] bytes = ReportMail.write(file, destination.address(), clock.instant(), ids.get());
        MailImpl mail = null;
        try {
            MimeMessage message = new MimeMessage(Session.getInstance(new Properties()), new ByteArrayInputStream(bytes));
            mail = MailImpl.builder()
                .name(MailImpl.getId())
                .sender(new MailAddress(file.report().reporter().from()))
                .addRecipient(new MailAddress(destination.address()))
                .mimeMessage(message)
                .addAttribute(new Attribute(REPORT, AttributeValue.of(true)))
                .addAttribute(new Attribute(REPORT_ID, AttributeValue.of(file.report().id().toString())))
                .addAttribute(new Attribute(EXPIRES, AttributeValue.of(clock.instant().plus(LIFETIME).toEpochMilli())))
                .addAttribute(new Attribute(REQUIRETLS, AttributeValue.of(false)))
                .build();
            context.sendMail(mail, processor);
            failure = Optional.empty();
            return new Accepted();
        } catch (MessagingException | RuntimeException e) {
            LOGGER.error("tlsreport: James rejects report mails for the processor '{}': {}", processor, e.toString());
            failure = Optional.of("James rejects report mails for the processor '" + processor + "': " + e);
            return new Failed("James rejects the mail: " + e);
        } finally {
            LifecycleUtil.dispose(mail);
        }
    }
}
