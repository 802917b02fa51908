package jamestls.tlsrpt.send;

import jamestls.mtasts.dns.DomainName;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How many reports a host may get from this server on one UTC day: anybody can name a stranger's host in the records of many
 * domains (RFC 8460 §7). Counted in memory, so a restart begins anew.
 */
final class DailyCap {

    private static final int MOST_HOSTS = 1_000_000;

    private final int most;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<DomainName, Integer> counts = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<DomainName, Integer> eldest) {
            return size() > MOST_HOSTS;
        }
    };
    private LocalDate day = LocalDate.MIN;

    DailyCap(int most, Clock clock) {
        this.most = most;
        this.clock = clock;
    }

    /** Counts one more. @return false if the host has had its share */
    boolean take(DomainName host) {
        lock.lock();
        try {
            LocalDate today = clock.instant().atZone(ZoneOffset.UTC).toLocalDate();
            if (!today.equals(day)) {
                counts.clear();
                day = today;
            }
            return counts.merge(host, 1, (before, one) -> Math.min(before + one, most + 1)) <= most;
        } finally {
            lock.unlock();
        }
    }

    int most() {
        return most;
    }
}
