package jamestls.fakeinternet;

import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.xbill.DNS.DClass;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.NSECRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Record;
import org.xbill.DNS.Type;
import org.xbill.DNS.utils.base32;

/**
 * Which NSEC or NSEC3 records prove that a name, or a type at it, is not there (RFC 4035 §3.1.3, RFC 5155 §7.2). Made anew
 * from the zone's names for each answer, as these may change at any time.
 */
final class Denials {

    private static final int SHA1 = 1;
    private static final int OPT_OUT = 1;
    private static final base32 HEX32 = new base32(base32.Alphabet.BASE32HEX, false, true);

    private final Name apex;
    private final Signing signing;
    private final long ttl;
    private final NavigableMap<Name, Set<Integer>> names;
    private final NavigableMap<String, Name> hashes = new TreeMap<>();

    /**
     * @param names all that own records in the zone, delegations included
     * @param typesAt the types at each of them, without RRSIG and NSEC
     */
    Denials(Name apex, Signing signing, long ttl, Set<Name> names, Function<Name, Set<Integer>> typesAt) {
        this.apex = apex;
        this.signing = signing;
        this.ttl = ttl;
        this.names = new TreeMap<>();
        names.forEach(name -> this.names.put(name, typesAt.apply(name)));
        if (signing.denial() != Signing.Denial.NSEC) {
            withNamesBetween().forEach(name -> hashes.put(hash(name), name));
        }
    }

    /** The records that prove it. */
    List<Record> proof(Name name) {
        boolean exists = withNamesBetween().contains(name);
        Name encloser = name;
        Name nextCloser = name;
        while (!withNamesBetween().contains(encloser)) {
            nextCloser = encloser;
            encloser = new Name(encloser, 1);
        }
        Name wildcard = below(encloser);
        Set<Record> proof = new LinkedHashSet<>();
        if (signing.denial() == Signing.Denial.NSEC) {
            proof.add(nsec(atOrBefore(name)));
            if (!exists) {
                proof.add(nsec(atOrBefore(wildcard)));
            }
        } else if (exists && hashes.containsValue(name)) {
            proof.add(nsec3(hash(name)));
        } else {
            proof.add(nsec3(hash(encloser)));
            proof.add(nsec3(atOrBefore(hash(nextCloser))));
            proof.add(nsec3(atOrBefore(hash(wildcard))));
        }
        return List.copyOf(proof);
    }

    /** Records of the same zone that say nothing about the name. */
    List<Record> wrongProof(Name name) {
        List<Record> right = proof(name);
        return chain().stream().filter(record -> !right.contains(record)).limit(1).toList();
    }

    /** All of them. */
    List<Record> chain() {
        List<Record> chain = new ArrayList<>();
        if (signing.denial() == Signing.Denial.NSEC) {
            names.keySet().forEach(name -> chain.add(nsec(name)));
        } else {
            hashes.keySet().forEach(hash -> chain.add(nsec3(hash)));
        }
        return chain;
    }

    private Record nsec(Name name) {
        Name next = names.higherKey(name);
        return new NSECRecord(name, DClass.IN, ttl, next == null ? apex : next, types(names.get(name), Type.RRSIG, Type.NSEC));
    }

    private Record nsec3(String hash) {
        String next = hashes.higherKey(hash);
        Set<Integer> types = names.getOrDefault(hashes.get(hash), Set.of());
        boolean unsigned = types.isEmpty() || types.equals(Set.of(Type.NS));
        return new NSEC3Record(Zone.name(hash + "." + apex), DClass.IN, ttl, SHA1,
            signing.denial() == Signing.Denial.NSEC3_OPT_OUT ? OPT_OUT : 0, signing.iterations(), null,
            HEX32.fromString(next == null ? hashes.firstKey() : next), unsigned ? types(types) : types(types, Type.RRSIG));
    }

    private static int[] types(Set<Integer> types, int... more) {
        Set<Integer> all = new TreeSet<>(types);
        for (int type : more) {
            all.add(type);
        }
        return all.stream().mapToInt(Integer::intValue).toArray();
    }

    private Name atOrBefore(Name name) {
        Name floor = names.floorKey(name);
        return floor == null ? names.lastKey() : floor;
    }

    private String atOrBefore(String hash) {
        String floor = hashes.floorKey(hash);
        return floor == null ? hashes.lastKey() : floor;
    }

    /** With the empty names on the way down (RFC 5155 §7.1); opt-out leaves unsigned delegations out. */
    private Set<Name> withNamesBetween() {
        Set<Name> all = new TreeSet<>();
        names.forEach((name, types) -> {
            boolean leftOut = signing.denial() == Signing.Denial.NSEC3_OPT_OUT && types.equals(Set.of(Type.NS));
            for (Name at = name; !leftOut && at.labels() >= apex.labels(); at = new Name(at, 1)) {
                all.add(at);
                if (at.labels() == apex.labels()) {
                    break;
                }
            }
        });
        return all;
    }

    private String hash(Name name) {
        try {
            NSEC3Record parameters = new NSEC3Record(name, DClass.IN, ttl, SHA1, 0, signing.iterations(), null, new byte[20], new int[0]);
            return HEX32.toString(parameters.hashName(name));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Name below(Name encloser) {
        try {
            return Name.concatenate(Name.fromConstantString("*"), encloser);
        } catch (NameTooLongException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
