package jamestls.mtasts.publish;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads certificates and keys in PEM (RFC 7468). Throws IllegalArgumentException, with what to give instead, for what it can't read. */
public final class PemFile {

    private static final Pattern BLOCK = Pattern.compile("-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\\s]+)-----END \\1-----");
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "Ed25519", "Ed448");
    private static final int MAX_CERTIFICATES = 20;

    private record Block(String label, byte[] der) {
    }

    private PemFile() {
    }

    /** The first key of the file: of a certificate, a public key, or an RSA private key. */
    public static PublicKey publicKey(String pem) {
        for (Block block : blocks(pem)) {
            switch (block.label) {
                case "CERTIFICATE" -> {
                    return certificate(block).getPublicKey();
                }
                case "PUBLIC KEY" -> {
                    return read("public key", factory -> factory.generatePublic(new X509EncodedKeySpec(block.der)));
                }
                case "PRIVATE KEY" -> {
                    return publicHalf(privateKey(block));
                }
                default -> {
                    // parameters of elliptic curves, for example
                }
            }
        }
        throw new IllegalArgumentException("it has neither a certificate nor a public key in PEM; 'openssl pkey -in FILE -pubout' writes "
            + "the public half of a private key");
    }

    /** The certificates of the file, in its order, at least one. */
    static List<X509Certificate> certificates(String pem) {
        List<X509Certificate> certificates = new ArrayList<>();
        blocks(pem).stream().filter(block -> block.label.equals("CERTIFICATE")).limit(MAX_CERTIFICATES)
            .forEach(block -> certificates.add(certificate(block)));
        if (certificates.isEmpty()) {
            throw new IllegalArgumentException("it has no certificate in PEM");
        }
        return certificates;
    }

    /** The first private key of the file. */
    static PrivateKey privateKey(String pem) {
        List<Block> blocks = blocks(pem);
        Optional<Block> key = blocks.stream().filter(block -> block.label.equals("PRIVATE KEY")).findFirst();
        return key.map(PemFile::privateKey).orElseThrow(() -> new IllegalArgumentException("it has no private key in PKCS#8 without a "
            + "passphrase; 'openssl pkcs8 -topk8 -nocrypt -in FILE' writes one"));
    }

    private static PublicKey publicHalf(PrivateKey key) {
        if (key instanceof RSAPrivateCrtKey rsa) {
            return read("key", factory -> factory.getAlgorithm().equals("RSA")
                ? factory.generatePublic(new RSAPublicKeySpec(rsa.getModulus(), rsa.getPublicExponent())) : null);
        }
        throw new IllegalArgumentException("give the public half of this key: 'openssl pkey -in FILE -pubout' writes it");
    }

    private static PrivateKey privateKey(Block block) {
        return read("private key", factory -> factory.generatePrivate(new PKCS8EncodedKeySpec(block.der)));
    }

    private static X509Certificate certificate(Block block) {
        try {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(block.der));
        } catch (CertificateException e) {
            throw new IllegalArgumentException("it has a certificate that can't be read: " + e.getMessage(), e);
        }
    }

    private interface KeyReader<K> {
        K read(KeyFactory factory) throws GeneralSecurityException;
    }

    private static <K> K read(String what, KeyReader<K> reader) {
        for (String algorithm : ALGORITHMS) {
            try {
                return reader.read(KeyFactory.getInstance(algorithm));
            } catch (GeneralSecurityException anotherAlgorithm) {
                // the next one
            }
        }
        throw new IllegalArgumentException("it has a " + what + " that is none of " + String.join(", ", ALGORITHMS));
    }

    private static List<Block> blocks(String pem) {
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = BLOCK.matcher(pem);
        while (matcher.find()) {
            blocks.add(new Block(matcher.group(1), Base64.getMimeDecoder().decode(matcher.group(2))));
        }
        return blocks;
    }
}
