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
    /** After the 354, in place of reading the mail. */
    BODY,
    /** The reply to the final dot. */
    FINAL_REPLY,
    RSET,
    QUIT
}
