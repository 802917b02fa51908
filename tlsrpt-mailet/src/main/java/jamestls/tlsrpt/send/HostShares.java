package jamestls.tlsrpt.send;

import jamestls.dns.DomainName;
import jamestls.tlsrpt.store.DestinationStore.Share;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Who gets the next report to a host that there are more reports for than it may get on a day: the policy domain whose last report is
 * oldest. Not safe for several threads.
 */
public final class HostShares {

    /** Whoever names a stranger's host in any number of records, and gets them accepted, makes the cap that many times larger at most. */
    static final int MAX_GROWTH = 10;
    /** Longer than any: a report waits until 48 hours after its day. */
    private static final Duration MAX_WAIT = Duration.ofDays(4);
    private static final Duration MAX_AHEAD = Duration.ofHours(1);

    private final DomainName host;
    private final Map<DomainName, Share> byDomain = new HashMap<>();
    private final Set<DomainName> changed = new HashSet<>();
    private Instant capOf = Instant.MIN;
    private long cap;
    private final TreeSet<Share> waiting = new TreeSet<>(Comparator.comparing(Share::last).thenComparing(Share::domain));

    HostShares(DomainName host) {
        this.host = host;
    }

    /**
     * Reports that a host may get on a day.
     *
     * @param most where nothing is known about it
     * @param shares of the host; each domain for which it accepted a report before {@code today} makes room for one more
     * @param today the day's first instant
     */
    public static long cap(long most, Collection<Share> shares, Instant today) {
        long accepted = shares.stream().filter(share -> share.first().isAfter(Instant.EPOCH) && share.first().isBefore(today)).count();
        return Math.min(most * MAX_GROWTH, most + accepted);
    }

    long cap(long most, Instant today) {
        if (!today.equals(capOf)) {
            cap = cap(most, byDomain.values(), today);
            capOf = today;
        }
        return cap;
    }

    /** Takes over what the store has, apart from what it does not know yet, and from what a clock wrote that was wrong. */
    void load(Share read, Instant now) {
        Share share = new Share(host, read.domain(), past(read.first(), now), past(read.last(), now),
            read.waitsUntil().isAfter(now.plus(MAX_WAIT)) ? Instant.EPOCH : read.waitsUntil());
        if (!changed.contains(share.domain())) {
            // what was accepted today makes no room before tomorrow, but what other servers know may
            capOf = Instant.MIN;
            put(share);
        }
    }

    private static Instant past(Instant time, Instant now) {
        return time.isAfter(now.plus(MAX_AHEAD)) ? Instant.EPOCH : time;
    }

    /** Whether so many domains wait whose last report is older that nothing is left for this one. */
    boolean areOthersAhead(DomainName domain, long free, Instant now) {
        Share own = share(domain);
        long ahead = 0;
        for (Share each : waiting) {
            if (ahead >= free || waiting.comparator().compare(each, own) >= 0) {
                break;
            }
            ahead += each.waitsUntil().isAfter(now) ? 1 : 0;
        }
        return ahead >= free;
    }

    /** It got no share, and asks again until then. */
    void waits(DomainName domain, Instant until) {
        Share before = share(domain);
        change(new Share(host, domain, before.first(), before.last(), until.isAfter(before.waitsUntil()) ? until : before.waitsUntil()));
    }

    /** It got a share. */
    void granted(DomainName domain) {
        Share before = share(domain);
        if (before.waitsUntil().isAfter(Instant.EPOCH)) {
            change(new Share(host, domain, before.first(), before.last(), Instant.EPOCH));
        }
    }

    /** The host accepted a report for it. */
    void accepted(DomainName domain, Instant now) {
        Share before = share(domain);
        change(new Share(host, domain, before.first().equals(Instant.EPOCH) ? now : before.first(), now, before.waitsUntil()));
    }

    /** What the store does not know yet. */
    List<Share> takeChanged() {
        List<Share> taken = new ArrayList<>(changed.size());
        changed.forEach(domain -> taken.add(byDomain.get(domain)));
        changed.clear();
        return taken;
    }

    /** The store does not know it after all. */
    void untake(Share share) {
        changed.add(share.domain());
    }

    private Share share(DomainName domain) {
        Share known = byDomain.get(domain);
        return known == null ? new Share(host, domain, Instant.EPOCH, Instant.EPOCH, Instant.EPOCH) : known;
    }

    private void change(Share fresh) {
        put(fresh);
        changed.add(fresh.domain());
    }

    private void put(Share fresh) {
        Share before = byDomain.put(fresh.domain(), fresh);
        if (before != null) {
            waiting.remove(before);
        }
        if (fresh.waitsUntil().isAfter(Instant.EPOCH)) {
            waiting.add(fresh);
        }
    }
}
