package jamestls.mtasts.sts;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jamestls.dns.DomainName;
import jamestls.outcome.Violation;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The failed fetches of this server that stand in no report yet (RFC 8461 §6), at most one for each domain. A failure counts once, with the
 * next session to the domain; failures of the background refresh count once a day. Bounded: what finds no room is not reported.
 */
public final class UnreportedFetches {

    /** The cause of a fetch. */
    enum Cause { DELIVERY, REFRESH }

    private static final long MAX_DOMAINS = 100_000;

    private final Cache<DomainName, FailedFetch> waiting = cache();
    /** The UTC day in whose report the last failure of the background refresh stands. */
    private final Cache<DomainName, LocalDate> refreshDays = cache();

    private static <T> Cache<DomainName, T> cache() {
        return Caffeine.newBuilder().executor(Runnable::run).maximumSize(MAX_DOMAINS).build();
    }

    /** Notes a failure. One of a delivery that still waits to be reported is not replaced by one of the refresh. */
    void add(DomainName domain, Violation problem, Cause cause) {
        FailedFetch fresh = new FailedFetch(domain, problem, cause);
        waiting.asMap().merge(domain, fresh, (known, added) ->
            cause == Cause.REFRESH && known.cause == Cause.DELIVERY && !known.reported.get() ? known : added);
    }

    /** The failure to report with the next session to a domain. */
    Optional<FailedFetch> find(DomainName domain) {
        return Optional.ofNullable(waiting.getIfPresent(domain)).filter(each -> !each.reported.get());
    }

    /** A fetch that failed while a cached policy applied. Safe for many threads. */
    public final class FailedFetch {

        private final DomainName domain;
        private final Violation problem;
        private final Cause cause;
        private final AtomicBoolean reported = new AtomicBoolean();

        private FailedFetch(DomainName domain, Violation problem, Cause cause) {
            this.domain = domain;
            this.problem = problem;
            this.cause = cause;
        }

        /** Why it failed. */
        public Violation problem() {
            return problem;
        }

        /**
         * Enters the failure into the report of that time.
         *
         * @return whether it is to be counted; true at most once
         */
        public boolean enterReport(Instant at) {
            if (!reported.compareAndSet(false, true)) {
                return false;
            }
            waiting.asMap().remove(domain, this);
            LocalDate day = at.atZone(ZoneOffset.UTC).toLocalDate();
            return cause == Cause.DELIVERY || !day.equals(refreshDays.asMap().put(domain, day));
        }
    }
}
