package jamestls.mtasts.sts;

import jamestls.dns.DomainName;
import jamestls.net.SanitizedLogger;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;

/**
 * Warns operators (RFC 8461 §3.3, §10.2) of policies that became weaker, can't be refreshed, or expired because of that. Each is logged
 * once, not once per mail; counters and the list are for metrics and health checks.
 */
public final class StsWarnings {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(StsWarnings.class);
    /** The most policies listed; further ones are only logged. */
    private static final int MAX_LIST = 10_000;
    private static final int MAX_NAMED = 5;

    private final ConcurrentMap<DomainName, Unrefreshable> unrefreshable = new ConcurrentHashMap<>();
    private final LongAdder weakenings = new LongAdder();
    private final LongAdder lapses = new LongAdder();

    /**
     * A valid policy whose refresh failed.
     *
     * @param since when the failure was noticed first
     * @param expires when the policy expires
     * @param why one line for logs ({@link FetchFailure#why})
     */
    public record Unrefreshable(DomainName domain, StsPolicy.Mode mode, Instant since, Instant expires, String why) {
    }

    /** The policies that can't be refreshed now, unordered, at most 10,000, without mode none. */
    public List<Unrefreshable> unrefreshable() {
        return List.copyOf(unrefreshable.values());
    }

    /** The same for a health check: how many, and the first of them; empty if there are none. */
    public Optional<String> problem() {
        List<Unrefreshable> stale = unrefreshable();
        return stale.isEmpty() ? Optional.empty() : Optional.of(stale.size() + " MTA-STS policies can't be refreshed: "
            + stale.stream().limit(MAX_NAMED).map(policy -> policy.domain() + " (mode " + policy.mode().wireName() + ", expires "
                + policy.expires() + ", " + policy.why() + ")").collect(Collectors.joining(", ")));
    }

    /** How many enforce policies were replaced by weaker ones since the start. */
    public long weakenings() {
        return weakenings.sum();
    }

    /** How many enforce policies expired because they could not be refreshed, since the start. */
    public long lapses() {
        return lapses.sum();
    }

    void weakened(DomainName domain, StsPolicy.Mode now) {
        weakenings.increment();
        LOGGER.warn("The MTA-STS policy of {} changed from enforce to {}", domain, now.wireName());
    }

    void cannotRefresh(StoredPolicy stored, String why, Instant now) {
        if (stored.policy().mode() == StsPolicy.Mode.NONE) {
            return;
        }
        Unrefreshable known = unrefreshable.get(stored.domain());
        if (known == null) {
            LOGGER.warn("The MTA-STS policy of {} (mode {}) can't be refreshed and expires {}: {}",
                stored.domain(), stored.policy().mode().wireName(), stored.expires(), why);
        }
        if (known != null || unrefreshable.size() < MAX_LIST) {
            unrefreshable.put(stored.domain(), new Unrefreshable(stored.domain(), stored.policy().mode(),
                known == null ? now : known.since(), stored.expires(), why));
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
                LOGGER.warn("The MTA-STS policy of {} expired: mail is sent there without enforcement", lost.domain());
            }
        }
    }
}
