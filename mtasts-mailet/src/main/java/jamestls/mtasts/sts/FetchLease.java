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
 * Lets one server at a time fetch for a domain, among those that share a store; the others wait for what it stores. The claim
 * is a lease: a server that dies blocks nobody for longer than a fetch could have taken. The servers' clocks should agree to
 * some seconds; if they don't, a policy is fetched twice, and nothing worse.
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
     * @param answered the answer if the store has one by now that needs no fetch
     * @param fetch fetches and stores
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
            // who held the claim before may have finished between our look and our claim
            return answered.get().orElseGet(fetch);
        } finally {
            store.release(domain, me);
        }
    }
}
