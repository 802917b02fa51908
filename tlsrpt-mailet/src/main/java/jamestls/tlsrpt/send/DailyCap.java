package jamestls.tlsrpt.send;

import jamestls.dns.DomainName;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.DestinationStore;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How many reports a host may get on one UTC day: anybody can name a stranger's host in the records of many domains (RFC 8460
 * §7). The store has the counts of all servers. They are read when the day begins and written every hundred reports, at every
 * look of the timer, and at the end, so a process that is killed may forget what went since, and servers that work at the same
 * time may each be ahead of the others by as much.
 */
final class DailyCap {

    private static final Logger LOGGER = LoggerFactory.getLogger(DailyCap.class);
    private static final int MAX_HOSTS = 1_000_000;
    private static final int TOGETHER = 100;

    private final int most;
    private final DestinationStore store;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private Day day = new Day(LocalDate.MIN);

    DailyCap(int most, DestinationStore store, Clock clock) {
        this.most = most;
        this.store = store;
        this.clock = clock;
    }

    /** What is known about one day; its maps belong to {@code lock}. */
    private final class Day {

        private final LocalDate date;
        private final Map<DomainName, Long> counts = new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<DomainName, Long> eldest) {
                return size() > MAX_HOSTS;
            }
        };
        private Map<DomainName, Integer> unsaved = new HashMap<>();
        private int unsavedReports;
        private final FutureTask<Void> before = new FutureTask<>(this::read);

        Day(LocalDate date) {
            this.date = date;
        }

        private Void read() {
            Map<DomainName, Long> known = store.ofDay(date);
            lock.lock();
            try {
                known.forEach((host, n) -> counts.merge(host, n, Long::sum));
            } finally {
                lock.unlock();
            }
            return null;
        }
    }

    /** Counts one more. @return false if the host has had its share */
    boolean take(DomainName host) {
        Day today = today();
        Map<DomainName, Integer> full = Map.of();
        boolean granted;
        lock.lock();
        try {
            granted = today.counts.getOrDefault(host, 0L) < most;
            if (granted) {
                today.counts.merge(host, 1L, Long::sum);
                today.unsaved.merge(host, 1, Integer::sum);
                today.unsavedReports++;
                full = today.unsavedReports < TOGETHER ? full : takeUnsaved(today);
            }
        } finally {
            lock.unlock();
        }
        save(today, full);
        return granted;
    }

    int most() {
        return most;
    }

    /** Writes what is not written yet. */
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
            LOGGER.debug("what hosts got today is written down later", e);
            totals = Map.of();
        }
        lock.lock();
        try {
            if (totals.isEmpty()) {
                more.forEach((host, n) -> of.unsaved.merge(host, n, Integer::sum));
            }
            // with what other servers sent there; never less than before, because another answer may have come first
            totals.forEach((host, n) -> of.counts.merge(host, n + of.unsaved.getOrDefault(host, 0), Long::max));
        } finally {
            lock.unlock();
        }
    }

    /** Today, once it is known what went out before. */
    private Day today() {
        LocalDate date = clock.instant().atZone(ZoneOffset.UTC).toLocalDate();
        Day today;
        Day before;
        lock.lock();
        try {
            before = day;
            day = date.equals(day.date) ? day : new Day(date);
            today = day;
        } finally {
            lock.unlock();
        }
        if (before != today) {
            save(before, takeUnsavedOf(before));
        }
        // whoever comes first reads, the others wait for him
        today.before.run();
        try {
            today.before.get();
        } catch (ExecutionException e) {
            LOGGER.warn("tlsreport: how many reports went out today can't be read: {}", e.getCause().getMessage());
            return again(today);
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

    /** The next one reads again; what was counted meanwhile is not lost. */
    private Day again(Day failed) {
        lock.lock();
        try {
            if (day == failed) {
                day = new Day(failed.date);
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
