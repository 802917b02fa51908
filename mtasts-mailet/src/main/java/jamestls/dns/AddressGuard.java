package jamestls.dns;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Decides whether to connect to an address from the DNS of another domain (protection against server-side request forgery). Policy
 * hosts, report hosts and MX hosts are named by others, who could point them at this machine, at the network behind the firewall or at
 * a cloud's metadata service. Check the very address that the socket will be connected to, never a name: a name may resolve
 * differently the next time (DNS rebinding).
 *
 * <p>The lists follow IANA's IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890). For IPv6
 * everything outside of 2000::/3, the global unicast addresses, is refused, and so are the listed blocks within it.
 */
public final class AddressGuard {

    private record Block(byte[] prefix, int bits, String what) {

        boolean contains(byte[] address) {
            int whole = bits / 8;
            int rest = bits % 8;
            return prefix.length == address.length
                && Arrays.equals(prefix, 0, whole, address, 0, whole)
                && (rest == 0 || (prefix[whole] ^ address[whole]) >> (8 - rest) == 0);
        }
    }

    private static final List<Block> SPECIAL_IPV4 = List.of(
        block("0.0.0.0", 8, "this network"),
        block("10.0.0.0", 8, "private"),
        block("100.64.0.0", 10, "shared by carriers (RFC 6598)"),
        block("127.0.0.0", 8, "loopback"),
        block("169.254.0.0", 16, "link-local"),
        block("172.16.0.0", 12, "private"),
        block("192.0.0.0", 24, "protocol assignments"),
        block("192.0.2.0", 24, "documentation"),
        block("192.31.196.0", 24, "AS112"),
        block("192.52.193.0", 24, "AMT"),
        block("192.88.99.0", 24, "6to4 relay"),
        block("192.168.0.0", 16, "private"),
        block("192.175.48.0", 24, "AS112"),
        block("198.18.0.0", 15, "benchmarking"),
        block("198.51.100.0", 24, "documentation"),
        block("203.0.113.0", 24, "documentation"),
        block("224.0.0.0", 4, "multicast"),
        block("255.255.255.255", 32, "broadcast"),
        block("240.0.0.0", 4, "reserved"));

    private static final Block GLOBAL_IPV6 = block("2000::", 3, "global unicast");
    private static final Block NAT64 = block("64:ff9b::", 96, "NAT64");
    private static final Block SIX_TO_FOUR = block("2002::", 16, "6to4");

    private static final List<Block> SPECIAL_IPV6 = List.of(
        // includes Teredo (2001::/32), which has clients behind a NAT and no servers
        block("2001::", 23, "protocol assignments, Teredo"),
        block("2001:db8::", 32, "documentation"),
        block("2620:4f:8000::", 48, "AS112"),
        block("3fff::", 20, "documentation"));

    /** Names for the best known of the blocks outside of 2000::/3, for the message only. */
    private static final List<Block> NAMED_IPV6 = List.of(
        new Block(new byte[16], 128, "unspecified"),
        block("::1", 128, "loopback"),
        new Block(new byte[16], 96, "IPv4-compatible"),
        block("64:ff9b:1::", 48, "local NAT64"),
        block("fc00::", 7, "private"),
        block("fe80::", 10, "link-local"),
        block("fec0::", 10, "site-local"),
        block("ff00::", 8, "multicast"));

    private static final AddressGuard PUBLIC_ONLY = new AddressGuard(Reach.PUBLIC, Set.of());
    private static final AddressGuard ANYWHERE = new AddressGuard(Reach.ANYWHERE, Set.of());

    private enum Reach {
        PUBLIC, ANYWHERE
    }

    private final Reach reach;
    private final Set<InetAddress> exceptions;

    private AddressGuard(Reach reach, Set<InetAddress> exceptions) {
        this.reach = reach;
        this.exceptions = Set.copyOf(exceptions);
    }

    /** Allows addresses of the public Internet only. */
    public static AddressGuard publicOnly() {
        return PUBLIC_ONLY;
    }

    /** Allows all addresses: for tests and closed networks. */
    public static AddressGuard anywhere() {
        return ANYWHERE;
    }

    /** Allows {@code exceptions} as well, for the operator's own host on a private address. */
    public AddressGuard alsoAllowing(Set<InetAddress> exceptions) {
        return new AddressGuard(reach, exceptions);
    }

    /** Why not to connect to {@code address}, as {@code "127.0.0.1 is not public: loopback"}; empty if allowed. */
    public Optional<String> objection(InetAddress address) {
        return reach == Reach.ANYWHERE || exceptions.contains(address) ? Optional.empty()
            : special(address.getAddress()).map(what -> address.getHostAddress() + " is not public: " + what);
    }

    private static Optional<String> special(byte[] address) {
        if (address.length == 4) {
            return firstOf(SPECIAL_IPV4, address);
        }
        // RFC 6052 §2.1, RFC 3056 §2: these contain the IPv4 address that is reached
        if (NAT64.contains(address)) {
            return firstOf(SPECIAL_IPV4, Arrays.copyOfRange(address, 12, 16)).map(what -> "NAT64 of " + what);
        }
        if (SIX_TO_FOUR.contains(address)) {
            return firstOf(SPECIAL_IPV4, Arrays.copyOfRange(address, 2, 6)).map(what -> "6to4 of " + what);
        }
        if (!GLOBAL_IPV6.contains(address)) {
            return firstOf(NAMED_IPV6, address).or(() -> Optional.of("not global unicast"));
        }
        return firstOf(SPECIAL_IPV6, address);
    }

    private static Optional<String> firstOf(List<Block> blocks, byte[] address) {
        return blocks.stream().filter(block -> block.contains(address)).map(Block::what).findFirst();
    }

    private static Block block(String prefix, int bits, String what) {
        InetAddress address = IpLiteral.parse(prefix).orElseThrow();
        if ((address instanceof Inet4Address) == prefix.contains(":")) {
            throw new IllegalArgumentException(prefix);
        }
        return new Block(address.getAddress(), bits, what);
    }
}
