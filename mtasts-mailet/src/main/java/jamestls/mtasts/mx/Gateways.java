package jamestls.mtasts.mx;

import jamestls.dns.DomainName;
import jamestls.dns.IpLiteral;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The hosts that take all mail, whatever its domain (smart hosts). Their MX records are not looked up.
 *
 * @param hosts in the order of the configuration; empty if mail goes to the hosts of its domain
 * @param order in which they are tried
 */
public record Gateways(List<MxHost> hosts, Order order) {

    /** Stock RemoteDelivery's {@code loadBalancing}. */
    public enum Order { SHUFFLED, AS_LISTED }

    private static final int MAX_GATEWAYS = 20;
    // a bare IPv6 address can't have a port behind it; in brackets it can
    private static final Pattern ELEMENT = Pattern.compile("(?:\\[([0-9a-fA-F:.]{2,45})]|([^:\\[\\]]{1,253}))(?::([0-9]{1,5}))?");

    public Gateways {
        hosts = List.copyOf(hosts);
    }

    public static Gateways none() {
        return new Gateways(List.of(), Order.AS_LISTED);
    }

    /**
     * Reads {@code host[:port], host[:port], …}; a host is a name, an IPv4 address or an IPv6 address in brackets.
     *
     * @param defaultPort where a gateway listens that has no port of its own in the list
     * @throws IllegalArgumentException naming the element that is none
     */
    public static Gateways parse(String text, int defaultPort, Order order) {
        List<MxHost> hosts = new ArrayList<>();
        for (String element : text.split(",")) {
            hosts.add(host(element.strip(), hosts.size(), defaultPort));
        }
        if (hosts.size() > MAX_GATEWAYS) {
            throw new IllegalArgumentException("at most " + MAX_GATEWAYS + " gateways, not " + hosts.size());
        }
        return new Gateways(hosts, order);
    }

    /** In the order to try them for one mail. */
    public List<MxHost> inOrder(RandomGenerator random) {
        if (order == Order.AS_LISTED) {
            return hosts;
        }
        List<MxHost> shuffled = new ArrayList<>(hosts);
        Collections.shuffle(shuffled, java.util.Random.from(random));
        return shuffled;
    }

    private static MxHost host(String element, int place, int defaultPort) {
        Matcher matcher = ELEMENT.matcher(element);
        if (!matcher.matches()) {
            throw bad(element);
        }
        int port = matcher.group(3) == null ? defaultPort : Integer.parseInt(matcher.group(3));
        String host = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
        Optional<InetAddress> address = IpLiteral.parse(host);
        Optional<DomainName> name = address.map(MxHost::nameOf)
            .or(() -> matcher.group(1) == null ? DomainName.parse(host) : Optional.empty());
        if (name.isEmpty() || port < 1 || port > 65_535) {
            throw bad(element);
        }
        return new MxHost(name.get(), place, address, OptionalInt.of(port), MxHost.NamedBy.OPERATOR);
    }

    private static IllegalArgumentException bad(String element) {
        return new IllegalArgumentException("'" + element + "' is not host[:port], such as relay.example.org:587 or [2001:db8::25]:25");
    }
}
