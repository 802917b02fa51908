package jamestls.fakeinternet;

import java.util.Set;

/**
 * A question the DNS server was asked.
 *
 * @param name lower case, without the trailing dot
 * @param type as in a zone file, for example {@code AAAA}
 * @param transport what it came by
 * @param bits what it asked for beside the records
 */
public record DnsQuery(String name, String type, Transport transport, Set<Bit> bits) {

    /** The bits that bear on DNSSEC. */
    public enum Bit {
        /** Checking disabled: also what does not validate (RFC 4035 §3.2.2). */
        CD,
        /** Whether it is authentic (RFC 6840 §5.7). */
        AD,
        /** Signatures and proofs (RFC 3225). */
        DO
    }

    /** UDP datagram or TCP stream. */
    public enum Transport {
        UDP, TCP
    }
}
