package jamestls.tlsrpt.store;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Limits of the counters, because names, addresses and reasons are chosen by strangers.
 *
 * @param days maximum number of days
 * @param domainsPerDay maximum number of recipient domains per day; sessions to further ones are dropped
 * @param policiesPerDomain maximum number of policies per day and domain; sessions under further ones are dropped
 * @param detailsPerPolicy maximum number of separate failure details; further ones are folded into one per result type
 * @param bytes maximum memory of everything, estimated
 */
public record TallyLimits(int days, int domainsPerDay, int policiesPerDomain, int detailsPerPolicy, long bytes) {

    public static final TallyLimits DEFAULT = new TallyLimits(4, 100_000, 100, 1_000, 64L << 20);

    public TallyLimits {
        if (days < 1 || domainsPerDay < 1 || policiesPerDomain < 1 || detailsPerPolicy < 0 || bytes < 0) {
            throw new IllegalArgumentException("each limit must allow at least one");
        }
    }

    /** Counts the available memory. Thread-safe. */
    public static final class ByteBudget {

        private final AtomicLong left;

        private ByteBudget(long bytes) {
            this.left = new AtomicLong(bytes);
        }

        /** Reserves memory if that much is available. */
        boolean take(long bytes) {
            if (left.addAndGet(-bytes) >= 0) {
                return true;
            }
            left.addAndGet(bytes);
            return false;
        }

        void release(long bytes) {
            left.addAndGet(bytes);
        }

        long left() {
            return left.get();
        }
    }

    /** A new budget of {@link #bytes}. */
    public ByteBudget budget() {
        return new ByteBudget(bytes);
    }
}
