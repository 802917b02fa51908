package jamestls.mtasts.mx;

import jamestls.dns.DomainName;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The name and addresses of this server, to detect mail loops (RFC 5321 §5.1).
 *
 * @param name the name in EHLO; empty if it has no dot, such as {@code localhost}
 * @param addresses the addresses of its network interfaces, without loopback
 */
public record OwnAddresses(Optional<DomainName> name, Set<InetAddress> addresses) {

    public OwnAddresses {
        addresses = Set.copyOf(addresses);
    }

    /** No name and no addresses: detects no loop. */
    public static OwnAddresses unknown() {
        return new OwnAddresses(Optional.empty(), Set.of());
    }

    /** The name and the present addresses of this machine. */
    public static OwnAddresses named(String heloName) {
        Set<InetAddress> addresses = new HashSet<>();
        try {
            NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress()).forEach(addresses::add);
        } catch (SocketException e) {
            // only the name is used
        }
        return new OwnAddresses(DomainName.parse(heloName).filter(name -> name.ascii().contains(".")), addresses);
    }

    boolean is(DomainName host) {
        return name.filter(host::equals).isPresent();
    }

    public boolean is(InetAddress address) {
        return addresses.contains(address);
    }

    /** Whether {@code heloName}, as a server greets, is the name of this server. */
    public boolean answersTo(String heloName) {
        return DomainName.parse(heloName).filter(this::is).isPresent();
    }
}
