package jamestls.tlsrpt.store;

import jamestls.mtasts.dns.DomainName;
import jamestls.mtasts.outcome.AppliedPolicy;
import jamestls.mtasts.outcome.PolicyType;
import jamestls.mtasts.outcome.ResultType;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads counters back from the tables, inside a transaction. */
final class TallyReader {

    private TallyReader() {
    }

    /** A closed part as it is claimed. */
    record Closed(DomainTally tally, int tries) {
    }

    static Closed closed(Connection connection, TallyKey key, int part) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT started, ended, sessions, failed, tries FROM tlsrpt_part "
                 + "WHERE day = ? AND domain = ? AND part = ?")) {
            query.setInt(Rows.setKey(query, 1, key), part);
            try (ResultSet answer = query.executeQuery()) {
                if (!answer.next()) {
                    throw new SQLException("no part " + part + " of " + key);
                }
                DomainTally tally = new DomainTally(key, new Part(part, Instant.ofEpochMilli(answer.getLong(1))),
                    Instant.ofEpochMilli(answer.getLong(2)), answer.getLong(3), answer.getLong(4), policies(connection, key, part));
                return new Closed(tally, answer.getInt(5));
            }
        }
    }

    static List<PolicyTally> policies(Connection connection, TallyKey key, int part) throws SQLException {
        Map<ByteBuffer, Map<FailureKey, Long>> failures = new HashMap<>();
        List<PolicyTally> policies = new ArrayList<>();
        try (PreparedStatement query = connection.prepareStatement("SELECT c.policy, c.successes, c.failures, p.type, p.domain, p.strings, "
                 + "p.mx_hosts FROM tlsrpt_count c JOIN tlsrpt_policy p ON p.hash = c.policy "
                 + "WHERE c.day = ? AND c.domain = ? AND c.part = ? ORDER BY c.policy")) {
            query.setInt(Rows.setKey(query, 1, key), part);
            try (ResultSet answer = query.executeQuery()) {
                while (answer.next()) {
                    if (answer.getLong(3) > 0 && failures.isEmpty()) {
                        failures.putAll(failures(connection, key, part));
                    }
                    Map<FailureKey, Long> details = failures.getOrDefault(ByteBuffer.wrap(answer.getBytes(1)), Map.of());
                    policies.add(tally(answer, details));
                }
            }
        }
        return policies;
    }

    private static PolicyTally tally(ResultSet answer, Map<FailureKey, Long> details) throws SQLException {
        String type = answer.getString(4);
        PolicyType policyType = Arrays.stream(PolicyType.values()).filter(each -> each.wireName().equals(type)).findFirst()
            .orElseThrow(() -> new SQLException("no policy type '" + type + "'"));
        long failed = answer.getLong(3);
        // two failures of one session may have been folded into one entry by different servers, but an entry counts sessions
        Map<FailureKey, Long> capped = new HashMap<>();
        details.forEach((what, n) -> capped.put(what, Math.min(n, failed)));
        return new PolicyTally(new AppliedPolicy(policyType, new DomainName(answer.getString(5)), Rows.lines(answer.getBytes(6)),
            Rows.lines(answer.getBytes(7))), answer.getLong(2), failed, capped);
    }

    private static Map<ByteBuffer, Map<FailureKey, Long>> failures(Connection connection, TallyKey key, int part) throws SQLException {
        Map<ByteBuffer, Map<FailureKey, Long>> failures = new HashMap<>();
        try (PreparedStatement query = connection.prepareStatement("SELECT policy, type, sending_ip, mx_host, helo, receiving_ip, reason, "
                 + "n FROM tlsrpt_failure WHERE day = ? AND domain = ? AND part = ?")) {
            query.setInt(Rows.setKey(query, 1, key), part);
            try (ResultSet answer = query.executeQuery()) {
                while (answer.next()) {
                    failures.computeIfAbsent(ByteBuffer.wrap(answer.getBytes(1)), policy -> new HashMap<>())
                        .put(failure(answer), answer.getLong(8));
                }
            }
        }
        return failures;
    }

    private static FailureKey failure(ResultSet answer) throws SQLException {
        String type = answer.getString(2);
        ResultType resultType = ResultType.ofWireName(type).orElseThrow(() -> new SQLException("no result type '" + type + "'"));
        return new FailureKey(resultType, Rows.address(answer.getBytes(3)), Optional.ofNullable(answer.getString(4)).map(DomainName::new),
            Optional.ofNullable(answer.getString(5)), Rows.address(answer.getBytes(6)), answer.getString(7));
    }
}
