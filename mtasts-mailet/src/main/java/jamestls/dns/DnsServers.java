package jamestls.dns;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
            throw new IllegalArgumentException("dnsServers: at most " + MAX_SERVERS + " servers, not " + servers.size());
        }
        return List.copyOf(servers);
    }

    /**
     * The servers a mailet is to ask: those its parameter {@code dnsServers} names, or else those James itself asks.
     *
     * @param configured the parameter, if it is there
     * @param jamesDns James's own DNS service
     * @throws IllegalArgumentException when an element is no address, or nobody says which servers to ask
     */
    public static List<InetSocketAddress> of(Optional<String> configured, DNSService jamesDns) {
        if (configured.isPresent()) {
            return parse(configured.get());
        }
        if (jamesDns instanceof DNSServiceMBean bean && bean.getDNSServers().length > 0) {
            return parse(String.join(",", bean.getDNSServers()));
        }
        throw new IllegalArgumentException("dnsServers: it is not known which DNS servers James asks: write them, such as 127.0.0.1:53");
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
        return new IllegalArgumentException("dnsServers: '" + element + "' is not an IP address with an optional port, "
            + "such as 127.0.0.1, 127.0.0.1:5353 or [::1]:53");
    }
}
