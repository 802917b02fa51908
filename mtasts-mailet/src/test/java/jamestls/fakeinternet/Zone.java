package jamestls.fakeinternet;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.Address;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.MXRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.TXTRecord;
import org.xbill.DNS.TextParseException;
import org.xbill.DNS.Type;

/**
 * The data of the fake DNS, all domains in one place, written as a literal:
 * {@code new Zone().mx("good.example", 10, "mx.good.example").a("mx.good.example", "127.0.0.1")}. Names are absolute, a
 * trailing dot may be left out; zone file escapes ({@code \032}) make names no host may have. May be changed while the
 * server runs, from any thread.
 *
 * <p>What it holds is unsigned; {@link DnsTree} cuts it into zones and signs them.
 */
public final class Zone {

    private static final int MAX_CHAIN = 32;
    private static final int CHARACTER_STRING = 255;

    private final Map<Name, List<Record>> records = new ConcurrentHashMap<>();
    private final AtomicLong ttl = new AtomicLong(300);
    private final AtomicLong negativeTtl = new AtomicLong(60);

    /** TTL in seconds of the records added from now on; 300 at first. */
    public Zone ttl(long seconds) {
        ttl.set(seconds);
        return this;
    }

    /** TTL and minimum, in seconds, of the SOA in negative answers; 60 at first. */
    public Zone negativeTtl(long seconds) {
        negativeTtl.set(seconds);
        return this;
    }

    public Zone mx(String name, int preference, String exchange) {
        return raw(new MXRecord(name(name), DClass.IN, ttl.get(), preference, name(exchange)));
    }

    public Zone a(String name, String... addresses) {
        for (String address : addresses) {
            raw(new ARecord(name(name), DClass.IN, ttl.get(), address(address, Address.IPv4)));
        }
        return this;
    }

    public Zone aaaa(String name, String... addresses) {
        for (String address : addresses) {
            raw(new AAAARecord(name(name), DClass.IN, ttl.get(), address(address, Address.IPv6)));
        }
        return this;
    }

    public Zone cname(String name, String target) {
        return raw(new CNAMERecord(name(name), DClass.IN, ttl.get(), name(target)));
    }

    /** Any octets. */
    public Zone tlsa(String name, int usage, int selector, int matchingType, byte[] data) {
        return tlsa(name, ByteBuffer.allocate(3 + data.length)
            .put((byte) usage).put((byte) selector).put((byte) matchingType).put(data).array());
    }

    /** A TLSA record of these octets, whether they make sense or not. */
    public Zone tlsa(String name, byte[] rdata) {
        return raw(new OctetsRecord(name(name), Type.TLSA, ttl.get(), rdata));
    }

    /** One TXT record; each text is a character-string of its own (UTF-8), split where it is longer than 255 bytes. */
    public Zone txt(String name, String... texts) {
        return txt(name, Arrays.stream(texts).map(text -> text.getBytes(StandardCharsets.UTF_8)).toArray(byte[][]::new));
    }

    /** One TXT record of any bytes. */
    public Zone txt(String name, byte[]... texts) {
        List<String> strings = new ArrayList<>();
        for (byte[] text : texts) {
            int from = 0;
            do {
                int to = Math.min(text.length, from + CHARACTER_STRING);
                strings.add(escaped(Arrays.copyOfRange(text, from, to)));
                from = to;
            } while (from < text.length);
        }
        return raw(new TXTRecord(name(name), DClass.IN, ttl.get(), strings));
    }

    /** Any record at all. */
    public Zone raw(Record record) {
        records.merge(record.getName(), List.of(record), Zone::joined);
        return this;
    }

    /** Forgets the records of that type at that name. */
    public Zone remove(String name, String type) {
        records.computeIfPresent(name(name), (owner, old) -> {
            List<Record> rest = old.stream().filter(record -> record.getType() != Type.value(type)).toList();
            return rest.isEmpty() ? null : rest;
        });
        return this;
    }

    /** Forgets the name. */
    public Zone remove(String name) {
        records.remove(name(name));
        return this;
    }

    /** How far an answer goes along CNAMEs. */
    enum Chain {
        WHOLE, FIRST_LINK
    }

    /**
     * An answer as it goes into the sections of a message.
     *
     * @param rcode NOERROR or NXDOMAIN
     * @param answers CNAMEs first, in order
     * @param authority the SOA, if the answer is negative
     */
    record Answer(int rcode, List<Record> answers, List<Record> authority) {
    }

    Answer answer(Name question, int type, Chain chain) {
        List<Record> answers = new ArrayList<>();
        Set<Name> visited = new HashSet<>();
        Name owner = question;
        while (visited.add(owner) && visited.size() <= MAX_CHAIN) {
            List<Record> here = records.getOrDefault(owner, List.of());
            List<Record> wanted = here.stream().filter(record -> record.getType() == type || type == Type.ANY).toList();
            answers.addAll(wanted);
            if (!wanted.isEmpty()) {
                return new Answer(Rcode.NOERROR, answers, List.of());
            }
            Record alias = here.stream().filter(CNAMERecord.class::isInstance).findFirst().orElse(null);
            if (alias == null) {
                return new Answer(exists(owner) ? Rcode.NOERROR : Rcode.NXDOMAIN, answers, List.of(soa(owner)));
            }
            answers.add(alias);
            owner = ((CNAMERecord) alias).getTarget();
            if (chain == Chain.FIRST_LINK) {
                break;
            }
        }
        return new Answer(Rcode.NOERROR, answers, List.of());
    }

    /** The records at that name, of all types. */
    List<Record> at(Name name) {
        return records.getOrDefault(name, List.of());
    }

    /** All names with records, as text with the trailing dot, sorted. */
    public List<String> allNames() {
        return names().stream().sorted().map(Name::toString).toList();
    }

    /** All names with records. */
    Set<Name> names() {
        return Set.copyOf(records.keySet());
    }

    /** Says that there is no such name, whatever the data says. */
    Answer denial(Name question) {
        return new Answer(Rcode.NXDOMAIN, List.of(), List.of(soa(question)));
    }

    public static Name name(String text) {
        try {
            return Name.fromString(text, Name.root).canonicalize();
        } catch (TextParseException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    private boolean exists(Name owner) {
        return records.keySet().stream().anyMatch(known -> known.subdomain(owner));
    }

    private Record soa(Name below) {
        Name zone = below.labels() > 1 ? new Name(below, below.labels() - 2) : Name.root;
        try {
            return new SOARecord(zone, DClass.IN, negativeTtl.get(), Name.concatenate(Name.fromConstantString("ns"), zone),
                Name.concatenate(Name.fromConstantString("hostmaster"), zone), 1, 3600, 600, 86_400, negativeTtl.get());
        } catch (NameTooLongException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static List<Record> joined(List<Record> old, List<Record> added) {
        List<Record> all = new ArrayList<>(old);
        all.addAll(added);
        return List.copyOf(all);
    }

    private static InetAddress address(String literal, int family) {
        try {
            return Address.getByAddress(literal, family);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(literal, e);
        }
    }

    private static String escaped(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            text.append(String.format("\\%03d", b & 0xff));
        }
        return text.toString();
    }
}
