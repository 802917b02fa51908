package jamestls.tlsrpt.dkim;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** RSA keys as OpenSSL writes them. */
public final class PrivateKeys {

    private static final Pattern PEM =
        Pattern.compile("-----BEGIN (RSA )?PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END (RSA )?PRIVATE KEY-----");
    /** Version 0, and the algorithm rsaEncryption: what PKCS#8 has before the key (RFC 5208 §5). */
    private static final byte[] RSA = HexFormat.of().parseHex("020100300d06092a864886f70d0101010500");
    private static final int SEQUENCE = 0x30;
    private static final int OCTETS = 0x04;

    private PrivateKeys() {
    }

    /**
     * Reads PEM, PKCS#8 or PKCS#1.
     *
     * @throws IllegalArgumentException when it is neither, or needs a password
     */
    public static PrivateKey ofPem(String text) {
        if (text.contains("ENCRYPTED")) {
            throw new IllegalArgumentException("the DKIM key needs a password, which is not possible here");
        }
        Matcher pem = PEM.matcher(text);
        if (!pem.find()) {
            throw new IllegalArgumentException("the DKIM key is no RSA key in PEM");
        }
        byte[] der = Base64.getMimeDecoder().decode(pem.group(2));
        try {
            byte[] pkcs8 = pem.group(1) == null ? der : element(SEQUENCE, RSA, element(OCTETS, new byte[0], der));
            return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("the DKIM key can't be read: " + e.getMessage(), e);
        }
    }

    /** An element of DER with two parts. */
    private static byte[] element(int tag, byte[] first, byte[] second) {
        int length = first.length + second.length;
        ByteArrayOutputStream element = new ByteArrayOutputStream();
        element.write(tag);
        if (length < 0x80) {
            element.write(length);
        } else {
            int octets = length > 0xffff ? 3 : length > 0xff ? 2 : 1;
            element.write(0x80 | octets);
            for (int i = octets - 1; i >= 0; i--) {
                element.write(length >> 8 * i);
            }
        }
        element.writeBytes(first);
        element.writeBytes(second);
        return element.toByteArray();
    }
}
