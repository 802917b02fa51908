package jamestls.smtp;

/** Whether a new session is to use STARTTLS. */
public enum TlsUse {
    /** From the first byte, as on port 465 (RFC 8314 §3.3): no STARTTLS, and no clear text ever. */
    IMPLICIT,
    /** If the server offers it. A handshake that fails ends the session; it never goes on in clear. */
    IF_OFFERED,
    /** Not even then: for a second attempt after a failed handshake, where clear text is allowed. */
    NEVER
}
