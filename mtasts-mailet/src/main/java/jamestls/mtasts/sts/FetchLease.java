package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/**
 * Lets one of the servers that share a store fetch the policy of a domain; the others wait for its result. The lease expires after the
 * longest time of a fetch, so a server that dies blocks the others no longer. The servers' clocks should agree within some seconds; if
 * they don't, a policy may be fetched twice.
 */
final class FetchLease {

    /** A little more than the deadline of a fetch. */
    static final Duration LEASE = Duration.ofSeconds(75);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

    private final PolicyStore store;
    private final Clock clock;
    private final String me = UUID.randomUUID().toString();

    FetchLease(PolicyStore store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    /**
     * @param answered the stored answer, if it makes a fetch unnecessary
     * @param fetch fetches and stores the policy
     */
    StsLookup take(DomainName domain, Supplier<Optional<StsLookup>> answered, Supplier<StsLookup> fetch) {
        long begun = System.nanoTime();
        for (;;) {
            Optional<StsLookup> answer = answered.get();
            if (answer.isPresent()) {
                return answer.get();
            }
            Instant now = clock.instant();
            if (store.claim(domain, me, now, now.plus(LEASE)) || System.nanoTime() - begun > LEASE.toNanos()) {
                return holding(domain, answered, fetch);
            }
            LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        }
    }

    private StsLookup holding(DomainName domain, Supplier<Optional<StsLookup>> answered, Supplier<StsLookup> fetch) {
        try {
            // the holder before may have finished between the look-up and the claim
            return answered.get().orElseGet(fetch);
        } finally {
            store.release(domain, me);
        }
    }
}
