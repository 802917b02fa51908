package jamestls.smtp;

import java.util.List;

/** How the sending of one mail over one session ended. */
public sealed interface Transmission {

    /**
     * Every recipient has a reply of its own.
     *
     * @param recipients all of the envelope, those refused with RCPT first
     */
    record Completed(List<RecipientReply> recipients) implements Transmission {
        public Completed {
            recipients = List.copyOf(recipients);
        }
    }

    /**
     * The server refused the mail for all recipients before it was told any.
     *
     * @param reply 4xx or 5xx
     * @param phase MAIL
     */
    record Refused(SmtpReply reply, SessionFailure.Phase phase) implements Transmission {
    }

    /** Nothing was sent and the session is as it was: this server can't be given this envelope. */
    record Unsendable(Obstacle obstacle, String detail) implements Transmission {
    }

    /**
     * The source of the mail failed while it was read. The connection was closed without the final dot, so that no
     * recipient got a part of it.
     *
     * @param cause what the source threw
     * @param known recipients the server had refused by then
     */
    record Unreadable(Exception cause, List<RecipientReply> known) implements Transmission {
        public Unreadable {
            known = List.copyOf(known);
        }
    }

    /**
     * The connection was lost, its time was up or the server left the protocol. The session is over.
     *
     * @param known recipients the server had refused by then; the others are undecided
     * @param endOfData whether the mail may have been taken without our knowing
     */
    record Broken(SessionFailure failure, List<RecipientReply> known, FinalDot endOfData) implements Transmission {
        public Broken {
            known = List.copyOf(known);
        }
    }

    /**
     * Whether it may have been the session that failed and not the mail: a connection lost before the mail was, or a server
     * that takes no mail for now, as servers do that have had enough of a session. A new session may tell.
     */
    default boolean leavesOpen() {
        return switch (this) {
            case Broken broken -> broken.endOfData() == FinalDot.NOT_SENT;
            case Refused refused -> !refused.reply().isPermanent();
            case Completed completed -> false;
            case Unsendable unsendable -> false;
            case Unreadable unreadable -> false;
        };
    }

    /** Whether the end of the mail had been sent, perhaps in vain, before the session was lost. */
    enum FinalDot { NOT_SENT, SENT }

    /** What keeps an envelope from being sent. */
    enum Obstacle {
        /** An address or a parameter would break the command it stands in: control characters, blanks, brackets, length. */
        MALFORMED,
        /** An address is not ASCII and the server does not offer SMTPUTF8 (RFC 6531). */
        NO_SMTPUTF8,
        /** The mail is larger than the server's limit (RFC 1870 §6.1). */
        TOO_LARGE,
        /** REQUIRETLS is wanted and the server does not offer it under TLS (RFC 8689 §4.2.1). */
        NO_REQUIRETLS
    }

    /**
     * The result for one recipient.
     *
     * @param recipient as in the envelope
     * @param reply the reply that decided: the refusal of RCPT or of DATA, or the reply to the final dot
     * @param phase which of them: RCPT, DATA or FINAL_REPLY
     */
    record RecipientReply(String recipient, SmtpReply reply, SessionFailure.Phase phase) {

        /** The server has taken responsibility for this recipient (RFC 5321 §4.2.5). */
        public boolean isDelivered() {
            return phase == SessionFailure.Phase.FINAL_REPLY && reply.code() / 100 == 2;
        }
    }
}
