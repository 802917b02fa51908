package jamestls.tlsrpt.store;

import jamestls.storage.Database.Dialect;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.KnownPolicies.PolicyRow;
import jamestls.tlsrpt.store.RowStatement.Outcome;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Adds one group of tallies to the tables, inside a transaction. All statements are increments, sorted by key, because concurrent
 * transactions that update rows in different orders can deadlock.
 */
final class CountWriter {

    private static final String NEXT_GROUP = "INSERT INTO tlsrpt_group (writer, number, last_day) VALUES (?, ?, ?) "
        + "ON CONFLICT (writer) DO UPDATE SET number = excluded.number, last_day = excluded.last_day "
        + "WHERE tlsrpt_group.number < excluded.number RETURNING number";
    /**
     * For the rest of the transaction: each row is found by its key. PostgreSQL keeps plans, and one that was made for small tables reads
     * them completely.
     */
    private static final String BY_KEY = Stream.of("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
        .map(setting -> ", set_config('" + setting + "', 'off', true)").collect(Collectors.joining());
    private static final String HAS_CLOSED_PARTS = "SELECT 1 FROM tlsrpt_part WHERE day = ? LIMIT 1";

    private static final String OPEN_PART = "(SELECT d.part FROM tlsrpt_domain d WHERE d.day = ?1 AND d.domain = ?2)";
    private static final String ROWS_WITH_OPEN_PART = "${rows} JOIN tlsrpt_domain d ON d.day = r.day AND d.domain = r.domain ";
    private static final String IS_COUNT = "c.day = r.day AND c.domain = r.domain AND c.part = d.part AND c.policy = r.policy";

    private static final String ADD_POLICY = "INSERT INTO tlsrpt_policy (hash, type, domain, strings, mx_hosts, last_day) ";
    private static final String POLICY_EXISTS = "ON CONFLICT (hash) DO UPDATE SET last_day = excluded.last_day "
        + "WHERE tlsrpt_policy.last_day < excluded.last_day";
    private static final RowStatement POLICY = new RowStatement(
        "hash bytea, type text, domain text, strings bytea, mx_hosts bytea, last_day bigint",
        ADD_POLICY + "VALUES (?1, ?2, ?3, ?4, ?5, ?6) " + POLICY_EXISTS,
        ADD_POLICY + "SELECT r.hash, r.type, r.domain, r.strings, r.mx_hosts, r.last_day FROM ${rows} ORDER BY r.i " + POLICY_EXISTS);

    private static final String ADD_DOMAIN = "INSERT INTO tlsrpt_domain (day, domain, part, started, sessions, failed, is_open) ";
    private static final String DOMAIN_EXISTS = "ON CONFLICT (day, domain) DO UPDATE SET "
        + "sessions = tlsrpt_domain.sessions + excluded.sessions, failed = tlsrpt_domain.failed + excluded.failed";
    private static final RowStatement DOMAIN = new RowStatement(
        "day bigint, domain text, started bigint, sessions bigint, failed bigint",
        ADD_DOMAIN + "VALUES (?1, ?2, 1, ?3, ?4, ?5, 1) " + DOMAIN_EXISTS,
        ADD_DOMAIN + "SELECT r.day, r.domain, 1, r.started, r.sessions, r.failed, 1 FROM ${rows} ORDER BY r.i " + DOMAIN_EXISTS);
    private static final RowStatement REOPEN = new RowStatement("day bigint, domain text",
        "UPDATE tlsrpt_domain SET is_open = 1 WHERE day = ?1 AND domain = ?2 AND is_open = 0",
        "UPDATE tlsrpt_domain d SET is_open = 1 FROM ${rows} WHERE d.day = r.day AND d.domain = r.domain AND d.is_open = 0");
    private static final RowStatement SUBTRACT = new RowStatement("day bigint, domain text, sessions bigint, failed bigint",
        "UPDATE tlsrpt_domain SET sessions = sessions - ?3, failed = failed - ?4 WHERE day = ?1 AND domain = ?2",
        "UPDATE tlsrpt_domain d SET sessions = d.sessions - r.sessions, failed = d.failed - r.failed FROM ${rows} "
            + "WHERE d.day = r.day AND d.domain = r.domain");

    private static final RowStatement KNOWN_POLICY = new RowStatement(
        "day bigint, domain text, policy bytea, successes bigint, failures bigint",
        "UPDATE tlsrpt_count SET successes = successes + ?4, failures = failures + ?5 "
            + "WHERE day = ?1 AND domain = ?2 AND part = " + OPEN_PART + " AND policy = ?3",
        "UPDATE tlsrpt_count c SET successes = c.successes + r.successes, failures = c.failures + r.failures FROM " + ROWS_WITH_OPEN_PART
            + "WHERE " + IS_COUNT + " RETURNING r.i");
    private static final String ADD_COUNT = "INSERT INTO tlsrpt_count (day, domain, part, policy, successes, failures, details) ";
    private static final String COUNTS_OF_PART =
        "(SELECT COUNT(*) FROM tlsrpt_count c WHERE c.day = d.day AND c.domain = d.domain AND c.part = d.part)";
    private static final RowStatement NEW_POLICY = new RowStatement(
        "day bigint, domain text, policy bytea, successes bigint, failures bigint, max bigint",
        ADD_COUNT + "SELECT d.day, d.domain, d.part, ?3, ?4, ?5, 0 FROM tlsrpt_domain d WHERE d.day = ?1 AND d.domain = ?2 AND "
            + COUNTS_OF_PART + " < ?6",
        "WITH wanted AS (SELECT r.*, d.part, " + COUNTS_OF_PART
            + " + ROW_NUMBER() OVER (PARTITION BY r.day, r.domain ORDER BY r.i) AS nth FROM " + ROWS_WITH_OPEN_PART + "), "
            + "fitting AS (SELECT * FROM wanted WHERE nth <= max), "
            + "added AS (" + ADD_COUNT + "SELECT day, domain, part, policy, successes, failures, 0 FROM fitting) "
            + "SELECT i FROM fitting");

    private static final RowStatement KNOWN_FAILURE = new RowStatement("day bigint, domain text, policy bytea, failure bytea, n bigint",
        "UPDATE tlsrpt_failure SET n = n + ?5 WHERE day = ?1 AND domain = ?2 AND part = " + OPEN_PART + " AND policy = ?3 AND failure = ?4",
        "UPDATE tlsrpt_failure c SET n = c.n + r.n FROM " + ROWS_WITH_OPEN_PART + "WHERE " + IS_COUNT + " AND c.failure = r.failure "
            + "RETURNING r.i");
    private static final RowStatement RESERVE_FAILURE = new RowStatement("day bigint, domain text, policy bytea, max bigint",
        "UPDATE tlsrpt_count SET details = details + 1 "
            + "WHERE day = ?1 AND domain = ?2 AND part = " + OPEN_PART + " AND policy = ?3 AND details < ?4",
        "WITH wanted AS (SELECT r.*, d.part, "
            + "c.details + ROW_NUMBER() OVER (PARTITION BY r.day, r.domain, r.policy ORDER BY r.i) AS nth "
            + "FROM " + ROWS_WITH_OPEN_PART + "JOIN tlsrpt_count c ON " + IS_COUNT + "), "
            + "fitting AS (SELECT * FROM wanted WHERE nth <= max), "
            + "reserved AS (UPDATE tlsrpt_count c SET details = r.details "
            + "FROM (SELECT day, domain, part, policy, MAX(nth) AS details FROM fitting GROUP BY day, domain, part, policy) r "
            + "WHERE c.day = r.day AND c.domain = r.domain AND c.part = r.part AND c.policy = r.policy) "
            + "SELECT i FROM fitting");
    private static final String ADD_FAILURE = "INSERT INTO tlsrpt_failure "
        + "(day, domain, part, policy, failure, type, sending_ip, mx_host, helo, receiving_ip, reason, n) ";
    private static final String FAILURE_EXISTS =
        "ON CONFLICT (day, domain, part, policy, failure) DO UPDATE SET n = tlsrpt_failure.n + excluded.n";
    private static final RowStatement NEW_FAILURE = new RowStatement("day bigint, domain text, policy bytea, failure bytea, type text, "
        + "sending_ip bytea, mx_host text, helo text, receiving_ip bytea, reason text, n bigint",
        ADD_FAILURE + "SELECT d.day, d.domain, d.part, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11 FROM tlsrpt_domain d "
            + "WHERE d.day = ?1 AND d.domain = ?2 " + FAILURE_EXISTS,
        ADD_FAILURE + "SELECT r.day, r.domain, d.part, r.policy, r.failure, r.type, r.sending_ip, r.mx_host, r.helo, r.receiving_ip, "
            + "r.reason, r.n FROM " + ROWS_WITH_OPEN_PART + FAILURE_EXISTS);

    private final Connection connection;
    private final Dialect dialect;
    private final TallyLimits limits;
    private final KnownPolicies known;

    CountWriter(Connection connection, Dialect dialect, TallyLimits limits, KnownPolicies known) {
        this.connection = connection;
        this.dialect = dialect;
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

        Object[] row(Object... more) {
            return CountWriter.row(key, Stream.concat(Stream.of(row.hash()), Stream.of(more)).toArray());
        }
    }

    private record Failure(Count count, FailureKey what, byte[] hash, long n) {

        /** One failure for each row of the table. */
        static List<Failure> byRow(List<Failure> failures) {
            Map<List<Object>, Failure> byRow = new LinkedHashMap<>();
            failures.forEach(failure -> byRow.merge(
                List.of(failure.count.key(), failure.count.row(), ByteBuffer.wrap(failure.hash)), failure,
                (one, other) -> new Failure(one.count, one.what, one.hash, one.n + other.n)));
            return List.copyOf(byRow.values());
        }

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
            // two policies may have the same row, for example if only the separation of their hosts differs
            Map<PolicyRow, PolicyTally> byRow = new LinkedHashMap<>();
            domain.policies().forEach(policy -> byRow.merge(PolicyRow.of(policy.policy(), domain.key()), policy, PolicyTally::plus));
            byRow.forEach((row, policy) -> counts.add(new Count(domain.key(), policy, row)));
        }
        Map<PolicyRow, Long> fresh = known.unknown(physical, lastDays(counts));
        addPolicies(fresh);
        run(DOMAIN, sorted, domain ->
            row(domain.key(), domain.key().firstSecond().toEpochMilli(), domain.sessions(), domain.failedSessions()));
        reopen(sorted);
        List<Count> counted = addToPolicies(counts);
        if (counted.size() < counts.size()) {
            subtractSessionsWithoutPolicy(sorted, counted);
        }
        addFailures(counted);
        return new Written(counts.size() - counted.size(), fresh, physical);
    }

    /** @return the items whose rows were changed, and the others, if PostgreSQL's statement tells */
    private <T> Outcome<T> run(RowStatement statement, List<T> items, Function<T, Object[]> row) throws SQLException {
        return Outcome.of(items, statement.run(connection, dialect, items.stream().map(row).toList()));
    }

    private static Object[] row(TallyKey key, Object... more) {
        Object[] row = new Object[2 + more.length];
        row[0] = key.day().toEpochDay();
        row[1] = key.name();
        System.arraycopy(more, 0, row, 2, more.length);
        return row;
    }

    private boolean isNext(WriteId group, List<Tally> domains) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NEXT_GROUP + (dialect == Dialect.POSTGRESQL ? BY_KEY : ""))) {
            JdbcValues.set(statement, 1, group.writer(), group.number(), domains.getLast().key().day().toEpochDay());
            try (ResultSet answer = statement.executeQuery()) {
                return answer.next();
            }
        }
    }

    private static Map<PolicyRow, Long> lastDays(List<Count> counts) {
        Map<PolicyRow, Long> lastDays = new HashMap<>();
        counts.forEach(count -> lastDays.merge(count.row(), count.key().day().toEpochDay(), Math::max));
        return lastDays;
    }

    private void addPolicies(Map<PolicyRow, Long> lastDays) throws SQLException {
        run(POLICY, lastDays.keySet().stream().sorted().toList(), policy ->
            new Object[] {policy.hash(), policy.type(), policy.domain(), policy.strings(), policy.mxHosts(), lastDays.get(policy)});
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
        run(REOPEN, domains.stream().filter(domain -> days.contains(domain.key().day().toEpochDay())).toList(),
            domain -> row(domain.key()));
    }

    /** @return the counts that were added; the others are over the limit of policies */
    private List<Count> addToPolicies(List<Count> counts) throws SQLException {
        Outcome<Count> existing = run(KNOWN_POLICY, counts, count ->
            count.row(count.policy().successes(), count.policy().failures()));
        if (existing.unchanged().isEmpty()) {
            return counts;
        }
        List<Count> counted = existing.changed();
        counted.addAll(run(NEW_POLICY, existing.unchanged(), count ->
            count.row(count.policy().successes(), count.policy().failures(), (long) limits.policiesPerDomain())).changed());
        return counted;
    }

    private void subtractSessionsWithoutPolicy(List<Tally> domains, List<Count> counted) throws SQLException {
        Set<TallyKey> withPolicy = counted.stream().map(Count::key).collect(Collectors.toSet());
        run(SUBTRACT, domains.stream().filter(domain -> !withPolicy.contains(domain.key())).toList(),
            domain -> row(domain.key(), domain.sessions(), domain.failedSessions()));
    }

    private void addFailures(List<Count> counts) throws SQLException {
        List<Failure> failures = new ArrayList<>();
        for (Count count : counts) {
            count.policy().details().forEach((what, n) -> failures.add(new Failure(count, what, JdbcValues.hash(what), n)));
        }
        List<Failure> unknown = run(KNOWN_FAILURE, Failure.byRow(failures), failure ->
            failure.count().row(failure.hash(), failure.n())).unchanged();
        Outcome<Failure> ownEntry = run(RESERVE_FAILURE, unknown.stream().filter(failure -> !failure.what().isFolded()).toList(),
            failure -> failure.count().row((long) limits.detailsPerPolicy()));
        List<Failure> fresh = ownEntry.changed();
        unknown.stream().filter(failure -> failure.what().isFolded()).forEach(fresh::add);
        ownEntry.unchanged().forEach(failure -> fresh.add(failure.folded()));
        run(NEW_FAILURE, Failure.byRow(fresh), failure -> {
            FailureKey what = failure.what();
            return failure.count().row(failure.hash(), what.type().wireName(), JdbcValues.bytes(what.sendingIp()),
                what.mxHost().map(Object::toString).orElse(null), what.helo().orElse(null), JdbcValues.bytes(what.receivingIp()),
                what.reason(), failure.n());
        });
    }
}
