package jamestls.mtasts.mx;

import jamestls.dns.DomainName;
import java.net.InetAddress;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A mail host of a domain, or a gateway.
 *
 * @param name the name in the MX record, or the domain itself without MX records
 * @param preference 0 to 65535, lowest first
 * @param address the only address to use, for address literals; then nothing is looked up
 * @param port the port, if it is not that of all MX hosts
 * @param namedBy the source of the name
 */
public record MxHost(DomainName name, int preference, Optional<InetAddress> address, OptionalInt port, NamedBy namedBy) {

    /** The source of a host name. */
    public enum NamedBy {
        /** DNS or a recipient's address: not trusted. */
        DNS,
        /** The configuration. The host may be in a private network, or be this machine. */
        OPERATOR
    }

    /** A host named by DNS. */
    public MxHost(DomainName name, int preference) {
        this(name, preference, Optional.empty(), OptionalInt.empty(), NamedBy.DNS);
    }

    /** The address of an address literal (RFC 5321 §4.1.3). */
    public static MxHost at(InetAddress address) {
        return new MxHost(nameOf(address), 0, Optional.of(address), OptionalInt.empty(), NamedBy.DNS);
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
