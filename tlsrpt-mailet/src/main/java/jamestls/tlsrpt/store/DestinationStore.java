package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;

/**
 * What is known about destinations apart from single reports, so that a restart forgets no limit and servers share them. Safe
 * for many threads. All methods may throw {@code StorageOutage}.
 */
public interface DestinationStore {

    /**
     * A mail address that gets no reports for a while.
     *
     * @param address in lower case
     * @param until when that ends
     * @param why a line of printable ASCII
     */
    record Suppressed(String address, Instant until, String why) {
    }

    /** The addresses that get no reports at that time. */
    List<Suppressed> suppressed(Instant now);

    /** Adds an address; ignored if the address is suppressed for longer already. */
    void suppress(Suppressed mailbox);

    /** How many reports each host got on a UTC day. */
    Map<DomainName, Long> ofDay(LocalDate day);

    /** Adds to that. @return what these hosts got on that day from all servers, this included */
    Map<DomainName, Long> add(LocalDate day, Map<DomainName, Integer> more);

    /**
     * The store's identity: 32 random octets that nobody outside knows, the same for all servers and for ever, made when first asked
     * for. A store in memory has another one after each start. Use it as the key of an HMAC over the name of the purpose and the data.
     */
    byte[] secret();

    /** Drops what is kept about days before {@code firstKept}. */
    void forget(LocalDate firstKept);
}
