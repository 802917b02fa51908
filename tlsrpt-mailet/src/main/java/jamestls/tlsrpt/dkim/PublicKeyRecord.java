package jamestls.tlsrpt.dkim;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.RSAKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/** The TXT record of a public DKIM key (RFC 6376 §3.6.1; Ed25519: RFC 8463). */
record PublicKeyRecord(TagList tags) {

    /** X.509 header of an Ed25519 key; the record has the bare key. */
    private static final byte[] ED25519_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

    private static final int MIN_RSA_BITS = 1_024;

    static PublicKeyRecord of(String text) {
        return new PublicKeyRecord(TagList.of(text));
    }

    boolean isRevoked() {
        return tags.packed("p").orElse("").isEmpty();
    }

    /** Whether the record follows the grammar of a key for that algorithm: v=, k= and h=, where they are given (RFC 6376 §3.6.1). */
    boolean isFor(String algorithm) {
        List<String> hashes = tags.list("h");
        return tags.packed("v").orElse("DKIM1").equals("DKIM1")
            && algorithm.startsWith(tags.packed("k").orElse("rsa") + "-")
            && (hashes.isEmpty() || hashes.contains("sha256"));
    }

    /** Mail verifiers ignore a key whose service types list neither {@code email} nor {@code *} (RFC 6376 §3.6.1). */
    boolean servesMail() {
        return serves("email");
    }

    /** Receivers of reports may ignore a key whose service types list neither {@code tlsrpt} nor {@code *} (RFC 8460 §3). */
    boolean servesReports() {
        return serves("tlsrpt");
    }

    private boolean serves(String type) {
        List<String> services = tags.list("s");
        return services.isEmpty() || services.contains(type) || services.contains("*");
    }

    /** Whether it is an RSA key of fewer than 1,024 bits, which verifiers refuse (RFC 8301 §3.2). */
    boolean isTooShort() throws GeneralSecurityException {
        return tags.packed("k").orElse("rsa").equals("rsa") && publicKey(false) instanceof RSAKey rsa
            && rsa.getModulus().bitLength() < MIN_RSA_BITS;
    }

    /**
     * Whether a signature is by this key.
     *
     * @param algorithm as in {@code a=}
     * @throws GeneralSecurityException or IllegalArgumentException when the record is no key for it
     */
    boolean verifies(String algorithm, byte[] octets, byte[] signature) throws GeneralSecurityException {
        boolean edwards = algorithm.equals("ed25519-sha256");
        Signature verifier = Signature.getInstance(edwards ? "Ed25519" : "SHA256withRSA");
        verifier.initVerify(publicKey(edwards));
        // RFC 8463 §3: Ed25519 signs the hash and not the octets
        verifier.update(edwards ? MessageDigest.getInstance("SHA-256").digest(octets) : octets);
        return verifier.verify(signature);
    }

    private PublicKey publicKey(boolean edwards) throws GeneralSecurityException {
        byte[] key = Base64.getDecoder().decode(tags.packed("p").orElse(""));
        return KeyFactory.getInstance(edwards ? "Ed25519" : "RSA")
            .generatePublic(new X509EncodedKeySpec(edwards ? concatenated(ED25519_PREFIX, key) : key));
    }

    private static byte[] concatenated(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
