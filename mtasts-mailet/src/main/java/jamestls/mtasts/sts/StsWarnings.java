package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import jamestls.outcome.Violation;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an operator should look at (RFC 8461 §3.3, §10.2): a policy that became weaker, one that cannot be refreshed, one
 * that ran out because of that. Each is one warning in the log, not one per mail; counters and the list are for metrics and
 * health checks.
 */
public final class StsWarnings {

    private static final Logger LOGGER = LoggerFactory.getLogger(StsWarnings.class);
    /** More are logged and not listed. */
    private static final int MAX_LIST = 10_000;

    private final ConcurrentMap<DomainName, Unrefreshable> unrefreshable = new ConcurrentHashMap<>();
    private final LongAdder weakenings = new LongAdder();
    private final LongAdder lapses = new LongAdder();

    /**
     * A policy that still applies and could not be fetched anew when it had to be.
     *
     * @param since when that was noticed first
     * @param expires when the policy will be lost
     */
    public record Unrefreshable(DomainName domain, StsPolicy.Mode mode, Instant since, Instant expires, Violation problem) {
    }

    /** The policies in danger now, in no order; at most 10,000. Mode none is never in it. */
    public List<Unrefreshable> unrefreshable() {
        return List.copyOf(unrefreshable.values());
    }

    /** How many times an enforce policy was replaced by one that is not, since the start. */
    public long weakenings() {
        return weakenings.sum();
    }

    /** How many enforce policies ran out that could not be refreshed, since the start. */
    public long lapses() {
        return lapses.sum();
    }

    void weakened(DomainName domain, StsPolicy.Mode now) {
        weakenings.increment();
        LOGGER.warn("The MTA-STS policy of {} was enforce and is {} now", domain, now.wireName());
    }

    void cannotRefresh(StoredPolicy stored, Violation problem, Instant now) {
        if (stored.policy().mode() == StsPolicy.Mode.NONE) {
            return;
        }
        Unrefreshable known = unrefreshable.get(stored.domain());
        if (known == null) {
            LOGGER.warn("The MTA-STS policy of {} (mode {}) cannot be refreshed and expires {}: {}",
                stored.domain(), stored.policy().mode().wireName(), stored.expires(), problem);
        }
        if (known != null || unrefreshable.size() < MAX_LIST) {
            unrefreshable.put(stored.domain(), new Unrefreshable(stored.domain(), stored.policy().mode(),
                known == null ? now : known.since(), stored.expires(), problem));
        }
    }

    void over(DomainName domain) {
        if (unrefreshable.remove(domain) != null) {
            LOGGER.info("The MTA-STS policy of {} is up to date again", domain);
        }
    }

    void noticeExpired(Instant now) {
        for (Unrefreshable lost : unrefreshable.values()) {
            if (!now.isBefore(lost.expires()) && unrefreshable.remove(lost.domain(), lost) && lost.mode() == StsPolicy.Mode.ENFORCE) {
                lapses.increment();
                LOGGER.warn("The MTA-STS policy of {} expired: mail goes there without enforcement", lost.domain());
            }
        }
    }
}
