package jamestls.mtasts.delivery;

import jamestls.smtp.SmtpReply;
import jamestls.smtp.Transmission;
import jamestls.smtp.Transmission.RecipientReply;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.james.core.MailAddress;

/**
 * What a transmission means for the mail.
 *
 * @param word for the log: delivered, partial, deferred, bounced, or skipped when the next host may be tried
 * @param result empty when the next host may be tried
 * @param reply the server's words that decided, or {@code -}
 * @param why what went wrong, empty if nothing did
 */
record ReplyInterpretation(String word, Optional<DeliveryResult> result, String reply, String why) {

    /** @param host name and address, for texts */
    static ReplyInterpretation of(OutboundMail mail, String host, Transmission transmission) {
        return switch (transmission) {
            case Transmission.Completed completed -> answered(mail, host, completed.recipients());
            // RFC 5321 §4.2.1: 4yz may be different at another host, 5yz is an answer
            case Transmission.Refused refused -> refused.reply().isPermanent()
                ? decided("bounced", new DeliveryResult.Refused(Failure.said(refused.reply(), host)), refused.reply().toString(), "")
                : nextHost(refused.reply().toString(), host + " said: " + refused.reply());
            case Transmission.Unsendable unsendable -> decided("bounced", new DeliveryResult.Refused(
                Failure.permanent(status(unsendable.obstacle()), host + ": " + unsendable.detail())), "-", unsendable.detail());
            case Transmission.Unreadable unreadable -> decided("deferred", new DeliveryResult.Deferred(
                Failure.temporary("3.0", "the message could not be read here: " + unreadable.cause())), "-", unreadable.cause().toString());
            case Transmission.Broken broken -> broken(mail, host, broken);
        };
    }

    private static ReplyInterpretation answered(OutboundMail mail, String host, List<RecipientReply> replies) {
        Map<String, RecipientReply> byAddress = new HashMap<>();
        replies.forEach(reply -> byAddress.put(reply.recipient(), reply));
        List<MailAddress> accepted = new ArrayList<>();
        Map<MailAddress, Failure> failed = new HashMap<>();
        for (MailAddress recipient : mail.recipients()) {
            RecipientReply reply = byAddress.get(OutboundMail.path(recipient));
            if (reply == null) {
                failed.put(recipient, Failure.temporary("3.0", host + " gave no reply for " + recipient.asString()));
            } else if (reply.isDelivered()) {
                accepted.add(recipient);
            } else {
                failed.put(recipient, reply.reply().isPositive() ? Failure.temporary("5.0", host + " said: " + reply.reply())
                    : Failure.said(reply, host));
            }
        }
        String word = failed.isEmpty() ? "delivered" : !accepted.isEmpty() ? "partial"
            : failed.values().stream().allMatch(Failure::isPermanent) ? "bounced" : "deferred";
        SmtpReply last = replies.getLast().reply();
        return new ReplyInterpretation(word, Optional.of(new DeliveryResult.Answered(accepted, failed)), last.toString(),
            failed.values().stream().findFirst().map(Failure::toString).orElse(""));
    }

    private static ReplyInterpretation broken(OutboundMail mail, String host, Transmission.Broken broken) {
        String reply = broken.failure().reply().map(SmtpReply::toString).orElse("-");
        String why = host + ": " + broken.failure().detail();
        boolean uncertain = broken.endOfData() == Transmission.FinalDot.SENT;
        if (!uncertain && broken.known().isEmpty()) {
            return nextHost(reply, why);
        }
        // RFC 5321 §4.2.5 leaves open who has the mail now: sending it again may double it, not sending it may lose it
        Failure undecided = Failure.temporary("4.2",
            uncertain ? why + "; the connection was lost after the end of the mail, it may arrive twice" : why);
        Map<MailAddress, Failure> failed = new HashMap<>();
        mail.recipients().forEach(recipient -> failed.put(recipient, undecided));
        for (RecipientReply known : broken.known()) {
            mail.recipients().stream().filter(recipient -> OutboundMail.path(recipient).equals(known.recipient()))
                .forEach(recipient -> failed.put(recipient, Failure.said(known, host)));
        }
        return decided("deferred", new DeliveryResult.Answered(List.of(), failed), reply, undecided.toString());
    }

    private static String status(Transmission.Obstacle obstacle) {
        return switch (obstacle) {
            case MALFORMED -> "1.3";
            case NO_SMTPUTF8 -> "6.7";
            // RFC 1870 §6.1
            case TOO_LARGE -> "3.4";
            case NO_REQUIRETLS -> "7.30";
        };
    }

    private static ReplyInterpretation nextHost(String reply, String why) {
        return new ReplyInterpretation("skipped", Optional.empty(), reply, why);
    }

    private static ReplyInterpretation decided(String word, DeliveryResult result, String reply, String why) {
        return new ReplyInterpretation(word, Optional.of(result), reply, why);
    }
}
