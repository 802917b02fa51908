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
 * Distributes the daily limit of one host among policy domains: the domain whose last report is oldest is next. Used for hosts for which
 * there are more reports than the limit allows. Not thread-safe.
 */
public final class HostShares {

    /** Maximum growth of the daily limit, because an attacker can get any number of domains accepted by another party's host. */
    static final int MAX_GROWTH = 10;
    /** Longer than any real wait: a report waits until 48 hours after its day. */
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
     * The number of reports that a host may get on a day.
     *
     * @param most the configured limit
     * @param shares of the host; each domain for which it accepted a report before {@code today} raises the limit by one
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

    /** Takes over a share from the store, unless there is an unsaved change; times in the future, from a wrong clock, are reset. */
    void load(Share read, Instant now) {
        Share share = new Share(host, read.domain(), past(read.first(), now), past(read.last(), now),
            read.waitsUntil().isAfter(now.plus(MAX_WAIT)) ? Instant.EPOCH : read.waitsUntil());
        if (!changed.contains(share.domain())) {
            // reports accepted today raise the limit tomorrow only, but other servers may know of earlier ones
            capOf = Instant.MIN;
            put(share);
        }
    }

    private static Instant past(Instant time, Instant now) {
        return time.isAfter(now.plus(MAX_AHEAD)) ? Instant.EPOCH : time;
    }

    /** Whether the domains that wait and whose last report is older use up the {@code free} reports. */
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

    /** Notes that the domain has to wait, and the last time at which its report can be tried. */
    void waits(DomainName domain, Instant until) {
        Share before = share(domain);
        change(new Share(host, domain, before.first(), before.last(), until.isAfter(before.waitsUntil()) ? until : before.waitsUntil()));
    }

    /** Notes that the domain may send its report and does not wait any more. */
    void granted(DomainName domain) {
        Share before = share(domain);
        if (before.waitsUntil().isAfter(Instant.EPOCH)) {
            change(new Share(host, domain, before.first(), before.last(), Instant.EPOCH));
        }
    }

    /** Notes that the host accepted a report about the domain. */
    void accepted(DomainName domain, Instant now) {
        Share before = share(domain);
        change(new Share(host, domain, before.first().equals(Instant.EPOCH) ? now : before.first(), now, before.waitsUntil()));
    }

    /** Removes and returns the unsaved changes. */
    List<Share> takeChanged() {
        List<Share> taken = new ArrayList<>(changed.size());
        changed.forEach(domain -> taken.add(byDomain.get(domain)));
        changed.clear();
        return taken;
    }

    /** Marks a share as unsaved again, after a failed write. */
    void markUnsaved(Share share) {
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
