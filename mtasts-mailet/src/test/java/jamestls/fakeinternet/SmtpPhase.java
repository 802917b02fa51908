package jamestls.fakeinternet;

/** Where in a conversation the fake server can be told to misbehave: when its word is due there. */
public enum SmtpPhase {
    GREETING,
    /** EHLO and HELO in clear. */
    EHLO,
    /** The reply to STARTTLS. */
    STARTTLS,
    /** In place of the server's side of the TLS handshake. */
    HANDSHAKE,
    /** EHLO and HELO under TLS. */
    EHLO_AFTER_TLS,
    MAIL,
    RCPT,
    DATA,
    /** After the 354, or a BDAT, in place of reading the mail. */
    BODY,
    /** The reply to a chunk that is not the last (BDAT). */
    CHUNK,
    /** The reply to the final dot, or to the last chunk. */
    FINAL_REPLY,
    RSET,
    QUIT
}
