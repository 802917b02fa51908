package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;

/**
 * Limits and suppressions of destinations, over restarts and for all servers. Thread-safe. All methods may throw
 * {@code StorageOutage}.
 */
public interface DestinationStore {

    /**
     * A mail address that gets no reports for some time.
     *
     * @param address the address in lower case
     * @param until end of the suppression
     * @param why reason, one line of printable ASCII
     */
    record Suppressed(String address, Instant until, String why) {

        /** All suppressions have the same length: one that ends this much later than a new one was written with a wrong clock. */
        static final Duration MAX_AHEAD = Duration.ofDays(1);
    }

    /**
     * State of one policy domain at a host for which there are more reports than its daily limit.
     *
     * @param first time of the first accepted report; {@code Instant.EPOCH} for never, here and below
     * @param last time of the last accepted report
     * @param waitsUntil end of the time in which a report of that domain waits for the limit
     */
    record Share(DomainName host, DomainName domain, Instant first, Instant last, Instant waitsUntil) {
    }

    /** The addresses that are suppressed at that time. */
    List<Suppressed> suppressed(Instant now);

    /** Adds a suppression, unless the address is suppressed for longer already. */
    void suppress(Suppressed entry);

    /** Number of reports by host on a UTC day. */
    Map<DomainName, Long> reportsPerHost(LocalDate day);

    /**
     * Adds to the numbers of a UTC day.
     *
     * @return the new totals of these hosts, for all servers
     */
    Map<DomainName, Long> add(LocalDate day, Map<DomainName, Integer> more);

    /** All shares, at most a million. */
    List<Share> shares();

    /** Writes shares. A share that exists keeps its {@code first} if that is set, and the later {@code last}. */
    void save(List<Share> shares);

    /** Marks that the host has not accepted a report of that domain, because it bounced later. */
    void revokeAcceptance(DomainName host, DomainName domain);

    /**
     * The secret of the store: 32 random octets, created at the first call, the same for all servers and over restarts. A store in memory
     * has a new one after each start. Use it as the key of an HMAC over the name of the purpose and the data.
     */
    byte[] secret();

    /** Deletes everything about days before {@code firstKept}. */
    void forget(LocalDate firstKept);
}
