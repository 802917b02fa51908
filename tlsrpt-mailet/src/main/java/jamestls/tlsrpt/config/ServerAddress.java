package jamestls.tlsrpt.config;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** DNS servers as people write them: an IP address, with a port if it is not 53; IPv6 in brackets then. */
public final class ServerAddress {

    private static final int DNS_PORT = 53;
    private static final Pattern IPV4 = Pattern.compile("([0-9]{1,3}(?:\\.[0-9]{1,3}){3})(?::([0-9]{1,5}))?");
    private static final Pattern IPV6 = Pattern.compile("([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)");
    private static final Pattern IPV6_IN_BRACKETS = Pattern.compile("\\[([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)](?::([0-9]{1,5}))?");

    private ServerAddress() {
    }

    /** The address, or empty when the text is none. Names are not looked up: there would be no server to ask. */
    public static Optional<InetSocketAddress> parse(String text) {
        for (Pattern form : new Pattern[] {IPV4, IPV6_IN_BRACKETS, IPV6}) {
            Matcher matcher = form.matcher(text);
            if (matcher.matches()) {
                String port = matcher.groupCount() > 1 ? matcher.group(2) : null;
                return socketAddress(matcher.group(1), port == null ? DNS_PORT : Integer.parseInt(port));
            }
        }
        return Optional.empty();
    }

    private static Optional<InetSocketAddress> socketAddress(String address, int port) {
        try {
            return port < 1 || port > 65_535
                ? Optional.empty()
                : Optional.of(new InetSocketAddress(InetAddress.getByName(address), port));
        } catch (UnknownHostException notAnAddress) {
            return Optional.empty();
        }
    }
}
