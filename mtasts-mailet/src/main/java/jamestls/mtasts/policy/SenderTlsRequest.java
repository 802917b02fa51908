package jamestls.mtasts.policy;

/** What the sender of a mail asks of TLS (RFC 8689). */
public enum SenderTlsRequest {
    /** Nothing: the recipient domain's policy decides. */
    AS_POLICY_SAYS,
    /** REQUIRETLS: rather bounce than travel unprotected (RFC 8689 §4.2.1). */
    REQUIRED,
    /** {@code TLS-Required: No}: rather unprotected than not at all (RFC 8689 §4.2.2). */
    WAIVED
}
