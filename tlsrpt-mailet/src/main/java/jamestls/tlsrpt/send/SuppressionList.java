package jamestls.tlsrpt.send;

import jamestls.dns.DomainName;
import jamestls.net.SanitizedLogger;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.DestinationStore;
import jamestls.tlsrpt.store.DestinationStore.Suppressed;
import jamestls.tlsrpt.store.TallyKey;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Mail addresses that permanently rejected a report or bounced it. They get no reports for a week. The store keeps the list for all
 * servers and over restarts; this class has a copy that is at most a minute old.
 */
public final class SuppressionList {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(SuppressionList.class);
    private static final Duration SUPPRESSION = Duration.ofDays(7);
    private static final Duration MAX_COPY_AGE = Duration.ofMinutes(1);
    private static final int MAX = 100_000;

    private final DestinationStore store;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private Map<String, Suppressed> copy = Map.of();
    /** Entries that could not be written to the store yet. */
    private final Map<String, Suppressed> unsaved = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Suppressed> eldest) {
            return size() > MAX;
        }
    };
    private Instant copied = Instant.MIN;

    public SuppressionList(DestinationStore store, Clock clock) {
        this.store = store;
        this.clock = clock;
    }

    /** Why the address gets no report now; empty if it may get one. */
    Optional<String> objection(String address) {
        refresh();
        return find(key(address)).map(each -> "suppressed until " + each.until() + ": " + each.why());
    }

    /**
     * Adds an address.
     *
     * @param why reason for operators, one line; may be a stranger's text
     */
    public void suppress(String address, String why) {
        Suppressed entry = new Suppressed(key(address), clock.instant().plus(SUPPRESSION), ReportLog.printable(why));
        lock.lock();
        try {
            unsaved.put(entry.address(), entry);
        } finally {
            lock.unlock();
        }
        save(List.of(entry));
    }

    /** Takes back that the address accepted a report about {@code key}, because it bounced later: the host's limit does not grow by it. */
    void revokeAcceptance(String address, TallyKey key) {
        DomainName.parse(address.substring(address.lastIndexOf('@') + 1)).ifPresent(host -> store.revokeAcceptance(host, key.domain()));
    }

    private Optional<Suppressed> find(String address) {
        lock.lock();
        try {
            return Optional.ofNullable(unsaved.getOrDefault(address, copy.get(address))).filter(this::isActive);
        } finally {
            lock.unlock();
        }
    }

    private boolean isActive(Suppressed entry) {
        Instant now = clock.instant();
        // an end further away than a week was written by a wrong clock
        return now.isBefore(entry.until()) && !entry.until().isAfter(now.plus(SUPPRESSION));
    }

    private void refresh() {
        Instant now = clock.instant();
        List<Suppressed> waiting;
        lock.lock();
        try {
            if (!copied.isBefore(now.minus(MAX_COPY_AGE)) && !copied.isAfter(now)) {
                return;
            }
            // other threads use the old copy meanwhile
            copied = now;
            waiting = new ArrayList<>(unsaved.values());
        } finally {
            lock.unlock();
        }
        save(waiting);
        try {
            Map<String, Suppressed> fresh = new LinkedHashMap<>();
            store.suppressed(now).forEach(each -> fresh.put(each.address(), each));
            lock.lock();
            try {
                copy = fresh;
            } finally {
                lock.unlock();
            }
        } catch (StorageOutage e) {
            LOGGER.debug("tlsreport: the list of suppressed addresses can't be read, using the last copy", e);
        }
    }

    private void save(List<Suppressed> entries) {
        for (Suppressed entry : entries) {
            try {
                store.suppress(entry);
            } catch (StorageOutage e) {
                LOGGER.info("tlsreport: the suppression of {} could not be stored, trying again later: {}", entry.address(),
                    e.getMessage());
                return;
            }
            lock.lock();
            try {
                unsaved.remove(entry.address(), entry);
                Map<String, Suppressed> more = new LinkedHashMap<>(copy);
                more.put(entry.address(), entry);
                copy = more;
            } finally {
                lock.unlock();
            }
        }
    }

    private static String key(String address) {
        return address.toLowerCase(Locale.ROOT);
    }
}
