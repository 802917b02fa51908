package jamestls.smtp;

import jamestls.dns.DomainName;
import java.net.InetSocketAddress;

/**
 * Which sessions are alike enough to stand in for each other, as far as this room can tell. That a session is also good
 * enough for a certain mail is for its observation to show, each time anew.
 *
 * @param mxHost the host meant
 * @param sni the name in SNI: the same address under another name may show another certificate
 * @param address resolved, and the port
 * @param identity who we are to the server; empty where we are nobody in particular. Sessions that have logged in have the
 *     name they used here, so that no mail of another sender travels under it
 */
public record SessionKey(DomainName mxHost, DomainName sni, InetSocketAddress address, String identity) {

    /** A session with a mail server of the internet, without AUTH. */
    public SessionKey(DomainName mxHost, DomainName sni, InetSocketAddress address) {
        this(mxHost, sni, address, "");
    }

    /** The same, asked for under its own name. */
    public SessionKey(DomainName mxHost, InetSocketAddress address) {
        this(mxHost, address, "");
    }

    /** A session asked for under the host's own name. */
    public SessionKey(DomainName mxHost, InetSocketAddress address, String identity) {
        this(mxHost, mxHost, address, identity);
    }
}
