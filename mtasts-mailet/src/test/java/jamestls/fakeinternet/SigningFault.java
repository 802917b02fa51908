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
    /** A signature of one byte. */
    STUNTED_SIGNATURE,
    /** Many signatures, all wrong, to keep the validator busy (KeyTrap, CVE-2023-50387). */
    MANY_SIGNATURES,
    /** The answer to another question: that about {@code decoy} in the same zone, signatures and all. */
    FOREIGN_ANSWER,
    /** At the top of a zone: the parent denies, without proof, that the zone is signed. */
    STRIPPED_DS,
    /** At the top of a zone: the parent has the digest of another key. */
    WRONG_DS,
    /** Absence is "proven" with a record about another name. */
    WRONG_NSEC,
    /** Absence is claimed without proof. */
    MISSING_NSEC
}
