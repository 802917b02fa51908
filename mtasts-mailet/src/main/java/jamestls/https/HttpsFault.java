package jamestls.https;

/** Why an exchange failed. */
public enum HttpsFault {
    /** The host has no address, or the DNS look-up failed. */
    ADDRESS_LOOKUP,
    /** The guard refuses all addresses of the host. */
    ADDRESS_NOT_PUBLIC,
    /** No address accepted the connection. */
    CONNECT,
    /** The server's certificate does not chain to a trusted root, is expired, or is not for this host. */
    CERTIFICATE,
    /** The TLS handshake failed for any other reason. */
    TLS,
    /** The deadline of the whole exchange passed. */
    TIMEOUT,
    /** The body or the headers are too long. */
    TOO_LARGE,
    /** The answer is not HTTP or incomplete, or the URI is not allowed. */
    PROTOCOL
}
