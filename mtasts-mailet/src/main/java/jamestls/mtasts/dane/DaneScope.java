package jamestls.mtasts.dane;

/** Where DANE is used. */
public enum DaneScope {
    /** Nowhere: no TLSA record is looked up. */
    OFF,
    /** Where DNSSEC proves the way from the recipient domain to the host. */
    SECURE_MX,
    /**
     * Also at hosts with secure addresses that an insecure MX record names (RFC 7672 §2.2.1): whoever forges the MX record
     * can lead the mail elsewhere, but nobody between us and the host can read it.
     */
    ANY_MX
}
