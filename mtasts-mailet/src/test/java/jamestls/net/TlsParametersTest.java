package jamestls.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.Test;

class TlsParametersTest {

    @Test
    void offerShouldBeTls13And12WithSuitesThatAuthenticateAndEncrypt() throws IOException {
        try (SSLSocket socket = (SSLSocket) SSLSocketFactory.getDefault().createSocket()) {
            SSLParameters parameters = TlsParameters.of(socket);

            assertThat(parameters.getProtocols()).containsExactly("TLSv1.3", "TLSv1.2");
            assertThat(parameters.getCipherSuites())
                .contains("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")
                .noneMatch(suite -> suite.contains("anon") || suite.contains("NULL") || suite.contains("RC4") || suite.contains("3DES")
                    || suite.contains("EXPORT"));
        }
    }

    @Test
    void suitesThatAChangedJvmEnablesShouldNotBeOffered() {
        assertThat(TlsParameters.offered(new String[] {"TLS_AES_128_GCM_SHA256", "TLS_DH_anon_WITH_AES_128_GCM_SHA256",
            "TLS_RSA_WITH_NULL_SHA256", "SSL_RSA_WITH_RC4_128_SHA", "SSL_RSA_WITH_RC4_128_MD5", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
            "SSL_RSA_EXPORT_WITH_DES40_CBC_SHA", "SSL_DHE_RSA_WITH_DES_CBC_SHA"})).containsExactly("TLS_AES_128_GCM_SHA256");
    }
}
