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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The TXT record of a public DKIM key (RFC 6376 §3.6.1; Ed25519: RFC 8463). */
record PublicKeyRecord(TagList tags) {

    /** X.509 header of an Ed25519 key; the record has the raw key only (RFC 8463 §4). */
    private static final byte[] ED25519_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

    private static final int MIN_RSA_BITS = 1_024;

    static PublicKeyRecord of(String text) {
        return new PublicKeyRecord(TagList.of(text));
    }

    boolean isRevoked() {
        return tags.compact("p").orElse("").isEmpty();
    }

    /** Whether v=, k= and h=, as far as they are present, allow that algorithm (RFC 6376 §3.6.1). */
    boolean isFor(String algorithm) {
        List<String> hashes = tags.list("h");
        return tags.compact("v").orElse("DKIM1").equals("DKIM1")
            && algorithm.startsWith(tags.compact("k").orElse("rsa") + "-")
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
        return tags.compact("k").orElse("rsa").equals("rsa") && publicKey(false) instanceof RSAKey rsa
            && rsa.getModulus().bitLength() < MIN_RSA_BITS;
    }

    /**
     * Whether a signature was made with this key.
     *
     * @param algorithm value of {@code a=}
     * @throws GeneralSecurityException or IllegalArgumentException if the record has no key for the algorithm
     */
    boolean verifies(String algorithm, byte[] octets, byte[] signature) throws GeneralSecurityException {
        boolean edwards = algorithm.equals("ed25519-sha256");
        Signature verifier = Signature.getInstance(edwards ? "Ed25519" : "SHA256withRSA");
        verifier.initVerify(publicKey(edwards));
        // RFC 8463 §3: Ed25519 signs the hash
        verifier.update(edwards ? MessageDigest.getInstance("SHA-256").digest(octets) : octets);
        return verifier.verify(signature);
    }

    private PublicKey publicKey(boolean edwards) throws GeneralSecurityException {
        byte[] key = Base64.getDecoder().decode(tags.compact("p").orElse(""));
        return KeyFactory.getInstance(edwards ? "Ed25519" : "RSA")
            .generatePublic(new X509EncodedKeySpec(edwards ? concatenated(ED25519_PREFIX, key) : key));
    }

    private static byte[] concatenated(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /** A list {@code tag=value; tag=value}, the syntax of signatures and keys (RFC 6376 §3.2). */
    public record TagList(Map<String, String> values) {

        /** Parses a list. The first of duplicate tags counts; other text is ignored. */
        public static TagList of(String text) {
            Map<String, String> values = new LinkedHashMap<>();
            for (String tag : text.split(";")) {
                int equals = tag.indexOf('=');
                if (equals > 0) {
                    values.putIfAbsent(tag.substring(0, equals).strip(), tag.substring(equals + 1).strip());
                }
            }
            return new TagList(values);
        }

        public Optional<String> get(String tag) {
            return Optional.ofNullable(values.get(tag));
        }

        /** A value without its white space, for values such as base64. */
        Optional<String> compact(String tag) {
            return get(tag).map(value -> value.replaceAll("\\s+", ""));
        }

        /** A value as a list separated by colons, in lower case. */
        public List<String> list(String tag) {
            return Stream.of(compact(tag).orElse("").toLowerCase(Locale.ROOT).split(":")).filter(each -> !each.isEmpty()).toList();
        }
    }
}
