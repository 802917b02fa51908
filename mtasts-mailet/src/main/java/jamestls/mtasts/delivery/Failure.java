package jamestls.mtasts.delivery;

import jamestls.smtp.SessionFailure;
import jamestls.smtp.SmtpReply;
import jamestls.smtp.Transmission.RecipientReply;

/**
 * Why a mail, or one of its recipients, was not delivered: what the sender reads in a bounce and the operator in the log.
 *
 * @param code an SMTP reply code, 400 to 599: the server's, or the one that fits what we found out ourselves
 * @param status the enhanced status code (RFC 3463), such as {@code 4.7.5}
 * @param text names domain, host, cause and, if there is one, the remedy; one line
 */
public record Failure(int code, String status, String text) {

    private static final String TOO_MANY = "4.5.3";
    private static final String TOO_MANY_FOR_GOOD = "5.5.3";

    /** We could not do it now. */
    static Failure temporary(String status, String text) {
        return new Failure(451, "4." + status, text);
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
        return tooMany ? new Failure(452, TOO_MANY, host + " said: " + reply) : said(reply, host);
    }

    /** The server said no to the mail. */
    static Failure said(SmtpReply reply, String host) {
        String status = reply.enhancedCode().orElse(reply.isPermanent() ? "5.0.0" : "4.0.0");
        return new Failure(reply.code(), status, host + " said: " + reply);
    }

    /** The server takes only so many recipients at once; the others may come at once, with another mail. */
    boolean isTooManyRecipients() {
        return code == 452 && (status.equals(TOO_MANY) || status.equals("4.0.0"));
    }

    boolean isPermanent() {
        return code >= 500;
    }

    /** The same, for a mail whose retries are used up. It remains a temporary failure, as in stock. */
    Failure givenUp() {
        return isPermanent() ? this : new Failure(code, status, "given up after the last retry: " + text);
    }

    @Override
    public String toString() {
        return code + " " + status + " " + text;
    }
}
