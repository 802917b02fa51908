package jamestls.install;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An RSA key that signs report mails (DKIM, RFC 6376).
 *
 * @param pem the private key, PKCS#8 or PKCS#1
 */
record DkimKey(String pem) {

    /** RFC 8301 §3.2: signers use at least 2048 bits. */
    private static final int BITS = 2048;
    private static final int LINE = 64;
    /** A character-string of a TXT record has at most 255 octets (RFC 1035 §3.3). */
    private static final int MAX_STRING = 250;
    private static final Pattern PEM = Pattern.compile("-----BEGIN (RSA )?PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END");
    /** Version and AlgorithmIdentifier of RSA, which precede a PKCS#1 key in PKCS#8 (RFC 5208 §5). */
    private static final byte[] RSA = HexFormat.of().parseHex("020100300d06092a864886f70d0101010500");

    static DkimKey generate() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(BITS);
            byte[] encoded = generator.generateKeyPair().getPrivate().getEncoded();
            return new DkimKey("-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(encoded) + "\n-----END PRIVATE KEY-----\n");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java has no RSA", e);
        }
    }

    /** @throws IOException when the file can't be read */
    static DkimKey read(Path file) throws IOException {
        return new DkimKey(Files.readString(file, StandardCharsets.ISO_8859_1));
    }

    /** The value of {@code p=} in DNS; empty if this is no RSA key, or one with a passphrase. */
    Optional<String> publicKey() {
        Matcher matcher = PEM.matcher(pem);
        if (!matcher.find()) {
            return Optional.empty();
        }
        try {
            byte[] encoded = Base64.getMimeDecoder().decode(matcher.group(2));
            byte[] pkcs8 = matcher.group(1) == null ? encoded : sequence(concatenated(RSA, tagged(0x04, encoded)));
            KeyFactory factory = KeyFactory.getInstance("RSA");
            if (factory.generatePrivate(new PKCS8EncodedKeySpec(pkcs8)) instanceof RSAPrivateCrtKey key) {
                return Optional.of(Base64.getEncoder().encodeToString(
                    factory.generatePublic(new RSAPublicKeySpec(key.getModulus(), key.getPublicExponent())).getEncoded()));
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            // not a usable key
        }
        return Optional.empty();
    }

    /** The line for a zone file; empty if this is no usable key. It has no {@code s=}: many verifiers refuse any but {@code email}. */
    Optional<String> record(String selector, String domain) {
        return publicKey().map(key -> {
            StringBuilder line = new StringBuilder(selector + "._domainkey." + domain
                + ". IN TXT ( \"v=DKIM1; k=rsa; p=\"");
            for (int start = 0; start < key.length(); start += MAX_STRING) {
                line.append(" \"").append(key, start, Math.min(key.length(), start + MAX_STRING)).append('"');
            }
            return line.append(" )").toString();
        });
    }

    /** The value of the record for a key that signs mails and reports: {@code s=} names both (RFC 6376 §3.6.1, RFC 8460 §3). */
    Optional<String> valueForReports() {
        return publicKey().map(key -> "v=DKIM1; k=rsa; s=email:tlsrpt; p=" + key);
    }

    private static byte[] sequence(byte[] content) {
        return tagged(0x30, content);
    }

    /** DER: tag, length in two octets, content. */
    private static byte[] tagged(int tag, byte[] content) {
        return concatenated(new byte[] {(byte) tag, (byte) 0x82, (byte) (content.length >> 8), (byte) content.length}, content);
    }

    private static byte[] concatenated(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
