package jamestls.dns;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Pattern;
import org.xbill.DNS.Address;

/** Parses IP address literals, without DNS. */
public final class IpLiteral {

    // no leading zeros: some parsers read 010 as octal
    private static final String OCTET = "(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])";
    private static final Pattern IPV4 = Pattern.compile("(?:" + OCTET + "\\.){3}" + OCTET);
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:]{2,39}|[0-9a-fA-F:]{1,30}:(?:" + OCTET + "\\.){3}" + OCTET);

    private IpLiteral() {
    }

    /**
     * An IPv4 address as four decimal numbers without leading zeros, or an IPv6 address (RFC 4291 §2.2) without brackets
     * and zone. An IPv4-mapped one gives the IPv4 address, because that is what the JVM would connect to.
     */
    public static Optional<InetAddress> parse(String text) {
        byte[] address = IPV4.matcher(text).matches() ? Address.toByteArray(text, Address.IPv4)
            : IPV6.matcher(text).matches() ? Address.toByteArray(text, Address.IPv6) : null;
        if (address == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.getByAddress(address));
        } catch (UnknownHostException malformed) {
            return Optional.empty();
        }
    }
}
