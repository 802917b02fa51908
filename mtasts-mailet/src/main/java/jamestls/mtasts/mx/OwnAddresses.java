package jamestls.mtasts.mx;

import jamestls.dns.DomainName;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Name and addresses by which this server recognizes itself among MX hosts, so that mail does not loop (RFC 5321 §5.1).
 *
 * @param name what it calls itself in EHLO; empty if that is no name of its own, such as {@code localhost}
 * @param addresses of its network interfaces, without loopback
 */
public record OwnAddresses(Optional<DomainName> name, Set<InetAddress> addresses) {

    public OwnAddresses {
        addresses = Set.copyOf(addresses);
    }

    /** Recognizes nothing. */
    public static OwnAddresses unknown() {
        return new OwnAddresses(Optional.empty(), Set.of());
    }

    /** With the addresses this machine has now. */
    public static OwnAddresses named(String heloName) {
        Set<InetAddress> addresses = new HashSet<>();
        try {
            NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress()).forEach(addresses::add);
        } catch (SocketException e) {
            // recognized by its name alone
        }
        return new OwnAddresses(DomainName.parse(heloName).filter(name -> name.ascii().contains(".")), addresses);
    }

    boolean is(DomainName host) {
        return name.filter(host::equals).isPresent();
    }

    public boolean is(InetAddress address) {
        return addresses.contains(address);
    }

    /** Whether a server that calls itself so is this one. */
    public boolean answersTo(String heloName) {
        return DomainName.parse(heloName).filter(this::is).isPresent();
    }
}
