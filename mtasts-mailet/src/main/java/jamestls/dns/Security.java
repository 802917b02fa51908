package jamestls.dns;

/** What DNSSEC says of an answer that is no error (RFC 7672 §2.1.1). */
public enum Security {
    /** Validated from a trust anchor down to the records, every CNAME on the way included. */
    SECURE,
    /** Not signed, signed below an unsigned delegation, or not validated at all. */
    INSECURE;

    /** Of two answers that are used together. */
    Security weaker(Security other) {
        return this == SECURE ? other : this;
    }
}
