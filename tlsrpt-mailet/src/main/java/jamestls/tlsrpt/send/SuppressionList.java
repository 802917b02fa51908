package jamestls.tlsrpt.send;

import jamestls.dns.DomainName;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Mail addresses that refused a report for good, or sent it back. They are left alone for a week, and then tried again. The store
 * has them, so that a restart does not forget them and other servers know; here is a copy, which is up to a minute old.
 */
public final class SuppressionList {

    private static final Logger LOGGER = LoggerFactory.getLogger(SuppressionList.class);
    private static final Duration LEFT_ALONE = Duration.ofDays(7);
    private static final Duration COPY_LASTS = Duration.ofMinutes(1);
    private static final int MAX = 100_000;

    private final DestinationStore store;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    private Map<String, Suppressed> copy = Map.of();
    /** What the store could not take yet. */
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

    /** Why nothing goes to an address now, if so. */
    Optional<String> objection(String address) {
        renew();
        return find(key(address)).map(alone -> "left alone until " + alone.until() + ", because " + alone.why());
    }

    /** @param why what it said, one line */
    public void suppress(String address, String why) {
        Suppressed mailbox = new Suppressed(key(address), clock.instant().plus(LEFT_ALONE), ReportLog.printable(why));
        lock.lock();
        try {
            unsaved.put(mailbox.address(), mailbox);
        } finally {
            lock.unlock();
        }
        save(List.of(mailbox));
    }

    /** A report about {@code key} that the address was said to have accepted came back: that host's cap does not grow for its sake. */
    void disown(String address, TallyKey key) {
        DomainName.parse(address.substring(address.lastIndexOf('@') + 1)).ifPresent(host -> store.disown(host, key.domain()));
    }

    private Optional<Suppressed> find(String address) {
        lock.lock();
        try {
            return Optional.ofNullable(unsaved.getOrDefault(address, copy.get(address))).filter(this::holds);
        } finally {
            lock.unlock();
        }
    }

    private boolean holds(Suppressed alone) {
        Instant now = clock.instant();
        // a wait longer than the longest is from a clock that was set back
        return now.isBefore(alone.until()) && !alone.until().isAfter(now.plus(LEFT_ALONE));
    }

    private void renew() {
        Instant now = clock.instant();
        List<Suppressed> waiting;
        lock.lock();
        try {
            if (!copied.isBefore(now.minus(COPY_LASTS)) && !copied.isAfter(now)) {
                return;
            }
            // who comes meanwhile makes do with the old copy
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
            LOGGER.debug("which mailboxes are left alone can't be read now", e);
        }
    }

    private void save(List<Suppressed> mailboxes) {
        for (Suppressed mailbox : mailboxes) {
            try {
                store.suppress(mailbox);
            } catch (StorageOutage e) {
                LOGGER.warn("tlsreport: that {} is left alone can't be written down yet: {}", mailbox.address(), e.getMessage());
                return;
            }
            lock.lock();
            try {
                unsaved.remove(mailbox.address(), mailbox);
                Map<String, Suppressed> more = new LinkedHashMap<>(copy);
                more.put(mailbox.address(), mailbox);
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
