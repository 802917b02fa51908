package jamestls.dns;

/** The DNSSEC state of an answer without error (RFC 7672 §2.1.1). */
public enum Security {
    /** Validated from a trust anchor down to the records, every CNAME included. */
    SECURE,
    /** Not signed, signed below an unsigned delegation, or not validated at all. */
    INSECURE;

    /** The state of two answers that are used together. */
    Security weaker(Security other) {
        return this == SECURE ? other : this;
    }
}
