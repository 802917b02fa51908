package jamestls.tlsrpt.store;

import jamestls.dns.DomainName;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.AppliedPolicy.PolicyType;
import jamestls.outcome.Violation.ResultType;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads counters from the tables, inside a transaction. */
final class TallyReader {

    private TallyReader() {
    }

    private static final String POLICY_COLUMNS =
        "c.day, c.domain, c.policy, c.successes, c.failures, y.type, y.domain, y.strings, y.mx_hosts";
    private static final String FAILURE_COLUMNS =
        "f.day, f.domain, f.policy, f.type, f.sending_ip, f.mx_host, f.helo, f.receiving_ip, f.reason, f.n";
    private static final String POLICIES_OF_PART = "SELECT " + POLICY_COLUMNS + " FROM tlsrpt_count c JOIN tlsrpt_policy y "
        + "ON y.hash = c.policy WHERE c.day = ? AND c.domain = ? AND c.part = ? ORDER BY c.policy";
    private static final String FAILURES_OF_PART = "SELECT " + FAILURE_COLUMNS + " FROM tlsrpt_failure f "
        + "WHERE f.day = ? AND f.domain = ? AND f.part = ?";
    /** With CROSS JOIN, SQLite keeps the order of the tables. */
    private static final String LEASED = " FROM tlsrpt_part p CROSS JOIN ";
    private static final String OF_TOKEN = " WHERE (p.day, p.domain) >= (?, ?) AND (p.day, p.domain) <= (?, ?) "
        + "AND p.result = '' AND p.token = ? AND ";
    private static final String LEASED_POLICIES = "SELECT " + POLICY_COLUMNS + LEASED + "tlsrpt_count c CROSS JOIN tlsrpt_policy y"
        + OF_TOKEN + "c.day = p.day AND c.domain = p.domain AND c.part = p.part AND y.hash = c.policy "
        + "ORDER BY p.day, p.domain, c.policy";
    private static final String LEASED_FAILURES = "SELECT " + FAILURE_COLUMNS + LEASED + "tlsrpt_failure f"
        + OF_TOKEN + "f.day = p.day AND f.domain = p.domain AND f.part = p.part";

    /** Policy of a report, by its hash. */
    private record PolicyOf(TallyKey key, ByteBuffer hash) {
    }

    /** Sets the parameters of a query. */
    private interface Parameters {
        void set(PreparedStatement query) throws SQLException;
    }

    /** The counts of a closed part. */
    static DomainTally closed(Connection connection, TallyKey key, int part) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT started, ended, sessions, failed, store_id FROM tlsrpt_part "
                 + "WHERE day = ? AND domain = ? AND part = ?")) {
            query.setInt(JdbcValues.setKey(query, 1, key), part);
            try (ResultSet answer = query.executeQuery()) {
                if (!answer.next()) {
                    throw new SQLException("no part " + part + " of " + key);
                }
                return new DomainTally(key, new ReportPeriod(part, Instant.ofEpochMilli(answer.getLong(1)), answer.getString(5)),
                    Instant.ofEpochMilli(answer.getLong(2)), answer.getLong(3), answer.getLong(4), policies(connection, key, part));
            }
        }
    }

    static List<PolicyTally> policies(Connection connection, TallyKey key, int part) throws SQLException {
        Parameters ofPart = query -> query.setInt(JdbcValues.setKey(query, 1, key), part);
        return policies(connection, POLICIES_OF_PART, ofPart, failures(connection, FAILURES_OF_PART, ofPart)).getOrDefault(key, List.of());
    }

    /**
     * The counts of all parts that are leased with that token.
     *
     * @param keys range of keys, in the database's order
     * @param withFailures false if none of the parts has failures
     */
    static Map<TallyKey, List<PolicyTally>> leased(Connection connection, List<TallyKey> keys, String token, boolean withFailures)
            throws SQLException {
        Parameters ofToken = query ->
            query.setString(JdbcValues.setKey(query, JdbcValues.setKey(query, 1, keys.getFirst()), keys.getLast()), token);
        return policies(connection, LEASED_POLICIES, ofToken,
            withFailures ? failures(connection, LEASED_FAILURES, ofToken) : Map.of());
    }

    private static Map<TallyKey, List<PolicyTally>> policies(Connection connection, String sql, Parameters parameters,
                                                             Map<PolicyOf, Map<FailureKey, Long>> failures) throws SQLException {
        Map<TallyKey, List<PolicyTally>> policies = new HashMap<>();
        try (PreparedStatement query = connection.prepareStatement(sql)) {
            parameters.set(query);
            try (ResultSet answer = query.executeQuery()) {
                while (answer.next()) {
                    TallyKey key = key(answer);
                    boolean failed = answer.getLong(5) > 0;
                    Map<FailureKey, Long> details =
                        failed ? failures.getOrDefault(new PolicyOf(key, ByteBuffer.wrap(answer.getBytes(3))), Map.of()) : Map.of();
                    policies.computeIfAbsent(key, each -> new ArrayList<>(1)).add(tally(key, answer, details));
                }
            }
        }
        policies.replaceAll((key, several) -> several.size() == 1 ? several : merged(several));
        return policies;
    }

    private static Map<PolicyOf, Map<FailureKey, Long>> failures(Connection connection, String sql, Parameters parameters)
            throws SQLException {
        Map<PolicyOf, Map<FailureKey, Long>> failures = new HashMap<>();
        try (PreparedStatement query = connection.prepareStatement(sql)) {
            parameters.set(query);
            try (ResultSet answer = query.executeQuery()) {
                while (answer.next()) {
                    failures.computeIfAbsent(new PolicyOf(key(answer), ByteBuffer.wrap(answer.getBytes(3))), policy -> new HashMap<>())
                        .put(failure(answer), answer.getLong(10));
                }
            }
        }
        return failures;
    }

    private static TallyKey key(ResultSet answer) throws SQLException {
        return TallyKey.of(LocalDate.ofEpochDay(answer.getLong(1)), answer.getString(2));
    }

    /** Merges equal policies: versions have stored the same policy in different forms. */
    private static List<PolicyTally> merged(List<PolicyTally> policies) {
        Map<AppliedPolicy, PolicyTally> merged = new LinkedHashMap<>();
        policies.forEach(policy -> merged.merge(policy.policy(), policy, PolicyTally::plus));
        return List.copyOf(merged.values());
    }

    private static PolicyTally tally(TallyKey key, ResultSet answer, Map<FailureKey, Long> details) throws SQLException {
        String type = answer.getString(6);
        PolicyType policyType = Arrays.stream(PolicyType.values()).filter(each -> each.wireName().equals(type)).findFirst()
            .orElseThrow(() -> new SQLException("no policy type '" + type + "'"));
        long failed = answer.getLong(5);
        // servers may have folded two failures of one session into one entry, which must not count more than the sessions
        Map<FailureKey, Long> capped = new HashMap<>();
        details.forEach((failure, n) -> capped.put(failure, Math.min(n, failed)));
        String domain = answer.getString(7);
        DomainName policyDomain = domain.isEmpty() ? key.domain() : new DomainName(domain);
        return new PolicyTally(new AppliedPolicy(policyType, policyDomain, JdbcValues.lines(answer.getBytes(8)),
            JdbcValues.lines(answer.getBytes(9))), answer.getLong(4), failed, capped);
    }

    private static FailureKey failure(ResultSet answer) throws SQLException {
        String type = answer.getString(4);
        ResultType resultType = ResultType.ofWireName(type).orElseThrow(() -> new SQLException("no result type '" + type + "'"));
        return new FailureKey(resultType, JdbcValues.address(answer.getBytes(5)),
            Optional.ofNullable(answer.getString(6)).map(DomainName::new),
            Optional.ofNullable(answer.getString(7)), JdbcValues.address(answer.getBytes(8)), answer.getString(9));
    }
}
