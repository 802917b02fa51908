package jamestls.tlsrpt.dkim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.jupiter.api.Test;

class PrivateKeysTest {

    /** Octets that PKCS#8 has before the key of PKCS#1, for keys of 1024 bits and more. */
    private static final int PKCS8_HEADER = 26;

    @ParameterizedTest
    @ValueSource(ints = {1024, 2048})
    void bothFormsOfOpensslShouldBeRead(int bits) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(bits);
        KeyPair pair = generator.generateKeyPair();
        byte[] pkcs8 = pair.getPrivate().getEncoded();

        assertThat(PrivateKeys.ofPem(pem("PRIVATE KEY", pkcs8))).isEqualTo(pair.getPrivate());
        assertThat(PrivateKeys.ofPem(pem("RSA PRIVATE KEY", Arrays.copyOfRange(pkcs8, PKCS8_HEADER, pkcs8.length))))
            .isEqualTo(pair.getPrivate());
    }

    @Test
    void whatIsNoKeyShouldBeNamed() {
        assertThatThrownBy(() -> PrivateKeys.ofPem("-----BEGIN ENCRYPTED PRIVATE KEY-----")).hasMessageContaining("password");
        assertThatThrownBy(() -> PrivateKeys.ofPem("hello")).hasMessageContaining("no RSA key in PEM");
        assertThatThrownBy(() -> PrivateKeys.ofPem(pem("PRIVATE KEY", new byte[5]))).hasMessageContaining("can't be read");
        assertThatThrownBy(() -> PrivateKeys.ofPem(pem("RSA PRIVATE KEY", new byte[500]))).hasMessageContaining("can't be read");
    }

    private static String pem(String kind, byte[] der) {
        return "-----BEGIN " + kind + "-----\n" + Base64.getMimeEncoder().encodeToString(der) + "\n-----END " + kind + "-----\n";
    }
}
