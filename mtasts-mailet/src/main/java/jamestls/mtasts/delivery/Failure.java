package jamestls.mtasts.delivery;

import jamestls.mtasts.held.HeldMail.Cause;
import jamestls.mtasts.held.HeldMail.Why;
import jamestls.net.Sanitized;
import jamestls.smtp.SessionFailure;
import jamestls.smtp.SmtpReply;
import jamestls.smtp.Transmission.RecipientReply;

/**
 * Why a mail, or one of its recipients, was not delivered. The text appears in bounces and in the log.
 *
 * @param code an SMTP reply code, 400 to 599: the server's, or the code for a fault found here
 * @param status the enhanced status code (RFC 3463), such as {@code 4.7.5}
 * @param text domain, host, cause and, if there is one, the remedy; one line, at most {@value #MAX_TEXT} UTF-16 units
 * @param cause what prevented the delivery
 * @param remedy one sentence: who can fix it, and how; empty if the cause implies it
 */
public record Failure(int code, String status, String text, Cause cause, String remedy) {

    private static final String TOO_MANY = "4.5.3";
    private static final String TOO_MANY_FOR_GOOD = "5.5.3";
    private static final String UNKNOWN = "4.0.0";
    /** Ends the text of a failure after which nobody knows whether the server has the mail (RFC 5321 §4.2.5). */
    static final String UNCERTAIN = "; the connection was lost after the message was sent, so it may arrive twice";
    private static final String UNCERTAIN_AT_LAST = "; the connection was lost after the message was sent, so it may have arrived";
    private static final String RETRIED = " The message stays queued and is retried.";
    private static final int MAX_TEXT = 2_000;
    private static final int MAX_REPLY = 512;

    public Failure {
        text = Sanitized.line(text, MAX_TEXT);
    }

    /** A refusal by a server. */
    Failure(int code, String status, String text) {
        this(code, status, text, Cause.REPLY, "");
    }

    /** A temporary failure found here. */
    static Failure temporary(String status, String text) {
        return new Failure(451, "4." + status, text, causeOf(status), "");
    }

    /** A temporary failure: nothing was tried, because of this server's own limits. */
    static Failure atLimit(String text) {
        return temporary("4.1", text).withCause(Cause.LIMIT);
    }

    /** The same with a more precise cause than the status implies. */
    Failure withCause(Cause precise) {
        return new Failure(code, status, text, precise, remedy);
    }

    /** The cause of a failure found here, from subject and detail of its enhanced status code. */
    private static Cause causeOf(String detail) {
        return switch (detail) {
            case "4.3", "1.2" -> Cause.DNS;
            case "4.1", "4.2" -> Cause.NETWORK;
            case "3.0" -> Cause.ERROR;
            default -> detail.startsWith("7.") ? Cause.POLICY : Cause.REPLY;
        };
    }

    /**
     * A temporary failure: a policy forbids all hosts of the domain.
     *
     * @param remedy one sentence: who can fix it, and how
     */
    static Failure byPolicy(String status, String text, String remedy) {
        String told = Sanitized.line(text, MAX_TEXT - RETRIED.length() - remedy.length() - 2);
        return new Failure(451, "4." + status, told + "." + RETRIED + " " + remedy, Cause.POLICY, remedy);
    }

    /** A permanent failure found here. */
    static Failure permanent(String status, String text) {
        return new Failure(550, "5." + status, text);
    }

    /** A server refused a recipient. */
    static Failure refused(RecipientReply answer, String host) {
        SmtpReply reply = answer.reply();
        boolean tooMany = answer.phase() == SessionFailure.Phase.RCPT && reply.code() == 552
            && reply.enhancedCode().map(TOO_MANY_FOR_GOOD::equals).orElse(true);
        // RFC 5321 §4.5.3.1.10: a 552 to RCPT means too many recipients and is treated as 452
        return tooMany ? new Failure(452, TOO_MANY, quote(reply, host)) : refused(reply, host);
    }

    /** A server refused the mail. */
    static Failure refused(SmtpReply reply, String host) {
        return new Failure(reply.code(), reply.enhancedCode().orElse(reply.isPermanent() ? "5.0.0" : UNKNOWN), quote(reply, host));
    }

    private static String quote(SmtpReply reply, String host) {
        return host + " said: " + Sanitized.line(reply.toString(), MAX_REPLY);
    }

    /** Whether the server limits the recipients of one mail. The others may be sent right away in a mail of their own. */
    boolean isTooManyRecipients() {
        return code == 452 && (status.equals(TOO_MANY) || isPlainTooMany());
    }

    /** Whether the reply is 452 without an enhanced status: too many recipients, or insufficient storage. */
    boolean isPlainTooMany() {
        return code == 452 && status.equals(UNKNOWN);
    }

    boolean isPermanent() {
        return code >= 500;
    }

    /** Whether a policy of the domain, the sender or the operator forbids all hosts: permanent once the retries are used up. */
    private boolean isByPolicy() {
        return cause == Cause.POLICY && !remedy.isEmpty();
    }

    /** The entry in the list of waiting mails. */
    Why why(String domain) {
        return new Why(cause, toString(), !remedy.isEmpty() ? remedy : switch (cause) {
            case POLICY -> "The postmaster of " + domain + " can fix this if it lasts.";
            case DNS -> "The postmaster of " + domain + " can fix this in DNS, or you in the resolvers that this server asks.";
            case NETWORK -> "Mostly temporary; the postmaster of " + domain + " can fix it, or you in your network.";
            case REPLY -> "Mostly temporary; the postmaster of " + domain + " knows more.";
            case LIMIT -> "Temporary; the mail is sent as soon as a permit is free.";
            case ERROR -> "You can fix this; the log of this server has the details.";
        });
    }

    /** The same code and status without the server's text, to bound memory. */
    Failure withoutText() {
        return new Failure(code, status, "the server refused", cause, remedy);
    }

    /** The same as a temporary failure, for a refusal that may not be final. */
    Failure asTemporary() {
        return isPermanent() ? new Failure(451, "4." + status.substring(2), text, cause, remedy) : this;
    }

    /**
     * The same for a mail whose retries are used up. A failure of server or network stays temporary, as in stock RemoteDelivery; a
     * failure by policy becomes permanent.
     */
    Failure givenUp() {
        if (isPermanent()) {
            return this;
        }
        String last = "given up after the last retry: " + text.replace(RETRIED, "").replace(UNCERTAIN, UNCERTAIN_AT_LAST);
        return isByPolicy() ? new Failure(550, "5." + status.substring(2), last, cause, remedy)
            : new Failure(code, status, last, cause, remedy);
    }

    @Override
    public String toString() {
        return code + " " + status + " " + text;
    }
}
