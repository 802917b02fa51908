package jamestls.tlsrpt.store;

import jamestls.outcome.AppliedPolicy;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Cache of the policies in the table and of their last day, so that known policies are not written again. Separate for each connection,
 * because another one may lead to another or a restored database. Thread-safe.
 */
final class KnownPolicies {

    private static final int MAX_PER_CONNECTION = 25_000;
    /** Concurrent writers usually get their last connection again. */
    private static final int MAX_CONNECTIONS = SqlTallyStore.POSTGRES_WRITERS + 1;

    /**
     * A row of the table of policies.
     *
     * @param hash primary key, computed from the other columns; must not be changed
     * @param type name of the type in reports
     * @param domain policy domain; empty if it is the recipient domain
     * @param strings policy strings, separated by line ends
     * @param mxHosts MX hosts, separated by line ends
     */
    record PolicyRow(byte[] hash, String type, String domain, byte[] strings, byte[] mxHosts) implements Comparable<PolicyRow> {

        /** @param key the report that has the policy */
        static PolicyRow of(AppliedPolicy policy, TallyKey key) {
            String domain = policy.policyDomain().equals(key.domain()) ? "" : policy.policyDomain().ascii();
            byte[] strings = JdbcValues.lines(policy.policyStrings());
            byte[] mxHosts = JdbcValues.lines(policy.mxHosts());
            return new PolicyRow(JdbcValues.hash(policy.type().wireName(), domain, strings, mxHosts), policy.type().wireName(), domain,
                strings, mxHosts);
        }

        @Override
        public int compareTo(PolicyRow other) {
            return Arrays.compareUnsigned(hash, other.hash);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof PolicyRow policy && Arrays.equals(hash, policy.hash);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(hash);
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Connection, Map<ByteBuffer, Long>> lastDays = leastRecentlyUsed(MAX_CONNECTIONS);

    private static <K, V> Map<K, V> leastRecentlyUsed(int limit) {
        return new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                return size() > limit;
            }
        };
    }

    /** The driver's connection, which a pool wraps. */
    static Connection physical(Connection connection) throws SQLException {
        return connection.unwrap(Connection.class);
    }

    /** The policies of {@code wanted} that must be written, with their last day. */
    Map<PolicyRow, Long> unknown(Connection physical, Map<PolicyRow, Long> wanted) {
        lock.lock();
        try {
            Map<ByteBuffer, Long> known = lastDays.getOrDefault(physical, Map.of());
            Map<PolicyRow, Long> unknown = new LinkedHashMap<>();
            wanted.forEach((policy, day) -> {
                Long last = known.get(ByteBuffer.wrap(policy.hash()));
                if (last == null || last < day) {
                    unknown.put(policy, day);
                }
            });
            return unknown;
        } finally {
            lock.unlock();
        }
    }

    /** Adds policies that were committed. */
    void committed(Connection physical, Map<PolicyRow, Long> written) {
        lock.lock();
        try {
            Map<ByteBuffer, Long> known = lastDays.computeIfAbsent(physical, connection -> leastRecentlyUsed(MAX_PER_CONNECTION));
            written.forEach((policy, day) -> known.merge(ByteBuffer.wrap(policy.hash()), day, Math::max));
        } finally {
            lock.unlock();
        }
    }

    /** Empties the cache: after a deletion, or a commit of unknown outcome. */
    void forget() {
        lock.lock();
        try {
            lastDays.clear();
        } finally {
            lock.unlock();
        }
    }
}
