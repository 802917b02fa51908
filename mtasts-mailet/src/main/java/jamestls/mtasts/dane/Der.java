package jamestls.mtasts.dane;

import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Arrays;

/** Walks over the DER elements (X.690) of a certificate or key. Throws IndexOutOfBoundsException at malformed lengths. */
final class Der {

    private static final int MAX_LENGTH_BYTES = 3;
    private static final int SEQUENCE = 0x30;
    private static final int OBJECT_IDENTIFIER = 0x06;
    private static final int BIT_STRING = 0x03;
    private static final int EXPLICIT_VERSION = 0xa0;
    private static final int FIELDS_BEFORE_KEY = 5;

    private final byte[] bytes;
    private int at;

    Der(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Moves into the present element, past its tag and length. */
    Der enter() {
        at++;
        length();
        return this;
    }

    /** Moves past the present element. */
    Der skip() {
        at++;
        int length = length();
        at = Math.addExact(at, length);
        return this;
    }

    boolean isAt(int tag) {
        return (bytes[at] & 0xff) == tag;
    }

    /** The present element, with tag and length. */
    byte[] element() {
        int start = at;
        skip();
        if (at > bytes.length) {
            throw new IndexOutOfBoundsException(at);
        }
        return Arrays.copyOfRange(bytes, start, at);
    }

    private int length() {
        int first = bytes[at++] & 0xff;
        if (first < 0x80) {
            return first;
        }
        int count = first & 0x7f;
        if (count > MAX_LENGTH_BYTES) {
            throw new IndexOutOfBoundsException(count);
        }
        int length = 0;
        for (int i = 0; i < count; i++) {
            length = length << 8 | bytes[at++] & 0xff;
        }
        return length;
    }

    /**
     * The SubjectPublicKeyInfo exactly as in the certificate. The JDK returns the key re-encoded by its provider, which may differ.
     */
    static byte[] publicKeyInfo(X509Certificate certificate) throws CertificateEncodingException {
        try {
            Der tbs = new Der(certificate.getTBSCertificate()).enter();
            if (tbs.isAt(EXPLICIT_VERSION)) {
                tbs.skip();
            }
            // RFC 5280 §4.1: serial number, signature, issuer, validity, subject, and then the key
            for (int field = 0; field < FIELDS_BEFORE_KEY; field++) {
                tbs.skip();
            }
            return tbs.element();
        } catch (IndexOutOfBoundsException | ArithmeticException malformed) {
            throw new CertificateEncodingException("not a certificate", malformed);
        }
    }

    /** Whether this is a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), of whatever algorithm: an algorithm with its OID, a bit string. */
    static boolean isPublicKeyInfo(byte[] bytes) {
        try {
            Der whole = new Der(bytes);
            if (!whole.isAt(SEQUENCE) || whole.skip().at != bytes.length) {
                return false;
            }
            Der inside = new Der(bytes).enter();
            boolean named = inside.isAt(SEQUENCE) && new Der(inside.element()).enter().isAt(OBJECT_IDENTIFIER);
            return named && inside.isAt(BIT_STRING) && inside.skip().at == bytes.length;
        } catch (IndexOutOfBoundsException | ArithmeticException malformed) {
            return false;
        }
    }
}
