package jamestls.tlsrpt.store;

import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.KnownPolicies.PolicyRow;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Adds one group of tallies to the tables, inside a transaction. All statements are increments in batches, sorted by key, because
 * concurrent transactions that update rows in different orders can deadlock.
 */
final class CountWriter {

    private static final String OPEN_PART = "(SELECT d.part FROM tlsrpt_domain d WHERE d.day = ? AND d.domain = ?)";
    private static final String NEXT_GROUP = "INSERT INTO tlsrpt_group (writer, number, last_day) VALUES (?, ?, ?) "
        + "ON CONFLICT (writer) DO UPDATE SET number = excluded.number, last_day = excluded.last_day "
        + "WHERE tlsrpt_group.number < excluded.number";
    private static final String POLICY = "INSERT INTO tlsrpt_policy (hash, type, domain, strings, mx_hosts, last_day) "
        + "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET last_day = excluded.last_day "
        + "WHERE tlsrpt_policy.last_day < excluded.last_day";
    private static final String DOMAIN = "INSERT INTO tlsrpt_domain (day, domain, part, started, sessions, failed, is_open) "
        + "VALUES (?, ?, 1, ?, ?, ?, 1) ON CONFLICT (day, domain) DO UPDATE SET "
        + "sessions = tlsrpt_domain.sessions + excluded.sessions, failed = tlsrpt_domain.failed + excluded.failed";
    private static final String HAS_CLOSED_PARTS = "SELECT 1 FROM tlsrpt_part WHERE day = ? LIMIT 1";
    private static final String REOPEN = "UPDATE tlsrpt_domain SET is_open = 1 WHERE day = ? AND domain = ? AND is_open = 0";
    private static final String SUBTRACT =
        "UPDATE tlsrpt_domain SET sessions = sessions - ?, failed = failed - ? WHERE day = ? AND domain = ?";
    private static final String KNOWN_POLICY = "UPDATE tlsrpt_count SET successes = successes + ?, failures = failures + ? "
        + "WHERE day = ? AND domain = ? AND part = " + OPEN_PART + " AND policy = ?";
    private static final String NEW_POLICY = "INSERT INTO tlsrpt_count (day, domain, part, policy, successes, failures, details) "
        + "SELECT d.day, d.domain, d.part, ?, ?, ?, 0 FROM tlsrpt_domain d WHERE d.day = ? AND d.domain = ? "
        + "AND (SELECT COUNT(*) FROM tlsrpt_count c WHERE c.day = d.day AND c.domain = d.domain AND c.part = d.part) < ? "
        + "ON CONFLICT (day, domain, part, policy) DO UPDATE SET successes = tlsrpt_count.successes + excluded.successes, "
        + "failures = tlsrpt_count.failures + excluded.failures";
    private static final String KNOWN_FAILURE = "UPDATE tlsrpt_failure SET n = n + ? "
        + "WHERE day = ? AND domain = ? AND part = " + OPEN_PART + " AND policy = ? AND failure = ?";
    private static final String RESERVE_FAILURE = "UPDATE tlsrpt_count SET details = details + 1 "
        + "WHERE day = ? AND domain = ? AND part = " + OPEN_PART + " AND policy = ? AND details < ?";
    private static final String NEW_FAILURE = "INSERT INTO tlsrpt_failure "
        + "(day, domain, part, policy, failure, type, sending_ip, mx_host, helo, receiving_ip, reason, n) "
        + "SELECT d.day, d.domain, d.part, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM tlsrpt_domain d WHERE d.day = ? AND d.domain = ? "
        + "ON CONFLICT (day, domain, part, policy, failure) DO UPDATE SET n = tlsrpt_failure.n + excluded.n";

    private final Connection connection;
    private final TallyLimits limits;
    private final KnownPolicies known;

    CountWriter(Connection connection, TallyLimits limits, KnownPolicies known) {
        this.connection = connection;
        this.limits = limits;
        this.known = known;
    }

    /**
     * Result of a write.
     *
     * @param dropped number of policies that were dropped because of the limits
     * @param policies policies that the transaction writes, with their last day
     * @param by the connection
     */
    record Written(int dropped, Map<PolicyRow, Long> policies, Connection by) {
    }

    private record Count(TallyKey key, PolicyTally policy, PolicyRow row) {
        byte[] hash() {
            return row.hash();
        }
    }

    private record Failure(Count count, FailureKey what, byte[] hash, long n) {
        Failure folded() {
            FailureKey folded = FailureKey.folded(what.type());
            return new Failure(count, folded, JdbcValues.hash(folded), n);
        }
    }

    Written write(WriteId group, List<Tally> domains) throws SQLException {
        Connection physical = KnownPolicies.physical(connection);
        if (domains.isEmpty() || !isNext(group, domains)) {
            return new Written(0, Map.of(), physical);
        }
        List<Tally> sorted = domains.stream().sorted(Comparator.comparing(Tally::key)).toList();
        List<Count> counts = new ArrayList<>(sorted.size());
        for (Tally domain : sorted) {
            for (PolicyTally policy : domain.policies()) {
                counts.add(new Count(domain.key(), policy, PolicyRow.of(policy.policy(), domain.key())));
            }
        }
        Map<PolicyRow, Long> fresh = known.unknown(physical, lastDays(counts));
        addPolicies(fresh);
        addToDomains(sorted);
        reopen(sorted);
        List<Count> counted = addToPolicies(counts);
        if (counted.size() < counts.size()) {
            subtractSessionsWithoutPolicy(sorted, counted);
        }
        addFailures(counted);
        return new Written(counts.size() - counted.size(), fresh, physical);
    }

    private boolean isNext(WriteId group, List<Tally> domains) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NEXT_GROUP)) {
            JdbcValues.set(statement, 1, group.writer(), group.number(), domains.getLast().key().day().toEpochDay());
            return statement.executeUpdate() > 0;
        }
    }

    private static Map<PolicyRow, Long> lastDays(List<Count> counts) {
        Map<PolicyRow, Long> lastDays = new HashMap<>();
        counts.forEach(count -> lastDays.merge(count.row(), count.key().day().toEpochDay(), Math::max));
        return lastDays;
    }

    private void addPolicies(Map<PolicyRow, Long> lastDays) throws SQLException {
        if (lastDays.isEmpty()) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement(POLICY)) {
            for (PolicyRow policy : lastDays.keySet().stream().sorted().toList()) {
                JdbcValues.set(statement, 1, policy.hash(), policy.type(), policy.domain(), policy.strings(), policy.mxHosts(),
                    lastDays.get(policy));
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    private void addToDomains(List<Tally> domains) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(DOMAIN)) {
            for (Tally domain : domains) {
                int next = JdbcValues.setKey(statement, 1, domain.key());
                JdbcValues.set(statement, next, domain.key().firstSecond().toEpochMilli(), domain.sessions(), domain.failedSessions());
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    /** Marks domains as open whose last part was closed. Runs after the rows are locked, so concurrent claims have committed. */
    private void reopen(List<Tally> domains) throws SQLException {
        Set<Long> days = new HashSet<>();
        for (long day : domains.stream().mapToLong(domain -> domain.key().day().toEpochDay()).distinct().toArray()) {
            try (PreparedStatement query = connection.prepareStatement(HAS_CLOSED_PARTS)) {
                query.setLong(1, day);
                try (ResultSet answer = query.executeQuery()) {
                    if (answer.next()) {
                        days.add(day);
                    }
                }
            }
        }
        if (days.isEmpty()) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement(REOPEN)) {
            for (Tally domain : domains) {
                if (days.contains(domain.key().day().toEpochDay())) {
                    JdbcValues.setKey(statement, 1, domain.key());
                    statement.addBatch();
                }
            }
            statement.executeBatch();
        }
    }

    /** @return the counts that were added; the others are over the limit of policies */
    private List<Count> addToPolicies(List<Count> counts) throws SQLException {
        int[] known;
        try (PreparedStatement statement = connection.prepareStatement(KNOWN_POLICY)) {
            for (Count count : counts) {
                JdbcValues.set(statement, 1, count.policy().successes(), count.policy().failures());
                int next = JdbcValues.setKey(statement, JdbcValues.setKey(statement, 3, count.key()), count.key());
                statement.setBytes(next, count.hash());
                statement.addBatch();
            }
            known = statement.executeBatch();
        }
        List<Count> fresh = where(known, counts, false);
        if (fresh.isEmpty()) {
            return counts;
        }
        List<Count> counted = new ArrayList<>(where(known, counts, true));
        try (PreparedStatement statement = connection.prepareStatement(NEW_POLICY)) {
            for (Count count : fresh) {
                JdbcValues.set(statement, 1, count.hash(), count.policy().successes(), count.policy().failures());
                statement.setInt(JdbcValues.setKey(statement, 4, count.key()), limits.policiesPerDomain());
                statement.addBatch();
            }
            counted.addAll(where(statement.executeBatch(), fresh, true));
        }
        return counted;
    }

    private void subtractSessionsWithoutPolicy(List<Tally> domains, List<Count> counted) throws SQLException {
        Set<TallyKey> withPolicy = counted.stream().map(Count::key).collect(Collectors.toSet());
        try (PreparedStatement statement = connection.prepareStatement(SUBTRACT)) {
            for (Tally domain : domains) {
                if (!withPolicy.contains(domain.key())) {
                    JdbcValues.set(statement, 1, domain.sessions(), domain.failedSessions());
                    JdbcValues.setKey(statement, 3, domain.key());
                    statement.addBatch();
                }
            }
            statement.executeBatch();
        }
    }

    private void addFailures(List<Count> counts) throws SQLException {
        List<Failure> failures = new ArrayList<>();
        for (Count count : counts) {
            count.policy().details().forEach((what, n) -> failures.add(new Failure(count, what, JdbcValues.hash(what), n)));
        }
        if (failures.isEmpty()) {
            return;
        }
        List<Failure> unknown = addToKnown(failures);
        if (unknown.isEmpty()) {
            return;
        }
        List<Failure> ownEntry = unknown.stream().filter(failure -> !failure.what().isFolded()).toList();
        int[] reserved = reserve(ownEntry);
        List<Failure> fresh = new ArrayList<>(where(reserved, ownEntry, true));
        unknown.stream().filter(failure -> failure.what().isFolded()).forEach(fresh::add);
        where(reserved, ownEntry, false).forEach(failure -> fresh.add(failure.folded()));
        insert(fresh);
    }

    /** @return the failures without an entry */
    private List<Failure> addToKnown(List<Failure> failures) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(KNOWN_FAILURE)) {
            for (Failure failure : failures) {
                statement.setLong(1, failure.n());
                int next = JdbcValues.setKey(statement, 2, failure.count().key());
                next = JdbcValues.setKey(statement, next, failure.count().key());
                JdbcValues.set(statement, next, failure.count().hash(), failure.hash());
                statement.addBatch();
            }
            return where(statement.executeBatch(), failures, false);
        }
    }

    private int[] reserve(List<Failure> failures) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(RESERVE_FAILURE)) {
            for (Failure failure : failures) {
                int next = JdbcValues.setKey(statement, 1, failure.count().key());
                next = JdbcValues.setKey(statement, next, failure.count().key());
                JdbcValues.set(statement, next, failure.count().hash(), limits.detailsPerPolicy());
                statement.addBatch();
            }
            return statement.executeBatch();
        }
    }

    private void insert(List<Failure> failures) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NEW_FAILURE)) {
            for (Failure failure : failures) {
                FailureKey what = failure.what();
                JdbcValues.set(statement, 1, failure.count().hash(), failure.hash(), what.type().wireName());
                statement.setBytes(4, JdbcValues.bytes(what.sendingIp()));
                statement.setString(5, what.mxHost().map(Object::toString).orElse(null));
                statement.setString(6, what.helo().orElse(null));
                statement.setBytes(7, JdbcValues.bytes(what.receivingIp()));
                JdbcValues.set(statement, 8, what.reason(), failure.n());
                JdbcValues.setKey(statement, 10, failure.count().key());
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    /** The rows whose statement changed a row, or those whose statement did not. */
    private static <T> List<T> where(int[] changes, List<T> rows, boolean changed) {
        List<T> chosen = new ArrayList<>();
        for (int i = 0; i < changes.length; i++) {
            if ((changes[i] != 0) == changed) {
                chosen.add(rows.get(i));
            }
        }
        return chosen;
    }
}
