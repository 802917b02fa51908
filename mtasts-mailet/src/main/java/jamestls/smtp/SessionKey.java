package jamestls.smtp;

import jamestls.dns.DomainName;
import java.net.InetSocketAddress;

/**
 * The properties that two sessions must share before one can be used in place of the other. Whether a session is good enough for a
 * certain mail is decided from its observation, for each mail.
 *
 * @param mxHost the host meant
 * @param sni the name in SNI: the same address under another name may show another certificate
 * @param address resolved, and the port
 * @param identity the name used with AUTH; empty without AUTH. Sessions that have logged in have the
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
