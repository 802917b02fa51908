package jamestls.fakeinternet;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/** Keys and habits of one zone, and the signatures it makes, right or wrong. */
final class SignedZone {

    private static final Duration VALID = Duration.ofDays(2);
    private static final Duration BEFORE_NOW = Duration.ofDays(1);

    private final Name apex;
    private final Signing signing;
    private final ZoneKeys keys;
    private final ZoneKeys.Key stranger;
    private final Map<String, RRSIGRecord> signatures = new ConcurrentHashMap<>();

    SignedZone(Name apex, Signing signing, ZoneKeys keys) {
        this.apex = apex;
        this.signing = signing;
        this.keys = keys;
        this.stranger = ZoneKeys.key(apex, signing.algorithm());
    }

    Name apex() {
        return apex;
    }

    Signing signing() {
        return signing;
    }

    ZoneKeys keys() {
        return keys;
    }

    /** The DS of a key that the zone does not have. */
    Record wrongDs(long ttl) {
        return new ZoneKeys(stranger, stranger).ds(ttl);
    }

    /** The signatures to go with the records: one, or none. */
    List<Record> signatures(List<Record> set, SigningFault fault) {
        if (fault == SigningFault.MISSING_SIGNATURE) {
            return List.of();
        }
        return List.of(signatures.computeIfAbsent(fault + " " + set, key -> signature(set, fault)));
    }

    private RRSIGRecord signature(List<Record> set, SigningFault fault) {
        RRset rrset = new RRset(set.toArray(Record[]::new));
        ZoneKeys.Key key = set.getFirst().getType() == Type.DNSKEY ? keys.entry() : keys.data();
        Instant from = Instant.now().minus(BEFORE_NOW);
        return switch (fault) {
            case EXPIRED -> key.sign(rrset, from.minus(VALID), VALID);
            case NOT_YET_VALID -> key.sign(rrset, from.plus(VALID), VALID);
            case WRONG_KEY -> stranger.sign(rrset, from, VALID);
            case BOGUS_SIGNATURE -> altered(key.sign(rrset, from, VALID), false);
            case STUNTED_SIGNATURE -> altered(key.sign(rrset, from, VALID), true);
            case null, default -> key.sign(rrset, from, VALID);
        };
    }

    private static RRSIGRecord altered(RRSIGRecord right, boolean stunted) {
        byte[] bits = right.getSignature();
        byte[] wrong = stunted ? new byte[] {1} : bits.clone();
        wrong[wrong.length / 2] ^= 1;
        return new RRSIGRecord(right.getName(), DClass.IN, right.getTTL(), right.getTypeCovered(), right.getAlgorithm(), right.getOrigTTL(),
            right.getExpire(), right.getTimeSigned(), right.getFootprint(), right.getSigner(), wrong);
    }
}
