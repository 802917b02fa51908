package jamestls.https;

/** What to do about a certificate that does not chain to a trusted authority, is expired, or is not for the host. */
public enum CertificateErrors {
    /** Do not connect. Required for policies (RFC 8461 §3.3). */
    REFUSE,
    /**
     * Log the error and go on. For TLS reports only, which often report that very error (RFC 8460 §3); others may read and forge
     * what is said over such a connection.
     */
    LOG
}
