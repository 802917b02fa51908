package jamestls.dns;

import jamestls.config.Parameters;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.james.dnsservice.api.DNSService;
import org.apache.james.dnsservice.api.DNSServiceMBean;
import org.xbill.DNS.ResolverConfig;

/** Reads the parameter {@code dnsServers}, a list of recursive name servers. */
public final class DnsServers {

    private static final int DNS_PORT = 53;
    private static final int LAST_PORT = 65_535;
    private static final int MAX_SERVERS = 16;
    private static final Pattern BRACKETED = Pattern.compile("\\[([^]]*)](?::([0-9]{1,5}))?");
    private static final Pattern WITH_PORT = Pattern.compile("([^:]*):([0-9]{1,5})");

    private DnsServers() {
    }

    /**
     * Reads {@code "127.0.0.1:5353, [::1]:53, 9.9.9.9"}. Addresses only: a name of a name server would have to be looked
     * up first. An IPv6 address needs brackets when a port follows.
     *
     * @return 1 to 16 servers, port 53 where none is given
     * @throws IllegalArgumentException naming the element that is no address
     */
    public static List<InetSocketAddress> parse(String text) {
        List<InetSocketAddress> servers = new ArrayList<>();
        for (String element : text.split(",", -1)) {
            servers.add(server(element.strip()));
        }
        if (servers.size() > MAX_SERVERS) {
            throw new IllegalArgumentException("at most " + MAX_SERVERS + " servers, not " + servers.size());
        }
        return List.copyOf(servers);
    }

    /**
     * Reads the parameter {@code dnsServers}.
     *
     * @param usual the servers to ask where it is missing; empty if they are not known, which then is a mistake
     * @return at least one server, even after a mistake
     */
    public static List<InetSocketAddress> of(Parameters parameters, List<InetSocketAddress> usual) {
        List<InetSocketAddress> servers = parameters.read("dnsServers",
            "addresses, each with an optional port, separated by commas, such as '127.0.0.1, [::1]:5353'", DnsServers::parse).orElse(usual);
        if (servers.isEmpty()) {
            parameters.invalid("dnsServers", "addresses such as '127.0.0.1:53'; it is not known which DNS servers are usual here");
            return List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), DNS_PORT));
        }
        return servers;
    }

    /** Those that James asks; empty if it does not tell. */
    public static List<InetSocketAddress> ofJames(DNSService jamesDns) {
        return jamesDns instanceof DNSServiceMBean bean && bean.getDNSServers().length > 0
            ? parse(String.join(",", bean.getDNSServers())) : List.of();
    }

    /** Those the operating system uses; empty if that can't be found out. */
    public static List<InetSocketAddress> ofSystem() {
        return ResolverConfig.getCurrentConfig().servers().stream().limit(MAX_SERVERS).toList();
    }

    private static InetSocketAddress server(String element) {
        Matcher bracketed = BRACKETED.matcher(element);
        if (bracketed.matches() && bracketed.group(1).contains(":")) {
            return new InetSocketAddress(address(bracketed.group(1), element), port(bracketed.group(2), element));
        }
        Matcher withPort = WITH_PORT.matcher(element);
        if (withPort.matches()) {
            return new InetSocketAddress(address(withPort.group(1), element), port(withPort.group(2), element));
        }
        return new InetSocketAddress(address(element, element), DNS_PORT);
    }

    private static InetAddress address(String literal, String element) {
        return IpLiteral.parse(literal).orElseThrow(() -> bad(element));
    }

    private static int port(String digits, String element) {
        if (digits == null) {
            return DNS_PORT;
        }
        int port = Integer.parseInt(digits);
        if (port == 0 || port > LAST_PORT) {
            throw bad(element);
        }
        return port;
    }

    private static IllegalArgumentException bad(String element) {
        return new IllegalArgumentException("'" + element + "' is not an IP address with an optional port, "
            + "such as 127.0.0.1, 127.0.0.1:5353 or [::1]:53");
    }
}
