package jamestls.mtasts.policy;

/** What the sender asks of TLS (RFC 8689). */
public enum SenderTlsRequest {
    /** Nothing: the recipient domain's policy decides. */
    AS_POLICY_SAYS,
    /** REQUIRETLS: bounce the mail rather than send it without verified TLS (RFC 8689 §4.2.1). */
    REQUIRED,
    /** {@code TLS-Required: No}: send the mail without TLS rather than not at all (RFC 8689 §4.2.2). */
    WAIVED
}
