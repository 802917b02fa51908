package jamestls.tlsrpt.store;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds of what is kept: names, addresses and reasons are strangers' choices and must not fill the memory.
 *
 * @param days different days at once
 * @param domainsPerDay recipient domains in a day; sessions to further ones are dropped
 * @param policiesPerDomain different policies of a domain in a day; sessions under further ones are dropped
 * @param detailsPerPolicy failure details kept one by one; further ones are folded into one for each result type
 * @param bytes of memory for everything together, roughly
 */
public record TallyLimits(int days, int domainsPerDay, int policiesPerDomain, int detailsPerPolicy, long bytes) {

    public static final TallyLimits DEFAULT = new TallyLimits(4, 100_000, 100, 1_000, 64L << 20);

    public TallyLimits {
        if (days < 1 || domainsPerDay < 1 || policiesPerDomain < 1 || detailsPerPolicy < 0 || bytes < 0) {
            throw new IllegalArgumentException("a limit allows at least one");
        }
    }

    /** Memory that may still be used. Safe for many threads. */
    public static final class ByteBudget {

        private final AtomicLong left;

        private ByteBudget(long bytes) {
            this.left = new AtomicLong(bytes);
        }

        /** Takes it if there is that much. */
        boolean take(long bytes) {
            if (left.addAndGet(-bytes) >= 0) {
                return true;
            }
            left.addAndGet(bytes);
            return false;
        }

        void giveBack(long bytes) {
            left.addAndGet(bytes);
        }

        long left() {
            return left.get();
        }
    }

    /** {@link #bytes} that nobody has taken yet. */
    public ByteBudget budget() {
        return new ByteBudget(bytes);
    }
}
