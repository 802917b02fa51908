package jamestls.mtasts.policy;

/** What the operator demands of a destination in terms of DANE. */
public enum DaneRequirement {
    /** Nothing: DANE is used where the recipient publishes it. */
    WHERE_PUBLISHED,
    /** Rather hold the mail than send it to a host without usable, secure TLSA records (RFC 7672 §6). */
    MANDATORY
}
