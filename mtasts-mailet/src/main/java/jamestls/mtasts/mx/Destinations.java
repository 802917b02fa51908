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

/** Finds the hosts that take mail for a domain, in the order in which they are to be tried. */
public final class Destinations {

    /** Hosts of one domain, the most preferred ones. How many of them are connected to is for the delivery to bound. */
    public static final int MAX_HOSTS = 100;
    private static final int MAX_SHOWN = 60;

    private final Dns dns;
    private final RandomGenerator random;
    private final OwnAddresses itself;
    private final AddressOrder addressOrder;

    /** For a server whose own name and addresses are not known. */
    public Destinations(Dns dns, RandomGenerator random) {
        this(dns, random, OwnAddresses.unknown());
    }

    /** @param random decides among hosts of equal preference */
    public Destinations(Dns dns, RandomGenerator random, OwnAddresses itself) {
        this(dns, random, itself, new AddressOrder(AddressOrder.Families.BOTH));
    }

    /**
     * @param random decides among hosts of equal preference
     * @param addressOrder in which order the addresses of a host are tried
     */
    public Destinations(Dns dns, RandomGenerator random, OwnAddresses itself, AddressOrder addressOrder) {
        this.dns = dns;
        this.random = random;
        this.itself = itself;
        this.addressOrder = addressOrder;
    }

    /** In which order the addresses of a host are tried; remembers those that failed. */
    public AddressOrder addressOrder() {
        return addressOrder;
    }

    /** How this server recognizes itself. */
    public OwnAddresses itself() {
        return itself;
    }

    /** Looks the domain up. Addresses are not looked up here: a host that is never tried costs nothing. */
    public Destination find(DomainName domain) {
        return switch (dns.mx(domain)) {
            case DnsAnswer.Found<MxRecord> found -> throughAlias(domain, found.canonicalName(), ordered(found));
            // RFC 5321 §5.1: the implicit MX is for a provable absence only, never for an error
            case DnsAnswer.Absent<MxRecord> absent ->
                withoutOurselves(List.of(new MxHost(domain, 0)), absent.security());
            case DnsAnswer.Bogus<MxRecord> bogus ->
                new Destination.Unknown("MX records of " + domain + " fail DNSSEC validation: " + bogus.reason(), Destination.Cause.BOGUS);
            case DnsAnswer.Failed<MxRecord> failed ->
                new Destination.Unknown("MX look-up of " + domain + " failed: " + failed.reason());
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
            // RFC 7505 §3: a single "." means no mail; with any preference, and also if repeated, there is nowhere to go
            return new Destination.TakesNoMail();
        }
        // RFC 5321 §5.1: spread the load over hosts of equal preference
        Collections.shuffle(hosts, java.util.Random.from(random));
        hosts.sort(Comparator.comparingInt(MxHost::preference));
        return withoutOurselves(hosts, found.security());
    }

    /** RFC 5321 §5.1: who is an MX host of the domain leaves out itself and all that are not preferred to it. */
    private Destination withoutOurselves(List<MxHost> sorted, Security security) {
        Optional<MxHost> ourselves = sorted.stream().filter(host -> itself.is(host.name())).findFirst();
        Set<DomainName> names = new HashSet<>();
        List<MxHost> preferred = sorted.stream()
            .filter(host -> names.add(host.name()))
            .filter(host -> ourselves.isEmpty() || host.preference() < ourselves.get().preference()).limit(MAX_HOSTS).toList();
        return preferred.isEmpty() ? new Destination.LoopsBack(ourselves.orElseThrow()) : new Destination.Hosts(preferred, security);
    }
}
