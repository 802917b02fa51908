package jamestls.https;

/** What a client makes of a server's certificate that does not chain to a trusted root, is expired, or is not for the host. */
public enum CertificateErrors {
    /** There is no connection. The only choice where what the server says matters: policies (RFC 8461 §3.3). */
    REFUSE,
    /**
     * The connection goes on, and the error is logged. Only for TLS reports, which would often tell of that very error
     * (RFC 8460 §3); everything said over such a connection may be read and forged by others.
     */
    LOG
}
