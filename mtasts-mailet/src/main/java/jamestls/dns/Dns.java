package jamestls.dns;

import java.net.InetAddress;

/**
 * The DNS look-ups that outbound mail needs. They block, follow CNAMEs, keep a deadline of their own, and never throw for what
 * the network answers: they return one of the four {@link DnsAnswer}s.
 */
public interface Dns {

    /** A question that {@link #prefetch} can begin. */
    enum Question {
        ADDRESSES, TXT,
        /** Begun only for hosts in signed zones, since the records of others are not used (RFC 7672 §2.2). */
        TLSA
    }

    /**
     * The MX records, in no particular order. One whose exchange is no host name is left out, unless there are only such
     * ({@link MxRecord#isMalformed}).
     */
    DnsAnswer<MxRecord> mx(DomainName domain);

    /**
     * The AAAA and A records together, IPv6 first. An error in one family does not spoil the other: the answer is
     * {@code Failed} or {@code Bogus} only if neither family has an address and one of them is unknown.
     *
     * <p>The security is that of the addresses returned: {@code SECURE} only if every one of them came in a secure answer,
     * so the caller need not ask which family an address is of (RFC 7672 §2.2.2). A family without addresses is not
     * considered. The canonical name is that of the AAAA records where there are any; both families share it, since a CNAME
     * stands for all types.
     */
    DnsAnswer<InetAddress> addresses(DomainName host);

    /** The TXT records; the character-strings of one record are joined without blanks (RFC 8461 §3.1, RFC 8460 §3). */
    DnsAnswer<String> txt(DomainName name);

    /**
     * The TLSA records at {@code owner}, such as {@code _25._tcp.mx.example.com} (RFC 7672 §2.2.3). Each is as published, in no
     * particular order; the caller judges which are usable,
     * because a set without a usable record still demands TLS. Used only below a secure address answer (RFC 7672 §2.2.2).
     */
    DnsAnswer<TlsaRecord> tlsa(DomainName owner);

    /** The CNAME record at {@code alias} itself, one at most, not followed: whether the alias is proven (RFC 7672 §2.2.2). */
    DnsAnswer<DomainName> cname(DomainName alias);

    /**
     * Begins a look-up whose answer will soon be asked for, and does not wait for it. Changes no answer, and may do nothing, as here.
     *
     * @return whether a look-up was begun; false if its answer is cached or another caller waits for it
     */
    default boolean prefetch(Question question, DomainName name) {
        return false;
    }
}
