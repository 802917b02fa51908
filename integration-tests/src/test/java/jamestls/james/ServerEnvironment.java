package jamestls.james;

import java.net.InetSocketAddress;
import java.security.KeyStore;
import java.util.Optional;

/**
 * The surroundings of a test server that its configuration names.
 *
 * @param dns the DNS server in place of the internet's
 * @param smtpPort where all mail servers listen, instead of 25
 * @param policyPort where all policy hosts listen, instead of 443
 * @param anchors the authorities to trust, instead of the JVM's
 * @param rootKeys the DS record of the DNS root there, as a zone file; empty if nothing is signed, and DNSSEC is off
 */
public record ServerEnvironment(InetSocketAddress dns, int smtpPort, int policyPort, KeyStore anchors, Optional<String> rootKeys) {

    /** Without DNSSEC. */
    public ServerEnvironment(InetSocketAddress dns, int smtpPort, int policyPort, KeyStore anchors) {
        this(dns, smtpPort, policyPort, anchors, Optional.empty());
    }
}
