package jamestls.mtasts.delivery;

import jamestls.net.Sanitized;
import jamestls.smtp.SessionFailure;
import jamestls.smtp.SmtpReply;
import jamestls.smtp.Transmission.RecipientReply;

/**
 * Why a mail, or one of its recipients, was not delivered: what the sender reads in a bounce and the operator in the log.
 *
 * @param code an SMTP reply code, 400 to 599: the server's, or the one that fits what we found out ourselves
 * @param status the enhanced status code (RFC 3463), such as {@code 4.7.5}
 * @param text names domain, host, cause and, if there is one, the remedy; one line, at most {@value #MAX_TEXT} UTF-16 units
 * @param origin whose word it is
 */
public record Failure(int code, String status, String text, Origin origin) {

    private static final String TOO_MANY = "4.5.3";
    private static final String TOO_MANY_FOR_GOOD = "5.5.3";
    private static final String UNKNOWN = "4.0.0";
    private static final String RETRIED = " The message stays queued and is retried.";
    private static final int MAX_TEXT = 2_000;
    private static final int MAX_REPLY = 512;

    /** Whose word a failure is. */
    public enum Origin {
        /** The server's; or ours, about the network, DNS or this server. */
        DELIVERY,
        /** A policy's, of the domain, the sender or the operator: it is a permanent failure once the retries are used up. */
        POLICY
    }

    public Failure {
        text = Sanitized.line(text, MAX_TEXT);
    }

    Failure(int code, String status, String text) {
        this(code, status, text, Origin.DELIVERY);
    }

    /** It could not be done now. */
    static Failure temporary(String status, String text) {
        return new Failure(451, "4." + status, text);
    }

    /**
     * A policy forbids all ways to the domain for now.
     *
     * @param remedy a sentence that says who can do what about it
     */
    static Failure byPolicy(String status, String text, String remedy) {
        String told = Sanitized.line(text, MAX_TEXT - RETRIED.length() - remedy.length() - 2);
        return new Failure(451, "4." + status, told + "." + RETRIED + " " + remedy, Origin.POLICY);
    }

    /** It can't be done. */
    static Failure permanent(String status, String text) {
        return new Failure(550, "5." + status, text);
    }

    /** The server said no to a recipient. */
    static Failure said(RecipientReply answer, String host) {
        SmtpReply reply = answer.reply();
        boolean tooMany = answer.phase() == SessionFailure.Phase.RCPT && reply.code() == 552
            && reply.enhancedCode().map(TOO_MANY_FOR_GOOD::equals).orElse(true);
        // RFC 5321 §4.5.3.1.10: a 552 to RCPT means too many recipients, and is to be taken for a 452
        return tooMany ? new Failure(452, TOO_MANY, saying(reply, host)) : said(reply, host);
    }

    /** The server said no to the mail. */
    static Failure said(SmtpReply reply, String host) {
        return new Failure(reply.code(), reply.enhancedCode().orElse(reply.isPermanent() ? "5.0.0" : UNKNOWN), saying(reply, host));
    }

    private static String saying(SmtpReply reply, String host) {
        return host + " said: " + Sanitized.line(reply.toString(), MAX_REPLY);
    }

    /** The server takes only so many recipients at once; the others may come at once, with another mail. */
    boolean isTooManyRecipients() {
        return code == 452 && (status.equals(TOO_MANY) || isPlainTooMany());
    }

    /** A 452 without an enhanced status: too many recipients, or no room on the disk. */
    boolean isPlainTooMany() {
        return code == 452 && status.equals(UNKNOWN);
    }

    boolean isPermanent() {
        return code >= 500;
    }

    /** The same code and status with as little text as can be, where texts take too much memory. */
    Failure withoutText() {
        return new Failure(code, status, "the server refused", origin);
    }

    /** The same as a temporary failure, where it is not certain that it is final. */
    Failure forNow() {
        return isPermanent() ? new Failure(451, "4." + status.substring(2), text, origin) : this;
    }

    /**
     * The same, for a mail whose retries are used up. What a server or the network said remains a temporary failure, as in stock; what
     * a policy forbids has failed for good.
     */
    Failure givenUp() {
        if (isPermanent()) {
            return this;
        }
        String last = "given up after the last retry: " + text.replace(RETRIED, "");
        return origin == Origin.POLICY ? new Failure(550, "5." + status.substring(2), last, origin)
            : new Failure(code, status, last, origin);
    }

    @Override
    public String toString() {
        return code + " " + status + " " + text;
    }
}
