package jamestls.tlsrpt.dkim;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.util.Base64;
import org.apache.james.jdkim.DKIMSigner;

/** Signs with Apache jDKIM, like James's DKIMSign. */
public final class JdkimSignatures {

    private JdkimSignatures() {
    }

    public static KeyPair rsaKey(int bits) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(bits);
            return generator.generateKeyPair();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has RSA", e);
        }
    }

    /** The mail with a signature added at its beginning. */
    public static byte[] sign(String template, PrivateKey key, byte[] mail) {
        try {
            String field = new DKIMSigner(template, key).sign(new ByteArrayInputStream(mail));
            return (field + "\r\n" + new String(mail, StandardCharsets.ISO_8859_1)).getBytes(StandardCharsets.ISO_8859_1);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** The TXT record of a key. */
    public static String record(String tags, KeyPair pair) {
        return tags + Base64.getEncoder().encodeToString(pair.getPublic().getEncoded());
    }
}
