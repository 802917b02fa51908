package jamestls.mtasts.delivery;

import jamestls.smtp.SessionFailure.Phase;
import jamestls.smtp.SmtpReply;
import jamestls.smtp.Transmission;
import jamestls.smtp.Transmission.RecipientReply;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.james.core.MailAddress;

/**
 * What a transmission means for the mail.
 *
 * @param word for the log: delivered, partial, deferred, bounced, or skipped
 * @param result what is decided; empty if the next host may be tried for all recipients
 * @param elsewhere recipients that another host may take, with what to say of each if none does; the others are in {@code result}
 * @param skip why the next host may be tried, if it may
 * @param reply the server's words that decided, or {@code -}
 * @param why what went wrong, empty if nothing did
 */
record ReplyInterpretation(String word, Optional<DeliveryResult> result, Map<MailAddress, Failure> elsewhere, Skip skip, String reply,
                           String why) {

    /** UTF-16 units of failure texts kept for one mail; beyond that the code of a reply is kept without its text. */
    private static final int MAX_TEXTS = 65_536;
    /** RFC 4954 §6: 530 asks for something that must come first, which before TLS is TLS (RFC 3207 §4). */
    private static final int SOMETHING_FIRST = 530;
    private static final int REFUSED = 550;
    /** RFC 7372 §3.3: reverse DNS validation failed. */
    private static final String NO_REVERSE_DNS = "5.7.25";
    private static final Pattern NAMES_REVERSE_DNS = Pattern.compile("IPv6|\\bPTR\\b|reverse.?DNS|\\brDNS", Pattern.CASE_INSENSITIVE);
    private static final Set<String> ENCRYPTION_NEEDED = Set.of("5.7.10", "5.7.11");
    private static final Set<String> ANY_POLICY_REASON = Set.of("5.7.0", "5.7.1");
    private static final Pattern NAMES_TLS = Pattern.compile("TLS|encrypt", Pattern.CASE_INSENSITIVE);

    /** How the session is protected, as far as that gives a refusal another meaning. */
    enum Protection {
        /** TLS; or clear text for a mail that waives TLS, whose refusal is an answer (RFC 8689 §4.2.2). */
        AS_THE_MAIL_NEEDS,
        /** Clear text at a host that offered STARTTLS: TLS failed or was refused, and the session went on without it. */
        LEFT_OUT,
        /** Clear text at a host that does not offer STARTTLS. */
        NOT_OFFERED
    }

    /** Why the next host may be tried. */
    enum Skip {
        /** It may not: everything is decided. */
        NO,
        /** The server takes no mail now, or the connection was lost. */
        TEMPORARY,
        /** The server insists on TLS, which we left out: its refusal is no answer to the mail. */
        TLS_LEFT_OUT,
        /** The server insists on TLS and offers none: the refusal counts if no other host takes the mail. */
        TLS_NOT_OFFERED,
        /** The server does not like our IPv6 address: over IPv4 it may. */
        IPV6
    }

    /** Whether a refusal may be about our IPv6 address. */
    enum Family {
        /** The session goes over IPv6, and the host has an IPv4 address that was not tried yet. */
        IPV6_BEFORE_IPV4,
        /** It goes over IPv4, or there is nothing else to try. */
        LAST
    }

    /**
     * The session a mail was sent over.
     *
     * @param host name and address, for texts
     * @param withoutTls why the session has no TLS, for texts; empty where it has, or offers none
     */
    record Session(String host, Protection protection, String withoutTls, Family family) {
    }

    static ReplyInterpretation of(OutboundMail mail, Session session, Transmission transmission) {
        return switch (transmission) {
            case Transmission.Completed completed -> answered(mail, session, completed.recipients());
            case Transmission.Refused refused -> refused(session, refused.reply());
            case Transmission.Unsendable unsendable -> decided("bounced", new DeliveryResult.Refused(Failure.permanent(
                status(unsendable.obstacle()), session.host() + ": " + unsendable.detail())), "-", unsendable.detail());
            case Transmission.Unreadable unreadable -> decided("deferred", new DeliveryResult.Deferred(
                Failure.temporary("3.0", "the message could not be read here: " + unreadable.cause())), "-", unreadable.cause().toString());
            case Transmission.Broken broken -> broken(mail, session.host(), broken);
        };
    }

    private static ReplyInterpretation refused(Session session, SmtpReply reply) {
        Skip cause = cause(session, reply);
        if (cause == Skip.TLS_LEFT_OUT) {
            return nextHost(cause, reply.toString(), leftOut(session, reply).text());
        }
        // RFC 5321 §4.2.1: 4yz may be different at another host, 5yz is an answer
        return cause != Skip.NO || !reply.isPermanent()
            ? nextHost(cause == Skip.NO ? Skip.TEMPORARY : cause, reply.toString(), session.host() + " said: " + reply)
            : decided("bounced", new DeliveryResult.Refused(Failure.said(reply, session.host())), reply.toString(), "");
    }

    private static ReplyInterpretation answered(OutboundMail mail, Session session, List<RecipientReply> replies) {
        Map<String, RecipientReply> byAddress = new HashMap<>();
        replies.forEach(reply -> byAddress.put(reply.recipient(), reply));
        List<MailAddress> accepted = new ArrayList<>();
        Map<MailAddress, Failure> failed = new LinkedHashMap<>();
        Map<MailAddress, Failure> elsewhere = new LinkedHashMap<>();
        boolean anyAccepted = replies.stream().anyMatch(RecipientReply::isDelivered);
        Skip skip = Skip.NO;
        Texts texts = new Texts();
        for (MailAddress recipient : mail.recipients()) {
            RecipientReply reply = byAddress.get(OutboundMail.path(recipient));
            Skip mayGoOn = reply == null ? Skip.NO : elsewhere(session, reply, anyAccepted);
            if (reply != null && reply.isDelivered()) {
                accepted.add(recipient);
            } else if (mayGoOn != Skip.NO) {
                skip = mayGoOn;
                elsewhere.put(recipient, texts.bounded(mayGoOn == Skip.TLS_LEFT_OUT ? leftOut(session, reply.reply())
                    : Failure.said(reply, session.host())));
            } else {
                failed.put(recipient, texts.bounded(failure(session.host(), recipient, reply)));
            }
        }
        String word = failed.isEmpty() && elsewhere.isEmpty() ? "delivered" : !accepted.isEmpty() ? "partial"
            : elsewhere.isEmpty() && failed.values().stream().allMatch(Failure::isPermanent) ? "bounced" : "deferred";
        String why = Stream.concat(failed.values().stream(), elsewhere.values().stream()).findFirst().map(Failure::toString).orElse("");
        Optional<DeliveryResult> result = accepted.isEmpty() && failed.isEmpty() ? Optional.empty()
            : Optional.of(new DeliveryResult.Answered(accepted, failed));
        return new ReplyInterpretation(word, result, elsewhere, skip, replies.getLast().reply().toString(), why);
    }

    /** Whether another host may take a recipient that this one did not take, and why. */
    private static Skip elsewhere(Session session, RecipientReply reply, boolean anyAccepted) {
        Skip cause = cause(session, reply.reply());
        if (cause != Skip.NO || reply.phase() != Phase.RCPT) {
            return cause;
        }
        Failure failure = Failure.said(reply, "");
        // a server that takes only so many recipients at once gets the others right after, if it took any
        return failure.isPermanent() || failure.isTooManyRecipients() && (anyAccepted || !failure.isPlainTooMany())
            ? Skip.NO : Skip.TEMPORARY;
    }

    private static Failure failure(String host, MailAddress recipient, RecipientReply reply) {
        if (reply == null) {
            return Failure.temporary("3.0", host + " gave no reply for " + recipient.asString());
        }
        return reply.reply().isPositive() ? Failure.temporary("5.0", host + " said: " + reply.reply()) : Failure.said(reply, host);
    }

    private static ReplyInterpretation broken(OutboundMail mail, String host, Transmission.Broken broken) {
        String reply = broken.failure().reply().map(SmtpReply::toString).orElse("-");
        String why = host + ": " + broken.failure().detail();
        boolean uncertain = broken.endOfData() == Transmission.FinalDot.SENT;
        if (!uncertain && broken.known().isEmpty()) {
            return nextHost(Skip.TEMPORARY, reply, why);
        }
        // RFC 5321 §4.2.5 leaves open who has the mail now: sending it again may double it, not sending it may lose it
        Failure undecided = Failure.temporary("4.2",
            uncertain ? why + "; the connection was lost after the end of the mail, it may arrive twice" : why);
        Map<String, MailAddress> byPath = new HashMap<>();
        Map<MailAddress, Failure> failed = new LinkedHashMap<>();
        for (MailAddress recipient : mail.recipients()) {
            byPath.put(OutboundMail.path(recipient), recipient);
            failed.put(recipient, undecided);
        }
        Texts texts = new Texts();
        broken.known().forEach(known -> failed.computeIfPresent(byPath.get(known.recipient()),
            (recipient, unknown) -> texts.bounded(Failure.said(known, host))));
        return decided("deferred", new DeliveryResult.Answered(List.of(), failed), reply, undecided.toString());
    }

    /** Whether a refusal is about the session and not about the mail: it lacks TLS, or goes over the wrong family. */
    private static Skip cause(Session session, SmtpReply reply) {
        Skip insists = insistsOnTls(session.protection(), reply);
        if (insists != Skip.NO || session.family() == Family.LAST || reply.code() != REFUSED) {
            return insists;
        }
        String code = reply.enhancedCode().orElse("");
        boolean aboutIpv6 = code.equals(NO_REVERSE_DNS)
            || code.startsWith("5.7.") && reply.lines().stream().anyMatch(line -> NAMES_REVERSE_DNS.matcher(line).find());
        return aboutIpv6 ? Skip.IPV6 : Skip.NO;
    }

    /** Whether a refusal asks for the TLS that the session does not have. */
    private static Skip insistsOnTls(Protection protection, SmtpReply reply) {
        if (protection == Protection.AS_THE_MAIL_NEEDS || !reply.isPermanent()) {
            return Skip.NO;
        }
        String code = reply.enhancedCode().orElse("");
        boolean insists = reply.code() == SOMETHING_FIRST || ENCRYPTION_NEEDED.contains(code)
            || ANY_POLICY_REASON.contains(code) && reply.lines().stream().anyMatch(line -> NAMES_TLS.matcher(line).find());
        return !insists ? Skip.NO : protection == Protection.LEFT_OUT ? Skip.TLS_LEFT_OUT : Skip.TLS_NOT_OFFERED;
    }

    private static Failure leftOut(Session session, SmtpReply reply) {
        return Failure.temporary("7.10", session.host() + ": " + session.withoutTls() + "; without TLS it said: " + reply);
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

    private static ReplyInterpretation nextHost(Skip skip, String reply, String why) {
        return new ReplyInterpretation("skipped", Optional.empty(), Map.of(), skip, reply, why);
    }

    private static ReplyInterpretation decided(String word, DeliveryResult result, String reply, String why) {
        return new ReplyInterpretation(word, Optional.of(result), Map.of(), Skip.NO, reply, why);
    }

    /** Bounds what is kept of a talkative server's replies to many recipients. */
    private static final class Texts {

        private int kept;

        private Failure bounded(Failure failure) {
            kept += failure.text().length();
            return kept <= MAX_TEXTS ? failure : failure.withoutText();
        }
    }
}
