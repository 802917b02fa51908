package jamestls.mtasts.check;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

/** The data of the TLSA record for a key that RFC 7672 §3.1.1 recommends: DANE-EE, the key, SHA-256. */
public final class Tlsa311 {

    private Tlsa311() {
    }

    /** {@code 3 1 1} and the digest of the certificate's key. */
    public static String of(X509Certificate certificate) {
        return of(certificate.getPublicKey());
    }

    /** {@code 3 1 1} and the digest of the key. */
    public static String of(PublicKey key) {
        try {
            return "3 1 1 " + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(key.getEncoded()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JVM has no SHA-256", e);
        }
    }
}
