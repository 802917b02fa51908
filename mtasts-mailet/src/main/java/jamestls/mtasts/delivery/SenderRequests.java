package jamestls.mtasts.delivery;

import jamestls.smtp.Envelope.EsmtpParameter;
import jamestls.smtp.Envelope.EsmtpParameters;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.james.core.MailAddress;
import org.apache.james.queue.api.MailPrioritySupport;
import org.apache.mailet.AttributeUtils;
import org.apache.mailet.DsnParameters;
import org.apache.mailet.DsnParameters.RecipientDsnParameters;
import org.apache.mailet.Mail;

/**
 * Reads the ESMTP parameters that the sender asked for, apart from TLS: delivery status notifications (RFC 3461) and priority
 * (RFC 6710).
 */
final class SenderRequests {

    private static final String DSN = "DSN";
    private static final int MAX_PRIORITY = 9;

    /** Whether REQUIRETLS was asked for (RFC 8689). */
    enum Protection { REQUIRED, NOT_REQUIRED }

    private SenderRequests() {
    }

    /**
     * Reads them from a mail in James's queue.
     *
     * @param tls whether the sender asked for REQUIRETLS; a notification then returns only the header (RFC 8689 §5)
     */
    static EsmtpParameters of(Mail mail, Protection tls) {
        List<EsmtpParameter> ofMail = new ArrayList<>();
        Map<String, List<EsmtpParameter>> ofRecipients = new HashMap<>();
        mail.dsnParameters().ifPresent(dsn -> {
            // RFC 8689 §5: RET=FULL is disregarded
            dsn.getRetParameter().ifPresent(ret ->
                ofMail.add(new EsmtpParameter(DSN, "RET=" + (tls == Protection.REQUIRED ? DsnParameters.Ret.HDRS : ret))));
            // James keeps the envelope id in xtext, as received
            dsn.getEnvIdParameter().ifPresent(id -> ofMail.add(new EsmtpParameter(DSN, "ENVID=" + xtext(id.asString()))));
            dsn.getRcptParameters().forEach((recipient, asked) -> ofRecipients.put(OutboundMail.path(recipient), ofRecipient(asked)));
        });
        priority(mail).ifPresent(priority -> ofMail.add(new EsmtpParameter("MT-PRIORITY", "MT-PRIORITY=" + priority)));
        return new EsmtpParameters(ofMail, ofRecipients);
    }

    private static List<EsmtpParameter> ofRecipient(RecipientDsnParameters asked) {
        List<EsmtpParameter> parameters = new ArrayList<>();
        asked.getNotifyParameter().ifPresent(notify -> parameters.add(new EsmtpParameter(DSN,
            "NOTIFY=" + notify.stream().map(Enum::name).collect(Collectors.joining(",")))));
        asked.getOrcptParameter().map(MailAddress::asString)
            .ifPresent(original -> parameters.add(new EsmtpParameter(DSN, "ORCPT=rfc822;" + xtext(original))));
        return parameters;
    }

    /**
     * The priority of the mail in RFC 6710's range, -9 to 9 with 0 for normal. James 3.9 uses the same range, James 3.8 uses 0 to 9
     * with 5 for normal. A priority that {@code usePriority} has set is for this queue only and is not sent.
     */
    private static Optional<Integer> priority(Mail mail) {
        int normal = (Integer) MailPrioritySupport.NORMAL_PRIORITY_ATTRIBUTE.getValue().value();
        return AttributeUtils.getValueAndCastFromMail(mail, MailPrioritySupport.MAIL_PRIORITY, Integer.class)
            .filter(priority -> mail.getAttribute(QueuePriority.Attributes.SET_HERE).isEmpty())
            .map(priority -> Math.clamp(priority - normal, -MAX_PRIORITY, MAX_PRIORITY));
    }

    /** Encodes as xtext (RFC 3461 §4): all but printable ASCII, and = and +, as + and two hexadecimal digits. Existing xtext stays. */
    private static String xtext(String text) {
        StringBuilder encoded = new StringBuilder();
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < bytes.length; i++) {
            boolean encodedAlready = bytes[i] == '+' && text.length() == bytes.length && text.substring(i).matches("(?s)\\+[0-9A-F]{2}.*");
            if (bytes[i] > 0x20 && bytes[i] < 0x7f && bytes[i] != '=' && bytes[i] != '+' || encodedAlready) {
                encoded.append((char) bytes[i]);
            } else {
                encoded.append(String.format("+%02X", bytes[i] & 0xff));
            }
        }
        return encoded.toString();
    }
}
