package jamestls.fakeinternet;

/**
 * A question the DNS server was asked.
 *
 * @param name lower case, without the trailing dot
 * @param type as in a zone file, for example {@code AAAA}
 * @param transport what it came by
 */
public record DnsQuery(String name, String type, Transport transport) {

    /** UDP datagram or TCP stream. */
    public enum Transport {
        UDP, TCP
    }
}
