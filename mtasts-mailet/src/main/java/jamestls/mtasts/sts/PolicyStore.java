package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Stores policies, at most one per domain. Several servers may share a store; the latest fetch wins. Any method may throw a
 * {@link RuntimeException} if the store fails; {@link StsPolicies} then goes on with its memory.
 */
public interface PolicyStore {

    /** The policy of that domain, expired or not. */
    Optional<StoredPolicy> find(DomainName domain);

    /**
     * The policies that servers have fetched at or after that time and that have not expired, the last used first, at most {@code limit};
     * none if the store belongs to one server.
     */
    default List<StoredPolicy> fetchedSince(Instant since, Instant now, int limit) {
        return List.of();
    }

    /** Stores this policy, unless the one it has {@linkplain StoredPolicy#isNewerThan is newer}. */
    void save(StoredPolicy policy);

    /** Stores the time of the last use of each policy; domains without policy are ignored. */
    void used(Map<DomainName, Instant> lastUses);

    /**
     * The policies to refresh: {@code refreshAt} not after {@code now}, {@code lastUsed} not before {@code usedSince}, not
     * expired; longest due first, at most {@code limit}.
     */
    List<StoredPolicy> due(Instant now, Instant usedSince, int limit);

    /** Removes the policies that expired before {@code now}, and expired failures and claims. */
    void removeExpired(Instant now);

    /** Stores a failed fetch of a domain without policy; the next {@link #save} of the domain removes it. */
    void saveFailure(DomainName domain, FetchFailure failure);

    /** What {@link #saveFailure} noted last, over or not. */
    Optional<FetchFailure> findFailure(DomainName domain);

    /**
     * Claims the exclusive right to fetch for a domain among the servers that share the store.
     *
     * @param claimant identifies the server
     * @param until when the claim expires
     * @return false while another server holds the claim
     */
    boolean claim(DomainName domain, String claimant, Instant now, Instant until);

    /** Releases a claim; ignored if another server holds it. */
    void release(DomainName domain, String claimant);
}
