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
 * What a server's replies mean for the mail.
 *
 * @param word the result in the log: delivered, partial, deferred, bounced or skipped
 * @param result the final results; empty if the next host may be tried for all recipients
 * @param elsewhere recipients to try at the next host, with the failure of each if no host accepts it
 * @param skip why the next host may be tried
 * @param reply the reply that decided, or {@code -}
 * @param why what went wrong; empty if nothing did
 */
record ReplyInterpretation(String word, Optional<DeliveryResult> result, Map<MailAddress, Failure> elsewhere, Skip skip, String reply,
                           String why) {

    /** UTF-16 units of failure texts kept for one mail; beyond that the code of a reply is kept without its text. */
    private static final int MAX_TEXTS = 65_536;
    /** "Must issue a STARTTLS command first" (RFC 3207 §4). */
    private static final int STARTTLS_FIRST = 530;
    private static final int REFUSED = 550;
    /** RFC 7372 §3.3: reverse DNS validation failed. */
    private static final String NO_REVERSE_DNS = "5.7.25";
    private static final Pattern NAMES_REVERSE_DNS = Pattern.compile("IPv6|\\bPTR\\b|reverse.?DNS|\\brDNS", Pattern.CASE_INSENSITIVE);
    /** RFC 5248, RFC 4954: encryption needed, encryption required for the authentication mechanism. */
    private static final Set<String> ENCRYPTION_NEEDED = Set.of("5.7.10", "5.7.11");
    /** Unspecific policy statuses: the text decides whether TLS is meant. */
    private static final Set<String> ANY_POLICY_REASON = Set.of("5.7.0", "5.7.1");
    private static final Pattern NAMES_TLS = Pattern.compile("TLS|encrypt", Pattern.CASE_INSENSITIVE);

    /** How the session is protected, as far as it changes the meaning of a refusal. */
    enum Protection {
        /** TLS; or clear text for a mail that waives TLS, so that a refusal is final (RFC 8689 §4.2.2). */
        SUFFICIENT,
        /** Clear text, after TLS failed or STARTTLS was refused. */
        CLEAR_TEXT_FALLBACK,
        /** Clear text at a host that does not offer STARTTLS. */
        STARTTLS_NOT_OFFERED
    }

    /** Why the next host may be tried. */
    enum Skip {
        /** It is not tried: all recipients have a result. */
        NO,
        /** A temporary refusal, or a lost connection. */
        TEMPORARY,
        /** The server requires TLS, and TLS with it failed: the refusal does not concern the mail. */
        TLS_DEMANDED_AFTER_FALLBACK,
        /** The server requires TLS and offers none: the refusal is final if no other host accepts the mail. */
        TLS_DEMANDED_NOT_OFFERED,
        /** The server refuses this server's IPv6 address: IPv4 is tried. */
        IPV6
    }

    /** Whether a refusal may be caused by this server's IPv6 address. */
    enum Family {
        /** The session goes over IPv6, and the host has an IPv4 address that was not tried yet. */
        IPV6_BEFORE_IPV4,
        /** The session goes over IPv4, or there is no IPv4 address left. */
        LAST
    }

    /**
     * The session that carried the mail.
     *
     * @param host name and address, for texts
     * @param withoutTls why the session has no TLS, for texts; used only after a fallback to clear text
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
        if (cause == Skip.TLS_DEMANDED_AFTER_FALLBACK) {
            return nextHost(cause, reply.toString(), tlsDemanded(session, reply).text());
        }
        // RFC 5321 §4.2.1: another host may accept after 4yz; 5yz is final
        return cause != Skip.NO || !reply.isPermanent()
            ? nextHost(cause == Skip.NO ? Skip.TEMPORARY : cause, reply.toString(), session.host() + " said: " + reply)
            : decided("bounced", new DeliveryResult.Refused(Failure.refused(reply, session.host())), reply.toString(), "");
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
                elsewhere.put(recipient, texts.bounded(mayGoOn == Skip.TLS_DEMANDED_AFTER_FALLBACK ? tlsDemanded(session, reply.reply())
                    : Failure.refused(reply, session.host())));
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

    /** Whether and why another host may accept a recipient that this one did not accept. */
    private static Skip elsewhere(Session session, RecipientReply reply, boolean anyAccepted) {
        Skip cause = cause(session, reply.reply());
        if (cause != Skip.NO || reply.phase() != Phase.RCPT) {
            return cause;
        }
        Failure failure = Failure.refused(reply, "");
        // a server with a limit on recipients gets the rest in another mail, if it accepted any
        return failure.isPermanent() || failure.isTooManyRecipients() && (anyAccepted || !failure.isPlainTooMany())
            ? Skip.NO : Skip.TEMPORARY;
    }

    private static Failure failure(String host, MailAddress recipient, RecipientReply reply) {
        if (reply == null) {
            return Failure.temporary("3.0", host + " gave no reply for " + recipient.asString());
        }
        return reply.reply().isPositive() ? Failure.temporary("5.0", host + " said: " + reply.reply()) : Failure.refused(reply, host);
    }

    private static ReplyInterpretation broken(OutboundMail mail, String host, Transmission.Broken broken) {
        String reply = broken.failure().reply().map(SmtpReply::toString).orElse("-");
        String why = host + ": " + broken.failure().detail();
        boolean uncertain = broken.endOfData() == Transmission.FinalDot.SENT;
        if (!uncertain && broken.known().isEmpty()) {
            return nextHost(Skip.TEMPORARY, reply, why);
        }
        // RFC 5321 §4.2.5: after the end of data the mail may have been accepted. It is sent again rather than lost
        Failure undecided = Failure.temporary("4.2",
            uncertain ? why + Failure.UNCERTAIN : why);
        Map<String, MailAddress> byPath = new HashMap<>();
        Map<MailAddress, Failure> failed = new LinkedHashMap<>();
        for (MailAddress recipient : mail.recipients()) {
            byPath.put(OutboundMail.path(recipient), recipient);
            failed.put(recipient, undecided);
        }
        Texts texts = new Texts();
        broken.known().forEach(known -> failed.computeIfPresent(byPath.get(known.recipient()),
            (recipient, unknown) -> texts.bounded(Failure.refused(known, host))));
        return decided("deferred", new DeliveryResult.Answered(List.of(), failed), reply, undecided.toString());
    }

    /** Whether a refusal concerns the session rather than the mail: TLS is missing, or the IPv6 address is refused. */
    private static Skip cause(Session session, SmtpReply reply) {
        Skip demandsTls = demandsTls(session.protection(), reply);
        if (demandsTls != Skip.NO || session.family() == Family.LAST || reply.code() != REFUSED) {
            return demandsTls;
        }
        String code = reply.enhancedCode().orElse("");
        boolean aboutIpv6 = code.equals(NO_REVERSE_DNS)
            || code.startsWith("5.7.") && reply.lines().stream().anyMatch(line -> NAMES_REVERSE_DNS.matcher(line).find());
        return aboutIpv6 ? Skip.IPV6 : Skip.NO;
    }

    /** Whether a refusal demands TLS, which the session does not have. */
    private static Skip demandsTls(Protection protection, SmtpReply reply) {
        if (protection == Protection.SUFFICIENT || !reply.isPermanent()) {
            return Skip.NO;
        }
        String code = reply.enhancedCode().orElse("");
        boolean demands = reply.code() == STARTTLS_FIRST || ENCRYPTION_NEEDED.contains(code)
            || ANY_POLICY_REASON.contains(code) && reply.lines().stream().anyMatch(line -> NAMES_TLS.matcher(line).find());
        return !demands ? Skip.NO
            : protection == Protection.CLEAR_TEXT_FALLBACK ? Skip.TLS_DEMANDED_AFTER_FALLBACK : Skip.TLS_DEMANDED_NOT_OFFERED;
    }

    private static Failure tlsDemanded(Session session, SmtpReply reply) {
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

    /** Bounds the memory for long replies to many recipients. */
    private static final class Texts {

        private int kept;

        private Failure bounded(Failure failure) {
            kept += failure.text().length();
            return kept <= MAX_TEXTS ? failure : failure.withoutText();
        }
    }
}
