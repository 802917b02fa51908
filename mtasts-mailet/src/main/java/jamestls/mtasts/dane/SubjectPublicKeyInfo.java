package jamestls.mtasts.dane;

import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;

/**
 * The subject's public key, byte for byte as the certificate has it. What the JDK gives is encoded anew by whichever
 * provider read the key, and need not be the same bytes.
 */
final class SubjectPublicKeyInfo {

    private static final int EXPLICIT_VERSION = 0xa0;
    private static final int FIELDS_BETWEEN = 5;

    private SubjectPublicKeyInfo() {
    }

    static byte[] of(X509Certificate certificate) throws CertificateEncodingException {
        try {
            Der tbs = new Der(certificate.getTBSCertificate()).enter();
            if (tbs.isAt(EXPLICIT_VERSION)) {
                tbs.skip();
            }
            // RFC 5280 §4.1: serial number, signature, issuer, validity, subject, and then the key
            for (int field = 0; field < FIELDS_BETWEEN; field++) {
                tbs.skip();
            }
            return tbs.element();
        } catch (IndexOutOfBoundsException | ArithmeticException malformed) {
            throw new CertificateEncodingException("not a certificate", malformed);
        }
    }
}
