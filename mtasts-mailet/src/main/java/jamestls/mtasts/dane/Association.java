package jamestls.mtasts.dane;

import jamestls.dns.TlsaRecord;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Arrays;

/** Whether a certificate is the one a TLSA record means (RFC 6698 §2.1). */
final class Association {

    private Association() {
    }

    static boolean matches(TlsaRecord record, X509Certificate certificate) {
        try {
            byte[] selected = switch (record.selector()) {
                case UsableRecords.CERTIFICATE -> certificate.getEncoded();
                case UsableRecords.PUBLIC_KEY -> Der.publicKeyInfo(certificate);
                default -> throw new IllegalArgumentException("selector " + record.selector());
            };
            byte[] value = switch (record.matchingType()) {
                case UsableRecords.FULL -> selected;
                case UsableRecords.SHA_256 -> digest("SHA-256", selected);
                case UsableRecords.SHA_512 -> digest("SHA-512", selected);
                default -> throw new IllegalArgumentException("matching type " + record.matchingType());
            };
            return Arrays.equals(value, record.data());
        } catch (CertificateEncodingException unreadable) {
            return false;
        }
    }

    private static byte[] digest(String algorithm, byte[] of) {
        try {
            return MessageDigest.getInstance(algorithm).digest(of);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JVM has no " + algorithm, e);
        }
    }
}
