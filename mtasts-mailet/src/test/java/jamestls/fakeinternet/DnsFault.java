package jamestls.fakeinternet;

/** A way in which the DNS server goes wrong for one name. */
public enum DnsFault {
    SERVFAIL,
    /** As a validating resolver has it for what is bogus: the answer only if it is told not to check (CD). */
    SERVFAIL_UNLESS_UNCHECKED,
    REFUSED,
    /** Denied although the zone may have it. */
    NXDOMAIN,
    /** The query is swallowed. */
    TIMEOUT,
    /** Over UDP an empty answer with the TC bit; over TCP the whole answer. */
    TRUNCATED,
    /** FORMERR to a query with OPT (RFC 6891 §7). */
    FORMERR_TO_EDNS,
    /** A query with OPT is swallowed. */
    SILENT_TO_EDNS,
    /** A reply with the right id that no parser accepts. */
    GARBAGE,
    /** The answer stops after the first CNAME, as if the recursor had not followed it. */
    FIRST_CNAME_ONLY
}
