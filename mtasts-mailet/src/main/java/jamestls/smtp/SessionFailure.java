package jamestls.smtp;

import java.util.Optional;

/**
 * Why a session could not be used, or no longer.
 *
 * @param phase where it happened
 * @param detail one line for people; a stranger's text in it is bounded and without control characters
 * @param reply the server's reply, if a reply was the reason (a refusal, or the 421 before it hung up)
 */
public record SessionFailure(Phase phase, String detail, Optional<SmtpReply> reply) {

    /** Whether the server had not answered EHLO yet: it does not serve us now, whoever we are and whatever the mail is. */
    boolean isBeforeEhlo() {
        return phase == Phase.CONNECT || phase == Phase.GREETING || phase == Phase.EHLO;
    }

    /** The steps of a session, each with a deadline of its own. */
    public enum Phase {
        CONNECT, GREETING, EHLO, STARTTLS, HANDSHAKE, EHLO_AFTER_TLS, AUTH, MAIL, RCPT, DATA, BODY, FINAL_REPLY, QUIT
    }
}
