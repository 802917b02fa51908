package jamestls.mtasts.delivery;

import jamestls.smtp.EsmtpParameter;
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

/** Reads what a sender asks from the mail as James keeps it. The command line, which runs without James, never comes here. */
final class AskedBySender {

    private static final String DSN = "DSN";
    private static final int HIGHEST_PRIORITY = 9;

    private AskedBySender() {
    }

    /** @param tls whether the mail must travel protected; then a bounce must not carry all of it */
    static SenderRequests of(Mail mail, SenderRequests.Protection tls) {
        List<EsmtpParameter> ofMail = new ArrayList<>();
        Map<String, List<EsmtpParameter>> ofRecipients = new HashMap<>();
        mail.dsnParameters().ifPresent(dsn -> {
            // RFC 8689 §5: RET=FULL is disregarded
            dsn.getRetParameter().ifPresent(ret ->
                ofMail.add(new EsmtpParameter(DSN, "RET=" + (tls == SenderRequests.Protection.REQUIRED ? DsnParameters.Ret.HDRS : ret))));
            // James keeps the envelope id as it came, in xtext
            dsn.getEnvIdParameter().ifPresent(id -> ofMail.add(new EsmtpParameter(DSN, "ENVID=" + xtext(id.asString()))));
            dsn.getRcptParameters().forEach((recipient, asked) -> ofRecipients.put(OutboundMail.path(recipient), ofRecipient(asked)));
        });
        priority(mail).ifPresent(priority -> ofMail.add(new EsmtpParameter("MT-PRIORITY", "MT-PRIORITY=" + priority)));
        return new SenderRequests(ofMail, ofRecipients);
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
     * Priority of James's queues, as RFC 6710 counts: -9 to 9, 0 is normal. James 3.9 counts so itself, James 3.8 from 0 to
     * 9 with 5 for normal. What {@code usePriority} has set is for our queue only.
     */
    private static Optional<Integer> priority(Mail mail) {
        int normal = (Integer) MailPrioritySupport.NORMAL_PRIORITY_ATTRIBUTE.getValue().value();
        return AttributeUtils.getValueAndCastFromMail(mail, MailPrioritySupport.MAIL_PRIORITY, Integer.class)
            .filter(priority -> mail.getAttribute(QueuePriority.OURS).isEmpty())
            .map(priority -> Math.clamp(priority - normal, -HIGHEST_PRIORITY, HIGHEST_PRIORITY));
    }

    /** RFC 3461 §4: what is not a printable character of ASCII, and = and +, as + and two figures; what is xtext already stays. */
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
