package jamestls.james;

import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** A DKIM key as {@code openssl genrsa -out dkim-private.pem 2048} makes it: RSA, PKCS#8 in PEM. */
public record DkimKey(KeyPair pair) {

    public static DkimKey generate() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
            generator.initialize(2048);
            return new DkimKey(generator.generateKeyPair());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For {@code conf/dkim-private.pem}. */
    public String privatePem() {
        return "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(pair.getPrivate().getEncoded())
            + "\n-----END PRIVATE KEY-----\n";
    }

    /** For the TXT record at SELECTOR._domainkey.DOMAIN (RFC 6376 §3.6.1), for every service, TLS reports included. */
    public String publicRecord() {
        return "v=DKIM1; k=rsa; p=" + Base64.getEncoder().encodeToString(pair.getPublic().getEncoded());
    }
}
