package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import java.time.Duration;
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

        /** All last equally long: one that ends so much later than a new one is from a clock that was wrong. */
        static final Duration MAX_AHEAD = Duration.ofDays(1);
    }

    /**
     * What is known about the reports for one policy domain to a host that there are more reports for than it may get on a day.
     *
     * @param first when the host first accepted one; {@code Instant.EPOCH} for never, here and below
     * @param last when it last accepted one
     * @param waitsUntil until when a report for that domain waits for its share
     */
    record Share(DomainName host, DomainName domain, Instant first, Instant last, Instant waitsUntil) {
    }

    /** The addresses that get no reports at that time. */
    List<Suppressed> suppressed(Instant now);

    /** Adds an address; ignored if the address is suppressed for longer already, unless by a clock that was wrong. */
    void suppress(Suppressed mailbox);

    /** How many reports each host got on a UTC day. */
    Map<DomainName, Long> ofDay(LocalDate day);

    /** Adds to that. @return what these hosts got on that day from all servers, this included */
    Map<DomainName, Long> add(LocalDate day, Map<DomainName, Integer> more);

    /** All shares, at most a million. */
    List<Share> shares();

    /** Writes shares; of two about one host and domain the earlier {@code first}, the later {@code last}, and the new wait stay. */
    void save(List<Share> shares);

    /** A report for that domain that the host was said to have accepted came back: it counts as never accepted. */
    void disown(DomainName host, DomainName domain);

    /**
     * The store's identity: 32 random octets that nobody outside knows, the same for all servers and for ever, made when first asked
     * for. A store in memory has another one after each start. Use it as the key of an HMAC over the name of the purpose and the data.
     */
    byte[] secret();

    /** Drops what is kept about days before {@code firstKept}. */
    void forget(LocalDate firstKept);
}
