package jamestls.https;

import jamestls.config.Parameters;
import jamestls.dns.AddressGuard;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.util.Collections;
import java.util.Optional;

/**
 * The settings that all exchanges of one client share.
 *
 * @param trustStore the certificate authorities to trust; empty for the JVM's own
 * @param guard which addresses may be connected to, or asked for at the proxy
 * @param proxy empty to connect directly
 */
public record HttpsSettings(Optional<KeyStore> trustStore, AddressGuard guard, Optional<Proxy> proxy) {

    private static final int LAST_PORT = 65_535;

    /** Without a proxy. */
    public HttpsSettings(Optional<KeyStore> trustStore, AddressGuard guard) {
        this(trustStore, guard, Optional.empty());
    }

    /**
     * Reads {@code trustStore}, {@code trustStorePassword}, {@code allowPrivateAddresses}, {@code policyProxy} and
     * {@code policyProxyConnect}.
     */
    public static HttpsSettings of(Parameters parameters) {
        String password = parameters.text("trustStorePassword").orElse("");
        Optional<KeyStore> trustStore = parameters.file("trustStore", "a PKCS#12 or JKS key store that trustStorePassword opens, such as "
            + "'file://conf/authorities.p12'", file -> withCertificates(KeyStore.getInstance(file.toFile(), password.toCharArray())));
        Proxy.Target target = parameters.oneOf("policyProxyConnect", Proxy.Target.ADDRESS, Proxy.Target.ADDRESS, Proxy.Target.NAME);
        Optional<Proxy> proxy = parameters.read("policyProxy", "host:port, such as proxy.example.org:3128", Proxy::parse);
        if (parameters.has("policyProxyConnect") && !parameters.has("policyProxy")) {
            parameters.invalid("policyProxyConnect", "nothing, because there is no 'policyProxy'");
        }
        return new HttpsSettings(trustStore,
            parameters.flag("allowPrivateAddresses", false) ? AddressGuard.anywhere() : AddressGuard.publicOnly(),
            proxy.map(named -> named.asking(target)));
    }

    /** Whether a proxy looks up the hosts that strangers name, so that the guard has not seen where a connection ends. */
    public boolean isResolvedByProxy() {
        return proxy.filter(named -> named.target() == Proxy.Target.NAME).isPresent();
    }

    private static KeyStore withCertificates(KeyStore store) throws KeyStoreException {
        for (String alias : Collections.list(store.aliases())) {
            if (store.isCertificateEntry(alias)) {
                return store;
            }
        }
        throw new IllegalArgumentException("it holds no certificate to trust");
    }

    /** The JVM's authorities and public addresses only. */
    public static HttpsSettings defaults() {
        return new HttpsSettings(Optional.empty(), AddressGuard.publicOnly());
    }

    /**
     * An HTTP proxy that is asked for a tunnel (CONNECT, RFC 9110 §9.3.6).
     *
     * @param host a name or an IP address; it may be private, because the operator names it
     * @param target what it is asked for
     */
    public record Proxy(String host, int port, Target target) {

        /** What a tunnel is asked for. */
        public enum Target {
            /** The address that was looked up and vetted here. */
            ADDRESS,
            /** The host's name, for proxies that refuse addresses: they look it up again, and it may be another address then. */
            NAME
        }

        /** One that is asked for addresses. */
        public Proxy(String host, int port) {
            this(host, port, Target.ADDRESS);
        }

        /** The same, asked for something else. */
        public Proxy asking(Target other) {
            return new Proxy(host, port, other);
        }

        /**
         * Reads {@code host:port}, an IPv6 address in brackets.
         *
         * @throws IllegalArgumentException when it is not that
         */
        public static Proxy parse(String text) {
            int colon = text.lastIndexOf(':');
            String host = colon < 0 ? "" : text.substring(0, colon);
            String bare = host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
            String port = text.substring(colon + 1);
            if (bare.isEmpty() || bare.equals(host) && host.contains(":") || !port.matches("[0-9]{1,5}")
                    || Integer.parseInt(port) < 1 || Integer.parseInt(port) > LAST_PORT) {
                throw new IllegalArgumentException("'" + text + "' is not host:port, such as proxy.example.org:3128");
            }
            return new Proxy(bare, Integer.parseInt(port));
        }

        @Override
        public String toString() {
            return host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
        }
    }
}
