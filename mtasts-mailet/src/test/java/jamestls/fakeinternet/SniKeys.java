package jamestls.fakeinternet;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.X509ExtendedKeyManager;

/** Picks the identity of the host that the client names in SNI; a host without one gets no handshake. */
final class SniKeys extends X509ExtendedKeyManager {

    private final Map<String, Identity> identities = new ConcurrentHashMap<>();

    void put(String host, Identity identity) {
        identities.put(host, identity);
    }

    void remove(String host) {
        identities.remove(host);
    }

    /** The name in SNI, of a handshake that is going on or over. */
    static Optional<String> name(SSLSession session) {
        return ((ExtendedSSLSession) session).getRequestedServerNames().stream()
            .filter(SNIHostName.class::isInstance)
            .map(name -> ((SNIHostName) name).getAsciiName())
            .findFirst();
    }

    @Override
    public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
        return name(((SSLSocket) socket).getHandshakeSession())
            .filter(host -> identities.containsKey(host) && identities.get(host).key().getAlgorithm().equals(keyType))
            .orElse(null);
    }

    @Override
    public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
        return null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return identities.get(alias).chain().toArray(X509Certificate[]::new);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return identities.get(alias).key();
    }

    @Override
    public String[] getClientAliases(String keyType, Principal[] issuers) {
        return new String[0];
    }

    @Override
    public String chooseClientAlias(String[] keyType, Principal[] issuers, Socket socket) {
        return null;
    }

    @Override
    public String[] getServerAliases(String keyType, Principal[] issuers) {
        return identities.keySet().toArray(String[]::new);
    }
}
