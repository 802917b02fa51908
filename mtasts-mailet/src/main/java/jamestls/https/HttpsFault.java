package jamestls.https;

/** Why an exchange has no answer. */
public enum HttpsFault {
    /** The host has no address, or DNS could not say. */
    ADDRESS_LOOKUP,
    /** The guard refuses all addresses of the host. */
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
