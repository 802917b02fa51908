package jamestls.mtasts.publish;

import jamestls.config.Parameters;
import jamestls.dns.DnsId;
import jamestls.dns.DomainName;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * The certificates of the policy host, chosen by the name in SNI. A client without SNI, or with a name that no certificate covers, gets
 * none, and the handshake fails (RFC 8461 §7.1). They may be replaced at any time; a handshake that is going on ends with those it began
 * with. Thread-safe.
 */
public final class HostKeys extends X509ExtendedKeyManager {

    private static final List<String> EDWARDS = List.of("EdDSA", "Ed25519", "Ed448");
    private static final int MAX_FILE = 1024 * 1024;

    private volatile List<HostKey> current;
    private volatile List<HostKey> previous = List.of();

    /** A key with its certificates, its own first. */
    public record HostKey(PrivateKey key, List<X509Certificate> chain) {

        public HostKey {
            chain = List.copyOf(chain);
        }

        private boolean isFor(DomainName host) {
            return DnsId.matches(chain.getFirst(), host);
        }

        private boolean isOfType(String type) {
            return key.getAlgorithm().equals(type) || EDWARDS.contains(key.getAlgorithm()) && EDWARDS.contains(type)
                || key.getAlgorithm().equals("EC") && type.startsWith("EC");
        }

        private String alias() {
            return chain.getFirst().getSerialNumber().toString(16) + "-" + Integer.toHexString(chain.getFirst().hashCode());
        }
    }

    /** Where keys are read from. */
    public sealed interface Source {

        /** Reads them, at least one. The messages of IllegalArgumentException and IOException name the file. */
        List<HostKey> read() throws IOException;

        /** The files, to see changes of them. */
        List<Path> files();

        /** A PKCS#12 or JKS key store, whose keys have its password. */
        record Store(Path file, String password) implements Source {

            @Override
            public List<HostKey> read() throws IOException {
                List<HostKey> keys = new ArrayList<>();
                try {
                    KeyStore store = KeyStore.getInstance(file.toFile(), password.toCharArray());
                    for (String alias : Collections.list(store.aliases())) {
                        if (store.getKey(alias, password.toCharArray()) instanceof PrivateKey key) {
                            keys.add(new HostKey(key, Arrays.stream(store.getCertificateChain(alias)).map(X509Certificate.class::cast)
                                .toList()));
                        }
                    }
                } catch (NoSuchFileException e) {
                    throw e;
                } catch (GeneralSecurityException | IOException e) {
                    throw new IOException(file + ": " + e.getMessage(), e);
                }
                if (keys.isEmpty()) {
                    throw new IOException(file + " holds no private key");
                }
                return keys;
            }

            @Override
            public List<Path> files() {
                return List.of(file);
            }

            /** Without the password. */
            @Override
            public String toString() {
                return file.toString();
            }
        }

        /** Files in PEM: chains, and in the same order their private keys. */
        record Pem(List<Path> certificates, List<Path> privateKeys) implements Source {

            @Override
            public List<HostKey> read() throws IOException {
                List<HostKey> keys = new ArrayList<>();
                for (int i = 0; i < certificates.size(); i++) {
                    List<X509Certificate> chain = pem(certificates.get(i), PemFile::certificates);
                    PrivateKey key = pem(privateKeys.get(i), PemFile::privateKey);
                    if (!belongTogether(key, chain.getFirst())) {
                        throw new IOException("the key in " + privateKeys.get(i) + " is not that of the first certificate in "
                            + certificates.get(i));
                    }
                    keys.add(new HostKey(key, chain));
                }
                return keys;
            }

            @Override
            public List<Path> files() {
                return Stream.concat(certificates.stream(), privateKeys.stream()).toList();
            }
        }

        /** Reads {@code certificates} and {@code privateKeys}, or {@code keystore} and {@code keystorePassword}. */
        static Source of(Parameters parameters, boolean required) {
            List<Path> certificates = paths("certificates", parameters);
            List<Path> privateKeys = paths("privateKeys", parameters);
            Optional<Path> keystore = parameters.read("keystore", "a PKCS#12 or JKS key store, such as 'file://conf/mta-sts.p12'",
                parameters::locate);
            String password = parameters.text("keystorePassword").orElse("");
            if (keystore.isPresent() && parameters.has("certificates")) {
                parameters.invalid("keystore", "nothing beside 'certificates': give one of them");
            } else if (certificates.size() != privateKeys.size()) {
                parameters.invalid("privateKeys", "as many files as in 'certificates', in the same order");
            } else if (required && keystore.isEmpty() && certificates.isEmpty()) {
                parameters.invalid("certificates", "files in PEM with 'privateKeys', or a 'keystore' instead");
            }
            return keystore.<Source>map(file -> new Store(file, password)).orElseGet(() -> new Pem(certificates, privateKeys));
        }

        private static List<Path> paths(String name, Parameters parameters) {
            return parameters.read(name, "", "files, separated by commas, such as 'file:///etc/letsencrypt/live/mta-sts.example.org/"
                + (name.equals("certificates") ? "fullchain.pem'" : "privkey.pem'"), text -> {
                    List<Path> paths = new ArrayList<>();
                    for (String each : text.split(",")) {
                        if (!each.isBlank()) {
                            paths.add(parameters.locate(each.strip()));
                        }
                    }
                    return paths;
                });
        }
    }

    private interface Reader<T> {
        T read(String text);
    }

    private static <T> T pem(Path file, Reader<T> reader) throws IOException {
        if (Files.size(file) > MAX_FILE) {
            throw new IOException(file + " is larger than " + MAX_FILE + " bytes");
        }
        try {
            return reader.read(Files.readString(file, StandardCharsets.ISO_8859_1));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static boolean belongTogether(PrivateKey key, X509Certificate certificate) {
        String algorithm = switch (key.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> key.getAlgorithm();
        };
        try {
            byte[] text = "policy host".getBytes(StandardCharsets.US_ASCII);
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(text);
            byte[] signed = signature.sign();
            signature.initVerify(certificate.getPublicKey());
            signature.update(text);
            return signature.verify(signed);
        } catch (GeneralSecurityException another) {
            return false;
        }
    }

    HostKeys(List<HostKey> keys) {
        this.current = List.copyOf(keys);
    }

    /** From now on handshakes begin with these. */
    void replace(List<HostKey> keys) {
        previous = current;
        current = List.copyOf(keys);
    }

    /** The name of the host that no key is for; empty if there is one for each. */
    static Optional<DomainName> missing(List<HostKey> keys, List<DomainName> hosts) {
        return hosts.stream().filter(host -> keys.stream().noneMatch(key -> key.isFor(host))).findFirst();
    }

    @Override
    public String chooseEngineServerAlias(String keyType, Principal[] issuers, SSLEngine engine) {
        if (!(engine.getHandshakeSession() instanceof ExtendedSSLSession session)) {
            return null;
        }
        for (SNIServerName name : session.getRequestedServerNames()) {
            if (name instanceof SNIHostName host) {
                return DomainName.parse(host.getAsciiName()).flatMap(asked -> current.stream()
                    .filter(key -> key.isFor(asked) && key.isOfType(keyType)).findFirst()).map(HostKey::alias).orElse(null);
            }
        }
        return null;
    }

    private Optional<HostKey> of(String alias) {
        return Stream.concat(current.stream(), previous.stream()).filter(key -> key.alias().equals(alias)).findFirst();
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return of(alias).map(key -> key.chain().toArray(X509Certificate[]::new)).orElse(null);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return of(alias).map(HostKey::key).orElse(null);
    }

    @Override
    public String[] getServerAliases(String keyType, Principal[] issuers) {
        return current.stream().filter(key -> key.isOfType(keyType)).map(HostKey::alias).toArray(String[]::new);
    }

    @Override
    public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
        return null;
    }

    @Override
    public String[] getClientAliases(String keyType, Principal[] issuers) {
        return null;
    }

    @Override
    public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
        return null;
    }
}
