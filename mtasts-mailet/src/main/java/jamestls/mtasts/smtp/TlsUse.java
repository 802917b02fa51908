package jamestls.mtasts.smtp;

/** Whether a new session is to use STARTTLS. */
public enum TlsUse {
    /** If the server offers it. A handshake that fails ends the session; it never goes on in clear. */
    IF_OFFERED,
    /** Not even then: for a second attempt after a failed handshake, where clear text is allowed. */
    NEVER
}
