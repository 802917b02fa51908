package jamestls.tlsrpt.send;

import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import jamestls.tlsrpt.report.MailIds;
import jamestls.tlsrpt.report.ReportFile;
import jamestls.tlsrpt.report.ReportMail;
import jamestls.tlsrpt.report.Rua;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands report mails to the James processor that signs and delivers them. MAIL FROM is the reporter's own address and not
 * the null one, because a bounce tells the operator that a destination is dead.
 */
public final class MailTransport implements ReportTransport<Rua.Mailto> {

    /**
     * True on mails that carry a report: whoever delivers them neither enforces a policy (RFC 8460 §5.3.1) nor counts the
     * session (RFC 8460 §3), or two reporters would write to each other for ever.
     */
    public static final AttributeName REPORT = AttributeName.of("jamestls.report");

    /** James's own name; false stands for the header field {@code TLS-Required: No} (RFC 8689 §3). */
    private static final AttributeName REQUIRETLS = AttributeName.of("REQUIRETLS");

    /** When {@code SecureRemoteDelivery} gives a mail up without a bounce: milliseconds since 1970. */
    static final AttributeName EXPIRES = AttributeName.of("jamestls.expires");
    /** By which it is known again when it does not arrive. */
    static final AttributeName REPORT_ID = AttributeName.of("jamestls.report-id");
    /** RFC 8460 §5.5 */
    private static final Duration LIFETIME = Duration.ofHours(24);

    private static final Logger LOGGER = LoggerFactory.getLogger(MailTransport.class);

    private final MailetContext context;
    private final String processor;
    private final Supplier<MailIds> ids;
    private final Clock clock;
    private volatile Optional<String> failure = Optional.empty();

    /**
     * @param processor the name of the James processor that gets the mails
     * @param ids for Message-ID fields; asked for with each mail
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
            LOGGER.error("tlsreport: James does not take report mails for its processor '{}': {}", processor, e.toString());
            failure = Optional.of("James does not take report mails for its processor '" + processor + "': " + e);
            return new Failed("our own server: " + e);
        } finally {
            LifecycleUtil.dispose(mail);
        }
    }
}
