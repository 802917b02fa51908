package jamestls.tlsrpt.dkim;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/** A key as a TXT record has it (RFC 6376 §3.6.1; Ed25519: RFC 8463). */
record PublicKeyRecord(TagList tags) {

    /** What an Ed25519 key lacks in the record and has in X.509. */
    private static final byte[] ED25519_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

    static PublicKeyRecord of(String text) {
        return new PublicKeyRecord(TagList.of(text));
    }

    boolean isRevoked() {
        return tags.packed("p").orElse("").isEmpty();
    }

    /** RFC 8460 §3: who signs reports declares the service {@code tlsrpt}; receivers may ignore reports under other keys. */
    boolean servesReports() {
        List<String> services = tags.list("s");
        return services.isEmpty() || services.contains("tlsrpt") || services.contains("*");
    }

    /**
     * Whether a signature is by this key.
     *
     * @param algorithm as in {@code a=}
     * @throws GeneralSecurityException or IllegalArgumentException when the record is no key for it
     */
    boolean verifies(String algorithm, byte[] octets, byte[] signature) throws GeneralSecurityException {
        byte[] key = Base64.getDecoder().decode(tags.packed("p").orElse(""));
        boolean edwards = algorithm.equals("ed25519-sha256");
        Signature verifier = Signature.getInstance(edwards ? "Ed25519" : "SHA256withRSA");
        PublicKey publicKey = KeyFactory.getInstance(edwards ? "Ed25519" : "RSA")
            .generatePublic(new X509EncodedKeySpec(edwards ? concatenated(ED25519_PREFIX, key) : key));
        verifier.initVerify(publicKey);
        // RFC 8463 §3: Ed25519 signs the hash and not the octets
        verifier.update(edwards ? MessageDigest.getInstance("SHA-256").digest(octets) : octets);
        return verifier.verify(signature);
    }

    private static byte[] concatenated(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
