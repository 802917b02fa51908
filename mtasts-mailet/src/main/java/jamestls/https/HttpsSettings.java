package jamestls.https;

import jamestls.dns.AddressGuard;
import java.security.KeyStore;
import java.util.Optional;

/**
 * What all exchanges of one client have in common.
 *
 * @param trustStore the roots to trust; empty for the JVM's own
 * @param guard which addresses may be connected to
 */
public record HttpsSettings(Optional<KeyStore> trustStore, AddressGuard guard) {

    /** The JVM's roots and public addresses only. */
    public static HttpsSettings defaults() {
        return new HttpsSettings(Optional.empty(), AddressGuard.publicOnly());
    }
}
