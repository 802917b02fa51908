package jamestls.mtasts.sts;

import jamestls.mtasts.dns.DomainName;
import java.time.Instant;
import java.util.List;
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

    /** Notes that a delivery asked for the policy, and changes nothing else; nothing happens if there is none. */
    void used(DomainName domain, Instant at);

    /**
     * The policies to refresh: {@code refreshAt} not after {@code now}, {@code lastUsed} not before {@code usedSince}, not
     * expired; longest due first, at most {@code limit}.
     */
    List<StoredPolicy> due(Instant now, Instant usedSince, int limit);

    /** Forgets the policies that expired before {@code now}. */
    void removeExpired(Instant now);
}
