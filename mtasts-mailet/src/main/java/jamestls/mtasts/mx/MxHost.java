package jamestls.mtasts.mx;

import jamestls.dns.DomainName;
import java.net.InetAddress;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A host that takes mail for a domain.
 *
 * @param name as the MX record gives it, or the domain itself where there is no MX record
 * @param preference 0 to 65535, lowest first
 * @param address the only address to use, where mail is sent to an address and not to a name; then nothing is looked up
 * @param port where it listens, if not where all MX hosts do
 * @param namedBy who says that mail goes there
 */
public record MxHost(DomainName name, int preference, Optional<InetAddress> address, OptionalInt port, NamedBy namedBy) {

    /** Who decides that mail goes to a host. */
    public enum NamedBy {
        /** DNS, or the address of a recipient: a stranger. */
        STRANGER,
        /** Our own configuration. It may lie in our own network, and even be this machine. */
        OPERATOR
    }

    /** A host that DNS names. */
    public MxHost(DomainName name, int preference) {
        this(name, preference, Optional.empty(), OptionalInt.empty(), NamedBy.STRANGER);
    }

    /** A bare address that a recipient's address literal names (RFC 5321 §4.1.3). */
    public static MxHost at(InetAddress address) {
        return new MxHost(nameOf(address), 0, Optional.of(address), OptionalInt.empty(), NamedBy.STRANGER);
    }

    /**
     * The name that stands for an address where a name is needed, in logs and for SNI: that of its PTR record (RFC 1035
     * §3.5, RFC 3596 §2.5). Nothing is looked up.
     */
    public static DomainName nameOf(InetAddress address) {
        StringBuilder name = new StringBuilder();
        byte[] bytes = address.getAddress();
        for (int i = bytes.length - 1; i >= 0; i--) {
            int octet = bytes[i] & 0xff;
            name.append(bytes.length == 4 ? octet + "." : Integer.toHexString(octet & 0xf) + "." + Integer.toHexString(octet >> 4) + ".");
        }
        return new DomainName(name.append(bytes.length == 4 ? "in-addr.arpa" : "ip6.arpa").toString());
    }
}
