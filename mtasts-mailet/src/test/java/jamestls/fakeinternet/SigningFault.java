package jamestls.fakeinternet;

/** How the DNSSEC data at one name is wrong. */
public enum SigningFault {
    /** A bit of the signature is flipped. */
    BOGUS_SIGNATURE,
    EXPIRED,
    NOT_YET_VALID,
    /** Signed, but with a key that the zone does not have. */
    WRONG_KEY,
    MISSING_SIGNATURE,
    /** A signature of no bytes at all but one. */
    STUNTED_SIGNATURE,
    /** At the top of a zone: the parent denies, without proof, that the zone is signed. */
    STRIPPED_DS,
    /** At the top of a zone: the parent has the digest of another key. */
    WRONG_DS,
    /** Absence is "proven" with a record about another name. */
    WRONG_NSEC,
    /** Absence is claimed without proof. */
    MISSING_NSEC
}
