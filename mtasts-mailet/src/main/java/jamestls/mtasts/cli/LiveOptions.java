package jamestls.mtasts.cli;

import jamestls.dns.AddressGuard;
import jamestls.dns.DnsServers;
import jamestls.dns.DnsSettings;
import jamestls.dns.DnsjavaDns;
import jamestls.https.HttpsSettings;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** The options of commands that look at the real world; without any they look at it as the mailet with its defaults does. */
final class LiveOptions {

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--dns", paramLabel = "SERVERS", description = "resolvers to ask, such as 127.0.0.1:5353; default: the system's")
    private String dns;

    @Option(names = "--port", paramLabel = "PORT", defaultValue = "443", description = "port of the policy host, for labs; default: 443")
    private int policyPort;

    @Option(names = "--trust-store", paramLabel = "FILE",
        description = "PKCS#12 or JKS file with the authorities to trust; default: the JVM's")
    private File trustStore;

    @Option(names = "--trust-store-password", paramLabel = "PASSWORD", defaultValue = "", description = "its password; default: none")
    private String trustStorePassword;

    @Option(names = "--allow-private", description = "go to private and loopback addresses, too, for labs")
    private boolean allowPrivate;

    DnsjavaDns dns() {
        return new DnsjavaDns(DnsSettings.of(servers()));
    }

    HttpsSettings https() {
        return new HttpsSettings(trustStore(), guard());
    }

    AddressGuard guard() {
        return allowPrivate ? AddressGuard.anywhere() : AddressGuard.publicOnly();
    }

    int policyPort() {
        if (policyPort < 1 || policyPort > 65_535) {
            throw wrong("--port is 1 to 65535");
        }
        return policyPort;
    }

    /** Empty for the JVM's. */
    Optional<KeyStore> trustStore() {
        if (trustStore == null) {
            return Optional.empty();
        }
        try {
            char[] password = trustStorePassword.isEmpty() ? null : trustStorePassword.toCharArray();
            return Optional.of(KeyStore.getInstance(trustStore, password));
        } catch (IOException | GeneralSecurityException e) {
            throw wrong("--trust-store can't be read: " + e.getMessage());
        }
    }

    private List<InetSocketAddress> servers() {
        try {
            List<InetSocketAddress> servers = dns == null ? DnsServers.ofSystem() : DnsServers.parse(dns);
            if (servers.isEmpty()) {
                throw wrong("the system names no resolver; name one with --dns");
            }
            return servers;
        } catch (IllegalArgumentException e) {
            throw wrong("--dns: " + e.getMessage());
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
