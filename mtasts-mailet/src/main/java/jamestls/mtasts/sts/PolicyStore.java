package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where policies are kept, at most one for each domain. Several servers may share a store; whoever fetched last is right.
 * Any method may throw a {@link RuntimeException} when the store is out of order: {@link StsPolicies} then goes on with what
 * it has in memory.
 */
public interface PolicyStore {

    /** The policy of that domain, expired or not. */
    Optional<StoredPolicy> find(DomainName domain);

    /** Keeps this policy, unless the one it has {@linkplain StoredPolicy#isNewerThan is newer}. */
    void save(StoredPolicy policy);

    /** Notes the last delivery that asked for each policy, and changes nothing else; domains without policy are passed over. */
    void used(Map<DomainName, Instant> lastUses);

    /**
     * The policies to refresh: {@code refreshAt} not after {@code now}, {@code lastUsed} not before {@code usedSince}, not
     * expired; longest due first, at most {@code limit}.
     */
    List<StoredPolicy> due(Instant now, Instant usedSince, int limit);

    /** Forgets the policies that expired before {@code now}, and the failures and claims that are over. */
    void removeExpired(Instant now);

    /** Notes a failed fetch of a domain that has no policy; the next {@link #save} for the domain forgets it. */
    void saveFailure(DomainName domain, FetchFailure failure);

    /** What {@link #saveFailure} noted last, over or not. */
    Optional<FetchFailure> findFailure(DomainName domain);

    /**
     * Asks to be the only one who fetches for that domain, among all servers that share the store.
     *
     * @param claimant the same for all claims of one server
     * @param until from then on others may claim, whatever became of the claimant
     * @return false while another one has the claim
     */
    boolean claim(DomainName domain, String claimant, Instant now, Instant until);

    /** Gives a claim back; nothing happens if it is another's. */
    void release(DomainName domain, String claimant);
}
