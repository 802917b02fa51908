package jamestls.fakeinternet;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.RRSIGRecord;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;

/** Keys and habits of one zone, and the signatures it makes, right or wrong. */
final class SignedZone {

    private static final Duration VALID = Duration.ofDays(2);
    private static final int MANY = 60;
    private static final Duration BEFORE_NOW = Duration.ofDays(1);

    private final Name apex;
    private final Signing signing;
    private final Supplier<ZoneKeys> keys;
    private final Map<String, RRSIGRecord> signatures = new ConcurrentHashMap<>();

    SignedZone(Name apex, Signing signing, Supplier<ZoneKeys> keys) {
        this.apex = apex;
        this.signing = signing;
        this.keys = keys;
    }

    Name apex() {
        return apex;
    }

    Signing signing() {
        return signing;
    }

    ZoneKeys keys() {
        return keys.get();
    }

    /** The DS of a key that the zone does not have. */
    Record wrongDs(long ttl) {
        return stranger().ds(ttl);
    }

    private ZoneKeys stranger() {
        return ZoneKeys.stranger(apex, signing.algorithm());
    }

    /** The signatures to go with the records: one, or none. */
    List<Record> signatures(List<Record> set, SigningFault fault) {
        if (fault == SigningFault.MISSING_SIGNATURE) {
            return List.of();
        }
        if (fault == SigningFault.MANY_SIGNATURES) {
            return IntStream.range(0, MANY).<Record>mapToObj(i -> altered(signature(set, null), i)).toList();
        }
        return List.of(signatures.computeIfAbsent(fault + " " + set, key -> signature(set, fault)));
    }

    private RRSIGRecord signature(List<Record> set, SigningFault fault) {
        RRset rrset = new RRset(set.toArray(Record[]::new));
        ZoneKeys.Key key = set.getFirst().getType() == Type.DNSKEY ? keys().entry() : keys().data();
        Instant from = Instant.now().minus(BEFORE_NOW);
        return switch (fault) {
            case EXPIRED -> key.sign(rrset, from.minus(VALID), VALID);
            case NOT_YET_VALID -> key.sign(rrset, from.plus(VALID), VALID);
            case WRONG_KEY -> stranger().data().sign(rrset, from, VALID);
            case BOGUS_SIGNATURE -> altered(key.sign(rrset, from, VALID), 0);
            case STUNTED_SIGNATURE -> stunted(key.sign(rrset, from, VALID));
            case null, default -> key.sign(rrset, from, VALID);
        };
    }

    private static RRSIGRecord altered(RRSIGRecord right, int where) {
        byte[] wrong = right.getSignature().clone();
        wrong[(wrong.length / 2 + where) % wrong.length] ^= 1;
        return with(right, wrong);
    }

    private static RRSIGRecord stunted(RRSIGRecord right) {
        return with(right, new byte[] {1});
    }

    private static RRSIGRecord with(RRSIGRecord right, byte[] signature) {
        return new RRSIGRecord(right.getName(), DClass.IN, right.getTTL(), right.getTypeCovered(), right.getAlgorithm(), right.getOrigTTL(),
            right.getExpire(), right.getTimeSigned(), right.getFootprint(), right.getSigner(), signature);
    }
}
