package jamestls.tlsrpt.send;

import jamestls.dns.DomainName;
import jamestls.net.SanitizedLogger;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.DestinationStore;
import jamestls.tlsrpt.store.DestinationStore.Share;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Limits the number of reports to one host per UTC day, because anybody can name another party's host in the records of many domains
 * (RFC 8460 §7). The limit grows by one for each policy domain for which the host accepted a report on an earlier day, up to ten times
 * the configured value. If there are more reports than that, {@link HostShares} decides which domain is next.
 *
 * <p>The store has the counts of all servers. They are read when the day begins and written after every hundred reports, in every
 * run of the timer, and at shutdown. A process that is killed loses the counts since the last write, and servers that send
 * concurrently can exceed the limit by as much.
 */
final class DailyCap {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(DailyCap.class);
    private static final int MAX_HOSTS = 1_000_000;
    private static final int REPORTS_PER_SAVE = 100;
    /** Domains per day that are remembered for hosts below their limit: some 24 MB. A million hosts may accept ten million reports. */
    private static final int MAX_ACCEPTED = 200_000;
    /** Pause before the next try of a domain that has to let others go first. */
    private static final Duration PAUSE_FOR_OTHERS = Duration.ofHours(1);

    private final int most;
    private final DestinationStore store;
    private final Clock clock;
    private final int maxAccepted;
    private final ReentrantLock lock = new ReentrantLock();
    private Day day = new Day(LocalDate.MIN, Optional.empty());

    DailyCap(int most, DestinationStore store, Clock clock) {
        this(most, store, clock, MAX_ACCEPTED);
    }

    /** @param maxAccepted see {@link #MAX_ACCEPTED} */
    DailyCap(int most, DestinationStore store, Clock clock, int maxAccepted) {
        this.most = most;
        this.store = store;
        this.clock = clock;
        this.maxAccepted = maxAccepted;
    }

    /** The counts of one day; its maps are guarded by {@code lock}. */
    private final class Day {

        private final LocalDate date;
        private final Map<DomainName, Long> counts = new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<DomainName, Long> eldest) {
                return size() > MAX_HOSTS;
            }
        };
        /** Hosts for which there were more reports than the limit. */
        private final Map<DomainName, HostShares> contended = new HashMap<>();
        /**
         * Policy domains with an accepted report, by host; only for hosts that have not reached the limit. A domain beyond the bound does
         * not raise the next day's limit if the host reaches today's.
         */
        private final Map<DomainName, Set<DomainName>> accepted = new HashMap<>();
        private int acceptedDomains;
        private Map<DomainName, Integer> unsaved = new HashMap<>();
        private int unsavedReports;
        private final FutureTask<Void> loaded;

        /** @param previous the day before, in this process: its unsaved counts are saved before this day reads the store */
        Day(LocalDate date, Optional<Day> previous) {
            this.date = date;
            this.loaded = new FutureTask<>(() -> read(previous));
        }

        private Void read(Optional<Day> previous) {
            previous.ifPresent(day -> {
                save(day, takeUnsavedOf(day));
                saveShares(day);
            });
            Map<DomainName, Long> known = store.reportsPerHost(date);
            List<Share> shares = store.shares();
            lock.lock();
            try {
                known.forEach((host, n) -> counts.merge(host, n, Long::sum));
                load(shares);
            } finally {
                lock.unlock();
            }
            return null;
        }

        Instant begin() {
            return date.atStartOfDay(ZoneOffset.UTC).toInstant();
        }

        void load(List<Share> shares) {
            Instant now = clock.instant();
            shares.forEach(share -> contended.computeIfAbsent(share.host(), HostShares::new).load(share, now));
        }

        /** Starts to track which domains wait for that host. */
        HostShares contend(DomainName host, Instant now) {
            return contended.computeIfAbsent(host, each -> {
                HostShares shares = new HostShares(each);
                Set<DomainName> domains = Optional.ofNullable(accepted.remove(each)).orElse(Set.of());
                acceptedDomains -= domains.size();
                domains.forEach(domain -> shares.accepted(domain, now));
                return shares;
            });
        }

        void accept(DomainName host, DomainName domain) {
            if (acceptedDomains < maxAccepted && accepted.computeIfAbsent(host, each -> new HashSet<>()).add(domain)) {
                acceptedDomains++;
            }
        }
    }

    /**
     * Counts one report if the host may get it now.
     *
     * @param domain the policy domain of the report
     * @param until the last time at which the report can be tried
     * @return empty if the report may be sent, otherwise the reason and the time of the next try
     */
    Optional<ReportTransport.Handover> take(DomainName host, DomainName domain, Instant until) {
        Day today = today();
        Map<DomainName, Integer> full = Map.of();
        Optional<ReportTransport.Handover> delayed = Optional.empty();
        Instant now = clock.instant();
        lock.lock();
        try {
            HostShares shares = today.contended.get(host);
            long cap = shares == null ? most : shares.cap(most, today.begin());
            long free = cap - today.counts.getOrDefault(host, 0L);
            if (free <= 0 || shares != null && shares.areOthersAhead(domain, free, now)) {
                today.contend(host, now).waits(domain, until);
                Instant tomorrow = today.date.plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant();
                Instant later = now.plus(PAUSE_FOR_OTHERS);
                delayed = Optional.of(free <= 0
                    ? new ReportTransport.Delayed(host + " has reached its limit of " + cap + " reports for today", tomorrow)
                    : new ReportTransport.Delayed("the rest of today's " + cap + " reports to " + host + " is reserved for domains whose "
                        + "last report is older", later.isBefore(tomorrow) ? later : tomorrow));
            } else {
                if (shares != null) {
                    shares.granted(domain);
                }
                today.counts.merge(host, 1L, Long::sum);
                today.unsaved.merge(host, 1, Integer::sum);
                today.unsavedReports++;
                full = today.unsavedReports < REPORTS_PER_SAVE ? full : takeUnsaved(today);
            }
        } finally {
            lock.unlock();
        }
        save(today, full);
        return delayed;
    }

    /** Notes that the host accepted a report about that policy domain. */
    void accepted(DomainName host, DomainName domain) {
        Instant now = clock.instant();
        lock.lock();
        try {
            HostShares shares = day.contended.get(host);
            if (shares == null) {
                day.accept(host, domain);
            } else {
                shares.accepted(domain, now);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Writes all unsaved counts and shares to the store. */
    void save() {
        Day current;
        Map<DomainName, Integer> rest;
        lock.lock();
        try {
            current = day;
            rest = takeUnsaved(current);
        } finally {
            lock.unlock();
        }
        save(current, rest);
        saveShares(current);
    }

    /** Writes changed shares and reads those of other servers. */
    private void saveShares(Day of) {
        List<Share> changed = new ArrayList<>();
        lock.lock();
        try {
            of.contended.values().forEach(shares -> changed.addAll(shares.takeChanged()));
        } finally {
            lock.unlock();
        }
        try {
            if (!changed.isEmpty()) {
                store.save(changed);
            }
            List<Share> all = store.shares();
            lock.lock();
            try {
                of.load(all);
            } finally {
                lock.unlock();
            }
        } catch (StorageOutage e) {
            LOGGER.debug("tlsreport: shares of hosts could not be saved, trying again later", e);
            lock.lock();
            try {
                changed.forEach(share -> of.contended.get(share.host()).markUnsaved(share));
            } finally {
                lock.unlock();
            }
        }
    }

    private Map<DomainName, Integer> takeUnsaved(Day of) {
        Map<DomainName, Integer> taken = of.unsaved;
        of.unsaved = new HashMap<>();
        of.unsavedReports = 0;
        return taken;
    }

    private void save(Day of, Map<DomainName, Integer> more) {
        if (more.isEmpty()) {
            return;
        }
        Map<DomainName, Long> totals;
        try {
            totals = store.add(of.date, more);
        } catch (StorageOutage e) {
            LOGGER.debug("tlsreport: today's counts of hosts could not be saved, trying again later", e);
            totals = Map.of();
        }
        lock.lock();
        try {
            if (totals.isEmpty()) {
                more.forEach((host, n) -> of.unsaved.merge(host, n, Integer::sum));
            }
            // includes reports of other servers; never decreases, because an older result of the store may arrive late
            totals.forEach((host, n) -> of.counts.merge(host, n + of.unsaved.getOrDefault(host, 0), Long::max));
        } finally {
            lock.unlock();
        }
    }

    /** The counts of today, after the earlier ones were read from the store. */
    private Day today() {
        LocalDate date = clock.instant().atZone(ZoneOffset.UTC).toLocalDate();
        Day today;
        lock.lock();
        try {
            day = date.equals(day.date) ? day : new Day(date, Optional.of(day));
            today = day;
        } finally {
            lock.unlock();
        }
        // the first thread saves and reads, the others wait for it
        today.loaded.run();
        try {
            today.loaded.get();
        } catch (ExecutionException e) {
            LOGGER.warn("tlsreport: today's counts of reports per host can't be read: {}", e.getCause().getMessage());
            return replace(today);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return today;
    }

    private Map<DomainName, Integer> takeUnsavedOf(Day of) {
        lock.lock();
        try {
            return takeUnsaved(of);
        } finally {
            lock.unlock();
        }
    }

    /** Replaces a day that could not be read, so that the next call reads again; counts made meanwhile are kept. */
    private Day replace(Day failed) {
        lock.lock();
        try {
            if (day == failed) {
                day = new Day(failed.date, Optional.empty());
                day.contended.putAll(failed.contended);
                day.accepted.putAll(failed.accepted);
                day.acceptedDomains = failed.acceptedDomains;
                failed.unsaved.forEach((host, n) -> day.counts.merge(host, (long) n, Long::sum));
                day.unsaved.putAll(failed.unsaved);
                day.unsavedReports = failed.unsavedReports;
            }
            return day;
        } finally {
            lock.unlock();
        }
    }
}
