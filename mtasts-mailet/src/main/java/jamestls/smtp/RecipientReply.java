package jamestls.smtp;

/**
 * What became of one recipient.
 *
 * @param recipient as in the envelope
 * @param reply the reply that decided: the refusal of RCPT or of DATA, or the reply to the final dot
 * @param phase which of them: RCPT, DATA or FINAL_REPLY
 */
public record RecipientReply(String recipient, SmtpReply reply, SessionFailure.Phase phase) {

    /** The server has taken responsibility for this recipient (RFC 5321 §4.2.5). */
    public boolean isDelivered() {
        return phase == SessionFailure.Phase.FINAL_REPLY && reply.code() / 100 == 2;
    }
}
