package jamestls.outcome;

import jamestls.dns.DomainName;
import java.net.InetAddress;
import java.util.Optional;

/**
 * The two ends of a session as far as they were known when it ended. A policy that could not be fetched has no peer at
 * all, a host that the policy does not list has a name but no address.
 *
 * @param sendingIp our end of the connection
 * @param mxHost the MX host tried
 * @param helo the name the server gave in its EHLO reply: a stranger's text, printable ASCII, at most 255 characters
 * @param receivingIp the server's address
 */
public record Peer(Optional<InetAddress> sendingIp, Optional<DomainName> mxHost, Optional<String> helo,
                   Optional<InetAddress> receivingIp) {

    private static final int MAX_HELO = 255;

    public Peer {
        helo = helo.map(Peer::clean).filter(name -> !name.isEmpty());
    }

    /** No server was reached or even chosen. */
    public static Peer unknown() {
        return new Peer(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** A host that was considered but not connected to. */
    public static Peer named(DomainName mxHost) {
        return new Peer(Optional.empty(), Optional.of(mxHost), Optional.empty(), Optional.empty());
    }

    private static String clean(String text) {
        String printable = text.replaceAll("[^\\x21-\\x7e]", "?");
        return printable.length() > MAX_HELO ? printable.substring(0, MAX_HELO) : printable;
    }
}
