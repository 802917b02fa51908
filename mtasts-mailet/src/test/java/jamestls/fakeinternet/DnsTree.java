package jamestls.fakeinternet;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.NSEC3PARAMRecord;
import org.xbill.DNS.NSEC3Record;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Type;

/**
 * Cuts the data of a {@link Zone} into zones from the root down, signed or not, and answers with the signatures and proofs
 * that a recursive server hands through:
 *
 * <pre>{@code
 * DnsTree tree = DnsTree.over(zone).signed(".", Signing.with(RSA)).signed("example", Signing.with(ECDSA).nsec3())
 *     .signed("good.example", Signing.with(ED25519)).unsigned("plain.example");
 * DnsServer server = DnsServer.start(tree);
 * }</pre>
 *
 * <p>What a resolver has to trust is {@link #trustAnchors}; what is wrong, and where, says {@link #fault}.
 */
public final class DnsTree {

    private static final int MAX_CHAIN = 32;
    private static final long TTL = 300;

    private final Zone data;
    private final NavigableMap<Name, Optional<SignedZone>> zones = new TreeMap<>();
    private final Map<Name, SigningFault> faults = new ConcurrentHashMap<>();
    private final AtomicBoolean stripping = new AtomicBoolean();

    private DnsTree(Zone data) {
        this.data = data;
    }

    /** Zones are declared parents first, before the server starts; the data may change at any time. */
    public static DnsTree over(Zone data) {
        return new DnsTree(data);
    }

    public DnsTree signed(String apex, Signing signing) {
        Name name = Zone.name(apex);
        return zone(name, Optional.of(new SignedZone(name, signing, () -> ZoneKeys.of(name, signing.algorithm()))));
    }

    /** With two keys of the same tag and algorithm, the second of which signs the data. */
    public DnsTree signedByTwins(String apex) {
        Name name = Zone.name(apex);
        return zone(name, Optional.of(new SignedZone(name, Signing.with(Signing.Algorithm.ECDSA), () -> ZoneKeys.twins(name))));
    }

    /** An insecure delegation: the parent proves that there is no DS. */
    public DnsTree unsigned(String apex) {
        return zone(Zone.name(apex), Optional.empty());
    }

    private DnsTree zone(Name apex, Optional<SignedZone> signed) {
        zones.put(apex, signed);
        data.raw(new ARecord(server(apex), DClass.IN, TTL, new byte[] {127, 0, 0, 1}));
        return this;
    }

    /** The DNSSEC data that belongs to {@code name} goes wrong. */
    public DnsTree fault(String name, SigningFault fault) {
        faults.put(Zone.name(name), fault);
        return this;
    }

    public DnsTree heal(String name) {
        faults.remove(Zone.name(name));
        return this;
    }

    /** From now on the server knows nothing of DNSSEC: no signatures, no proofs; or knows again. */
    public DnsTree strip(boolean all) {
        stripping.set(all);
        return this;
    }

    /** The DS record of the root, or of the highest zone, as a zone file. */
    public String trustAnchors() {
        return zones.firstEntry().getValue().orElseThrow().keys().ds(TTL) + "\n";
    }

    /** {@link #trustAnchors} as bytes. */
    public byte[] trustAnchorBytes() {
        return trustAnchors().getBytes(StandardCharsets.US_ASCII);
    }

    Zone data() {
        return data;
    }

    Set<Name> apexes() {
        return zones.keySet();
    }

    /** @param withProofs whether the client asked for signatures (DO) */
    Zone.Answer answer(Name question, int type, Zone.Chain chain, boolean withProofs) {
        Name asked = faults.get(question) == SigningFault.FOREIGN_ANSWER ? Zone.name("decoy." + apexOf(question)) : question;
        Zone.Answer whole = answer(asked, type, chain);
        if (withProofs && !stripping.get()) {
            return whole;
        }
        return new Zone.Answer(whole.rcode(), plain(whole.answers(), type), plain(whole.authority(), type));
    }

    private static List<Record> plain(List<Record> records, int type) {
        Set<Integer> proofs = Set.of(Type.RRSIG, Type.NSEC, Type.NSEC3);
        return records.stream().filter(record -> record.getType() == type || !proofs.contains(record.getType())).toList();
    }

    private Zone.Answer answer(Name question, int type, Zone.Chain chain) {
        List<Record> answers = new ArrayList<>();
        Set<Name> visited = new HashSet<>();
        Name owner = question;
        while (visited.add(owner) && visited.size() <= MAX_CHAIN) {
            Name apex = type == Type.DS && !owner.equals(Name.root) && zones.containsKey(owner) ? above(owner) : apexOf(owner);
            List<Record> wanted = recordsAt(owner, type, apex);
            if (!wanted.isEmpty()) {
                answers.addAll(withSignature(wanted, apex));
                return new Zone.Answer(Rcode.NOERROR, answers, List.of());
            }
            List<Record> alias = recordsAt(owner, Type.CNAME, apex);
            if (alias.isEmpty()) {
                return denied(answers, owner, apex);
            }
            answers.addAll(withSignature(alias, apex));
            owner = ((CNAMERecord) alias.getFirst()).getTarget().canonicalize();
            if (chain == Zone.Chain.FIRST_LINK) {
                break;
            }
        }
        return new Zone.Answer(Rcode.NOERROR, answers, List.of());
    }

    private Zone.Answer denied(List<Record> answers, Name owner, Name apex) {
        List<Record> authority = new ArrayList<>(withSignature(List.of(soa(apex)), apex));
        SigningFault fault = faults.get(owner);
        boolean proven = fault != SigningFault.MISSING_NSEC && !(fault == SigningFault.STRIPPED_DS && zones.containsKey(owner));
        zones.get(apex).filter(signed -> proven).ifPresent(signed -> {
            Denials denials = denials(signed);
            List<Record> proof = fault == SigningFault.WRONG_NSEC ? denials.wrongProof(owner) : denials.proof(owner);
            proof.forEach(record -> authority.addAll(withSignature(List.of(record), apex, fault)));
        });
        boolean exists = namesIn(apex).stream().anyMatch(known -> known.subdomain(owner));
        return new Zone.Answer(exists ? Rcode.NOERROR : Rcode.NXDOMAIN, answers, authority);
    }

    /** Everything in one zone as its primary server has it, faults included: for a server that only loads files. */
    List<Record> contents(Name apex) {
        List<Record> all = new ArrayList<>();
        for (Name name : namesIn(apex)) {
            boolean delegation = zones.containsKey(name) && !name.equals(apex);
            for (int type : typesAt(name, apex)) {
                List<Record> set = recordsAt(name, type, apex);
                all.addAll(delegation && type == Type.NS ? set : withSignature(set, apex));
            }
            if (delegation) {
                all.addAll(data.at(server(name)));
            }
        }
        zones.get(apex).ifPresent(signed -> {
            if (signed.signing().denial() != Signing.Denial.NSEC) {
                all.addAll(withSignature(List.of(new NSEC3PARAMRecord(apex, DClass.IN, 0, NSEC3Record.Digest.SHA1, 0,
                    signed.signing().iterations(), null)), apex));
            }
            denials(signed).chain().stream().filter(record -> faults.get(record.getName()) != SigningFault.MISSING_NSEC)
                .forEach(record -> all.addAll(withSignature(List.of(record), apex)));
        });
        return all;
    }

    private List<Record> withSignature(List<Record> set, Name apex) {
        return withSignature(set, apex, faults.get(set.getFirst().getName()));
    }

    private List<Record> withSignature(List<Record> set, Name apex, SigningFault fault) {
        List<Record> both = new ArrayList<>(set);
        zones.get(apex).ifPresent(signed -> both.addAll(signed.signatures(set, fault)));
        return both;
    }

    private Denials denials(SignedZone zone) {
        return new Denials(zone.apex(), zone.signing(), TTL, namesIn(zone.apex()), name -> typesAt(name, zone.apex()));
    }

    /** Owners of records in the zone, and its delegations. */
    private Set<Name> namesIn(Name apex) {
        Set<Name> names = new TreeSet<>();
        names.add(apex);
        data.names().stream().filter(name -> apexOf(name).equals(apex)).forEach(names::add);
        zones.keySet().stream().filter(child -> !child.equals(Name.root) && above(child).equals(apex)).forEach(names::add);
        return names;
    }

    private Set<Integer> typesAt(Name name, Name apex) {
        Set<Integer> types = new TreeSet<>();
        if (!zones.containsKey(name) || name.equals(apex)) {
            data.at(name).forEach(record -> types.add(record.getType()));
        }
        for (int type : new int[] {Type.SOA, Type.NS, Type.DNSKEY, Type.DS}) {
            if (!recordsAt(name, type, apex).isEmpty()) {
                types.add(type);
            }
        }
        return types;
    }

    private List<Record> recordsAt(Name name, int type, Name apex) {
        boolean top = name.equals(apex);
        boolean cut = zones.containsKey(name);
        return switch (type) {
            case Type.SOA -> top ? List.of(soa(apex)) : List.of();
            case Type.NS -> cut ? List.of(new NSRecord(name, DClass.IN, TTL, server(name))) : List.of();
            case Type.DNSKEY -> top ? zones.get(apex).<List<Record>>map(signed -> List.copyOf(signed.keys().published())).orElse(List.of())
                : List.of();
            case Type.DS -> cut && !top ? zones.get(name).map(child -> ds(child)).orElse(List.of()) : List.of();
            default -> cut && !top ? List.of() : data.at(name).stream().filter(record -> record.getType() == type).toList();
        };
    }

    private List<Record> ds(SignedZone child) {
        return switch (faults.get(child.apex())) {
            case STRIPPED_DS -> List.of();
            case WRONG_DS -> List.of(child.wrongDs(TTL));
            case null, default -> List.of(child.keys().ds(TTL));
        };
    }

    private Name apexOf(Name name) {
        return zones.keySet().stream().filter(name::subdomain).max((one, other) -> one.labels() - other.labels()).orElseThrow(
            () -> new IllegalStateException("no zone for " + name + ": declare the root"));
    }

    private Name above(Name apex) {
        return apexOf(new Name(apex, 1));
    }

    private static Record soa(Name apex) {
        return new SOARecord(apex, DClass.IN, 60, server(apex), server(apex), 1, 3600, 600, 86_400, 60);
    }

    private static Name server(Name apex) {
        return Zone.name(apex.equals(Name.root) ? "ns" : "ns." + apex);
    }
}
