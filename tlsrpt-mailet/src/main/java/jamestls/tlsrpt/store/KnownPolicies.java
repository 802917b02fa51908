package jamestls.tlsrpt.store;

import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Policies of which this server knows that they are in the table, and until which day they will stay there, so that a group of
 * sessions does not write them again. It holds for one connection: after another one, the database may be another, or one that
 * was restored. Safe for several threads.
 */
final class KnownPolicies {

    private static final int MAX = 50_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<ByteBuffer, Long> lastDays = new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Long> eldest) {
            return size() > MAX;
        }
    };
    private Connection connection;

    /** The connection itself, where {@code connection} stands for one of a pool. */
    static Connection physical(Connection connection) throws SQLException {
        return connection.unwrap(Connection.class);
    }

    /** Those that are not known to stay as long as they are wanted. */
    Map<StoredPolicy, Long> unknown(Connection physical, Map<StoredPolicy, Long> wanted) {
        lock.lock();
        try {
            if (physical != connection) {
                lastDays.clear();
                connection = physical;
            }
            Map<StoredPolicy, Long> unknown = new LinkedHashMap<>();
            wanted.forEach((policy, day) -> {
                Long known = lastDays.get(ByteBuffer.wrap(policy.hash()));
                if (known == null || known < day) {
                    unknown.put(policy, day);
                }
            });
            return unknown;
        } finally {
            lock.unlock();
        }
    }

    /** They were written and committed. */
    void committed(Connection physical, Map<StoredPolicy, Long> written) {
        lock.lock();
        try {
            if (physical == connection) {
                written.forEach((policy, day) -> lastDays.merge(ByteBuffer.wrap(policy.hash()), day, Math::max));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Something was deleted, or nobody knows whether something was committed. */
    void forget() {
        lock.lock();
        try {
            lastDays.clear();
        } finally {
            lock.unlock();
        }
    }
}
