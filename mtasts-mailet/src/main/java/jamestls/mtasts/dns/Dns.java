package jamestls.mtasts.dns;

import java.net.InetAddress;

/**
 * All that this project asks of DNS. Look-ups block, follow CNAMEs, obey a deadline of their own, and never throw for
 * what the network answers: they return one of the four {@link DnsAnswer}s.
 */
public interface Dns {

    /** The MX records, in no particular order. A name that is malformed on the wire makes the answer {@code Failed}. */
    DnsAnswer<MxRecord> mx(DomainName domain);

    /**
     * The AAAA and A records together, IPv6 first. An error in one family does not spoil the other: the answer is
     * {@code Failed} or {@code Bogus} only if neither family has an address and one of them could not be found out.
     */
    DnsAnswer<InetAddress> addresses(DomainName host);

    /** The TXT records; the character-strings of one record are joined without blanks (RFC 8461 §3.1, RFC 8460 §3). */
    DnsAnswer<String> txt(DomainName name);
}
