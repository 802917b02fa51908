package jamestls.https;

/** What to do with a certificate that is not trusted, expired, or not for the host. */
public enum CertificateErrors {
    /** Do not connect. Required for policies (RFC 8461 §3.3). */
    REFUSE,
    /**
     * Log the error and go on. For TLS reports only, which often report such errors (RFC 8460 §3). The connection can be intercepted.
     */
    LOG
}
