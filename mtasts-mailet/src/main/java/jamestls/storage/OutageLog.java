package jamestls.storage;

import jamestls.net.SanitizedLogger;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Logs the outages of one database, so that its users need not: one warning at the begin, one line at the end, and at most one pair in a
 * minute however often it fails and works again meanwhile. Thread-safe.
 */
final class OutageLog {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(OutageLog.class);
    static final Duration MIN_BETWEEN = Duration.ofMinutes(1);

    private final String database;
    private final Clock clock;
    private final ReentrantLock lock = new ReentrantLock();
    /** Read without the lock by each transaction that works. */
    private volatile boolean failing;
    private boolean told;
    private Instant since = Instant.EPOCH;
    private Instant lastTold = Instant.MIN;
    private long failures;

    OutageLog(String database, Clock clock) {
        this.database = database;
        this.clock = clock;
    }

    /** A transaction has failed. */
    void failed(StorageOutage why) {
        lock.lock();
        try {
            Instant now = clock.instant();
            if (!failing) {
                failing = true;
                since = now;
                failures = 0;
            }
            failures++;
            if (!told && Duration.between(lastTold, now).abs().compareTo(MIN_BETWEEN) >= 0) {
                told = true;
                lastTold = now;
                LOGGER.warn("The database fails; mail delivery goes on, and what is to be stored is tried again: {}", why.getMessage());
            }
        } finally {
            lock.unlock();
        }
    }

    /** A transaction was committed. */
    void worked() {
        if (!failing) {
            return;
        }
        lock.lock();
        try {
            if (failing && told) {
                LOGGER.info("The database {} works again; it failed since {}, and {} transactions with it", database, since, failures);
            }
            failing = false;
            told = false;
        } finally {
            lock.unlock();
        }
    }
}
