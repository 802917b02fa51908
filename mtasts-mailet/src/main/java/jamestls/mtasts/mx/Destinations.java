package jamestls.mtasts.mx;

import jamestls.dns.Dns;
import jamestls.dns.DnsAnswer;
import jamestls.dns.DomainName;
import jamestls.dns.MxRecord;
import jamestls.dns.Security;
import jamestls.net.Sanitized;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Finds the mail hosts of a domain, in the order to try them. */
public final class Destinations {

    /** The most hosts of one domain, by preference. The delivery bounds how many of them are connected to. */
    public static final int MAX_HOSTS = 100;
    private static final int MAX_SHOWN = 60;

    private final Dns dns;
    private final RandomGenerator random;
    private final OwnAddresses itself;
    private final AddressOrder addressOrder;

    /** Without detection of mail loops. */
    public Destinations(Dns dns, RandomGenerator random) {
        this(dns, random, OwnAddresses.unknown());
    }

    /** @param random decides among hosts of equal preference */
    public Destinations(Dns dns, RandomGenerator random, OwnAddresses itself) {
        this(dns, random, itself, new AddressOrder(AddressOrder.Families.BOTH));
    }

    /**
     * @param random decides among hosts of equal preference
     * @param addressOrder orders the addresses of a host
     */
    public Destinations(Dns dns, RandomGenerator random, OwnAddresses itself, AddressOrder addressOrder) {
        this.dns = dns;
        this.random = random;
        this.itself = itself;
        this.addressOrder = addressOrder;
    }

    /** Orders the addresses of a host, and remembers those that failed. */
    public AddressOrder addressOrder() {
        return addressOrder;
    }

    /** The names and addresses of this server. */
    public OwnAddresses itself() {
        return itself;
    }

    /** Looks up the MX records of a domain. Addresses are looked up later, only for hosts that are tried. */
    public Destination find(DomainName domain) {
        return switch (dns.mx(domain)) {
            case DnsAnswer.Found<MxRecord> found -> throughAlias(domain, found.canonicalName(), ordered(found));
            // RFC 5321 §5.1: the implicit MX needs the proven absence of MX records, never an error
            case DnsAnswer.Absent<MxRecord> absent ->
                withoutOurselves(List.of(new MxHost(domain, 0)), absent.security());
            case DnsAnswer.Bogus<MxRecord> bogus ->
                new Destination.Unknown(
                    "DNSSEC validation failed: " + DnsAnswer.withQuestion("MX of " + domain, bogus.reason()), Destination.Cause.BOGUS);
            case DnsAnswer.Failed<MxRecord> failed ->
                new Destination.Unknown("DNS look-up failed: " + DnsAnswer.withQuestion("MX of " + domain, failed.reason()));
        };
    }

    private static Destination throughAlias(DomainName domain, DomainName canonical, Destination found) {
        return found instanceof Destination.Hosts hosts && !canonical.equals(domain)
            ? new Destination.Hosts(hosts.inOrder(), hosts.security(), Optional.of(canonical)) : found;
    }

    private Destination ordered(DnsAnswer.Found<MxRecord> found) {
        List<MxHost> hosts = new ArrayList<>();
        for (MxRecord mx : found.records()) {
            mx.host().ifPresent(name -> hosts.add(new MxHost(name, mx.preference())));
        }
        Optional<MxRecord> malformed = found.records().stream().filter(MxRecord::isMalformed).findFirst();
        if (hosts.isEmpty() && malformed.isPresent()) {
            return new Destination.NoHostName("the MX record points to '" + Sanitized.line(malformed.get().exchange(), MAX_SHOWN)
                + "', which is not a host name (RFC 5321 §5.1)");
        }
        if (hosts.isEmpty()) {
            // RFC 7505 §3: "." means no mail, here with any preference and also if repeated
            return new Destination.TakesNoMail();
        }
        // RFC 5321 §5.1: spread the load over hosts of equal preference
        Collections.shuffle(hosts, java.util.Random.from(random));
        hosts.sort(Comparator.comparingInt(MxHost::preference));
        return withoutOurselves(hosts, found.security());
    }

    /** RFC 5321 §5.1: removes this server and all hosts of the same or a lower preference. */
    private Destination withoutOurselves(List<MxHost> sorted, Security security) {
        Optional<MxHost> ourselves = sorted.stream().filter(host -> itself.is(host.name())).findFirst();
        Set<DomainName> names = new HashSet<>();
        List<MxHost> preferred = sorted.stream()
            .filter(host -> names.add(host.name()))
            .filter(host -> ourselves.isEmpty() || host.preference() < ourselves.get().preference()).limit(MAX_HOSTS).toList();
        return preferred.isEmpty() ? new Destination.LoopsBack(ourselves.orElseThrow()) : new Destination.Hosts(preferred, security);
    }
}
