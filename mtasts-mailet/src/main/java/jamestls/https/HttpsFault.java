package jamestls.https;

/** What kept an exchange from having an answer. */
public enum HttpsFault {
    /** The host has no address, or DNS could not say. */
    ADDRESS_LOOKUP,
    /** All addresses of the host are ones that a stranger's URI must not lead us to. */
    ADDRESS_NOT_PUBLIC,
    /** No address took the connection. */
    CONNECT,
    /** The server's certificate does not chain to a trusted root, is expired, or is not for this host. */
    CERTIFICATE,
    /** The TLS handshake failed for any other reason. */
    TLS,
    /** The deadline of the whole exchange passed. */
    TIMEOUT,
    /** The body is longer than asked for, or the headers are out of bounds. */
    TOO_LARGE,
    /** What was said is not HTTP, or it ended in the middle, or the URI is not one to go to. */
    PROTOCOL
}
