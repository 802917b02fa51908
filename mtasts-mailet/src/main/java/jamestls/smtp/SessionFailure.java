package jamestls.smtp;

import java.util.Optional;

/**
 * Why a session could not be used, or no longer.
 *
 * @param phase where it happened
 * @param detail one line for people; a stranger's text in it is bounded and without control characters
 * @param reply the server's reply, if a reply was the reason (a refusal, or the 421 before it hung up)
 * @param cause what ended it
 */
public record SessionFailure(Phase phase, String detail, Optional<SmtpReply> reply, Cause cause) {

    /** What ended a session. */
    public enum Cause {
        /** The server refused with a reply. */
        REPLY,
        /** What the server said is no SMTP, or no answer to what it was asked. */
        PROTOCOL,
        /** The connection was closed, reset or never came about, or the time was over. */
        LOST
    }

    /** A failure that a reply caused, or else a loss of the connection. */
    public SessionFailure(Phase phase, String detail, Optional<SmtpReply> reply) {
        this(phase, detail, reply, reply.isPresent() ? Cause.REPLY : Cause.LOST);
    }

    /** Whether the connection was lost before the server's first reply, or its first under TLS. */
    boolean isSilence() {
        return cause == Cause.LOST && (phase == Phase.GREETING || phase == Phase.EHLO_AFTER_TLS);
    }

    /** Whether the server had not answered EHLO yet: it does not serve us now, whoever we are and whatever the mail is. */
    boolean isBeforeEhlo() {
        return phase == Phase.CONNECT || phase == Phase.GREETING || phase == Phase.EHLO;
    }

    /** The steps of a session, each with a deadline of its own. */
    public enum Phase {
        CONNECT, GREETING, EHLO, STARTTLS, HANDSHAKE, EHLO_AFTER_TLS, AUTH, MAIL, RCPT, DATA, BODY, FINAL_REPLY, QUIT
    }
}
