package jamestls.fakeinternet;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.DNSSEC;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;

/**
 * The keys of a zone: one that the parent vouches for, and one that signs the data, mostly the same.
 *
 * @param entry signs the DNSKEY records, and is in the parent's DS
 * @param data signs everything else
 */
record ZoneKeys(Key entry, Key data) {

    static final int DIGEST_SHA256 = 2;
    private static final int ZONE_AND_SEP = 257;
    private static final int DNSSEC_PROTOCOL = 3;
    private static final long TTL = 3600;

    /** Keys once made serve every test of the JVM, zone by zone: making them costs more than all the rest of a test. */
    private static final Map<String, ZoneKeys> MADE = new ConcurrentHashMap<>();

    record Key(DNSKEYRecord published, PrivateKey secret) {

        RRSIGRecord sign(RRset set, Instant from, Duration span) {
            try {
                return DNSSEC.sign(set, published, secret, from, from.plus(span));
            } catch (DNSSEC.DNSSECException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    static ZoneKeys of(Name apex, Signing.Algorithm algorithm) {
        return MADE.computeIfAbsent(apex + " " + algorithm, zone -> one(apex, algorithm));
    }

    /** A key that this zone does not have. */
    static ZoneKeys stranger(Name apex, Signing.Algorithm algorithm) {
        return MADE.computeIfAbsent("not " + apex + " " + algorithm, zone -> one(apex, algorithm));
    }

    /** Two keys that nothing but the key itself tells apart (RFC 4034 §8). */
    static ZoneKeys twins(Name apex) {
        return MADE.computeIfAbsent(apex + " twins", zone -> collision(apex));
    }

    private static ZoneKeys one(Name apex, Signing.Algorithm algorithm) {
        Key only = key(apex, algorithm);
        return new ZoneKeys(only, only);
    }

    private static ZoneKeys collision(Name apex) {
        Map<Integer, Key> byTag = new HashMap<>();
        while (true) {
            Key key = key(apex, Signing.Algorithm.ECDSA);
            Key twin = byTag.put(key.published().getFootprint(), key);
            if (twin != null) {
                return new ZoneKeys(twin, key);
            }
        }
    }

    private static Key key(Name apex, Signing.Algorithm algorithm) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm.keys);
            generator.initialize(algorithm.keySize);
            KeyPair pair = generator.generateKeyPair();
            return new Key(new DNSKEYRecord(apex, DClass.IN, TTL, ZONE_AND_SEP, DNSSEC_PROTOCOL, algorithm.number, pair.getPublic()),
                pair.getPrivate());
        } catch (GeneralSecurityException | DNSSEC.DNSSECException e) {
            throw new IllegalStateException(e);
        }
    }

    List<DNSKEYRecord> published() {
        return entry == data ? List.of(entry.published()) : List.of(entry.published(), data.published());
    }

    DSRecord ds(long ttl) {
        return new DSRecord(entry.published().getName(), DClass.IN, ttl, DIGEST_SHA256, entry.published());
    }
}
