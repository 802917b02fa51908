package jamestls.fakeinternet;

/**
 * How a zone is signed: {@code Signing.with(Algorithm.ECDSA).nsec3()}.
 *
 * @param algorithm of its one key
 * @param denial how it proves that something is not there
 * @param iterations of the NSEC3 hash
 */
public record Signing(Algorithm algorithm, Denial denial, int iterations) {

    /** DNSSEC algorithm (RFC 8624 §3.1). */
    public enum Algorithm {
        RSA(8, "RSA", 2048),
        ECDSA(13, "EC", 256),
        ED25519(15, "Ed25519", 255);

        final int number;
        final String keys;
        final int keySize;

        Algorithm(int number, String keys, int keySize) {
            this.number = number;
            this.keys = keys;
            this.keySize = keySize;
        }
    }

    /** Proof of absence. */
    public enum Denial {
        NSEC, NSEC3,
        /** Unsigned delegations have no record of their own (RFC 5155 §6). */
        NSEC3_OPT_OUT
    }

    /** With NSEC. */
    public static Signing with(Algorithm algorithm) {
        return new Signing(algorithm, Denial.NSEC, 0);
    }

    public Signing nsec3() {
        return new Signing(algorithm, Denial.NSEC3, 0);
    }

    public Signing optOut() {
        return new Signing(algorithm, Denial.NSEC3_OPT_OUT, 0);
    }

    /** NSEC3 with that many extra rounds of hashing, which no one should have (RFC 9276). */
    public Signing nsec3(int rounds) {
        return new Signing(algorithm, Denial.NSEC3, rounds);
    }
}
