package jamestls.mtasts;

import jakarta.mail.MessagingException;
import jamestls.mtasts.delivery.Gateways;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.james.core.MailAddress;
import org.apache.james.util.AuditTrail;
import org.apache.mailet.Mail;

/** Writes the entries of stock RemoteDelivery into James's audit trail, which James 3.8 does not have. */
interface Audit {

    /** Records that a mail was taken for delivery. */
    void planned(Mail mail, Optional<Gateways> gateway);

    /** The audit trail of the running James; does nothing before James 3.9. */
    static Audit ofJames() {
        try {
            Class.forName("org.apache.james.util.AuditTrail", false, Audit.class.getClassLoader());
            return new Trail();
        } catch (ClassNotFoundException e) {
            return (mail, gateway) -> {
                // James before 3.9
            };
        }
    }

    /** Loaded only where James has the class. */
    final class Trail implements Audit {

        @Override
        public void planned(Mail mail, Optional<Gateways> gateway) {
            AuditTrail.entry()
                .protocol("mailetcontainer")
                .action("RemoteDelivery")
                .parameters(() -> parameters(mail, gateway))
                .log("Remote delivering mail planned with" + (gateway.isPresent() ? "" : "out") + " gateway.");
        }

        private static Map<String, String> parameters(Mail mail, Optional<Gateways> gateway) {
            Map<String, String> parameters = new TreeMap<>();
            gateway.ifPresent(all -> parameters.put("gateways", all.toString()));
            parameters.put("mailId", mail.getName());
            parameters.put("mimeMessageId", messageId(mail));
            parameters.put("sender", mail.getMaybeSender().asString());
            parameters.put("recipients", mail.getRecipients().stream().map(MailAddress::asString).collect(Collectors.joining(", ")));
            return parameters;
        }

        private static String messageId(Mail mail) {
            try {
                return Optional.ofNullable(mail.getMessage().getMessageID()).orElse("");
            } catch (MessagingException e) {
                return "";
            }
        }
    }
}
