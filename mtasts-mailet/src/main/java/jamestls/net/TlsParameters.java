package jamestls.net;

import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Pattern;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

/**
 * The TLS versions and cipher suites offered to MX hosts, gateways, policy hosts and report hosts alike
 * (RFC 8461 §7.2, RFC 7672 §8.2, RFC 8689 §4.2.1; all refer to BCP 195, today RFC 9325): TLS 1.3 and 1.2, and the suites
 * that the JVM enables, in its order, without anonymous and weak ones.
 */
public final class TlsParameters {

    private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};
    /** RFC 9325 §4.1. The JDK disables most of these itself; a changed java.security must not bring them back. */
    private static final Pattern REFUSED = Pattern.compile(".*(_anon_|_NULL_|_EXPORT_|_RC4_|_DES_|_DES40_|_3DES_|_RC2_|_IDEA_|_MD5$).*");
    private static final Pattern BROKEN_DIGEST = Pattern.compile("(SHA-?1|MD5|MD2)(WITH|AND).*");

    private TlsParameters() {
    }

    /** The socket's own parameters with these versions and suites. */
    public static SSLParameters of(SSLSocket socket) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setProtocols(PROTOCOLS.clone());
        parameters.setCipherSuites(offered(parameters.getCipherSuites()));
        return parameters;
    }

    static String[] offered(String[] enabled) {
        return Arrays.stream(enabled).filter(suite -> !REFUSED.matcher(suite).matches()).toArray(String[]::new);
    }

    /** Whether a certificate is signed with a broken digest: SHA-1 or older. */
    public static boolean isSignedWithBrokenDigest(X509Certificate certificate) {
        return BROKEN_DIGEST.matcher(certificate.getSigAlgName().toUpperCase(Locale.ROOT)).matches();
    }
}
