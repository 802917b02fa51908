package jamestls.tlsrpt.store;

import jamestls.mtasts.outcome.AppliedPolicy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Adds one group to the tables, inside a transaction. Every statement is an increment, sent in batches and always in the same
 * order of keys, so that servers that write at once wait for each other and do not lock each other out.
 */
final class CountWriter {

    private static final String OPEN_PART = "(SELECT d.part FROM tlsrpt_domain d WHERE d.day = ? AND d.domain = ?)";
    private static final String NEXT_GROUP = "INSERT INTO tlsrpt_group (writer, number, last_day) VALUES (?, ?, ?) "
        + "ON CONFLICT (writer) DO UPDATE SET number = excluded.number, last_day = excluded.last_day "
        + "WHERE tlsrpt_group.number < excluded.number";
    private static final String POLICY = "INSERT INTO tlsrpt_policy (hash, type, domain, strings, mx_hosts, last_day) "
        + "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET last_day = excluded.last_day "
        + "WHERE tlsrpt_policy.last_day < excluded.last_day";
    private static final String DOMAIN = "INSERT INTO tlsrpt_domain (day, domain, part, started, sessions, failed) "
        + "VALUES (?, ?, 1, ?, ?, ?) ON CONFLICT (day, domain) DO UPDATE SET "
        + "sessions = tlsrpt_domain.sessions + excluded.sessions, failed = tlsrpt_domain.failed + excluded.failed";
    private static final String TAKE_BACK =
        "UPDATE tlsrpt_domain SET sessions = sessions - ?, failed = failed - ? WHERE day = ? AND domain = ?";
    private static final String COUNT = "INSERT INTO tlsrpt_count (day, domain, part, policy, successes, failures, details) "
        + "SELECT d.day, d.domain, d.part, ?, ?, ?, 0 FROM tlsrpt_domain d WHERE d.day = ? AND d.domain = ? "
        + "AND ((SELECT COUNT(*) FROM tlsrpt_count c WHERE c.day = d.day AND c.domain = d.domain AND c.part = d.part) < ? "
        + "OR EXISTS (SELECT 1 FROM tlsrpt_count c WHERE c.day = d.day AND c.domain = d.domain AND c.part = d.part AND c.policy = ?)) "
        + "ON CONFLICT (day, domain, part, policy) DO UPDATE SET successes = tlsrpt_count.successes + excluded.successes, "
        + "failures = tlsrpt_count.failures + excluded.failures";
    private static final String KNOWN_FAILURE = "UPDATE tlsrpt_failure SET n = n + ? "
        + "WHERE day = ? AND domain = ? AND part = " + OPEN_PART + " AND policy = ? AND failure = ?";
    private static final String ROOM_FOR_FAILURE = "UPDATE tlsrpt_count SET details = details + 1 "
        + "WHERE day = ? AND domain = ? AND part = " + OPEN_PART + " AND policy = ? AND details < ?";
    private static final String NEW_FAILURE = "INSERT INTO tlsrpt_failure "
        + "(day, domain, part, policy, failure, type, sending_ip, mx_host, helo, receiving_ip, reason, n) "
        + "SELECT d.day, d.domain, d.part, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM tlsrpt_domain d WHERE d.day = ? AND d.domain = ? "
        + "ON CONFLICT (day, domain, part, policy, failure) DO UPDATE SET n = tlsrpt_failure.n + excluded.n";

    private final Connection connection;
    private final TallyLimits limits;
    private final Map<AppliedPolicy, byte[]> hashes = new HashMap<>();

    CountWriter(Connection connection, TallyLimits limits) {
        this.connection = connection;
        this.limits = limits;
    }

    private record Count(DomainCounts domain, PolicyTally policy, byte[] hash) {
        TallyKey key() {
            return domain.key();
        }
    }

    private record Failure(Count count, FailureKey what, byte[] hash, long n) {
        Failure folded() {
            FailureKey folded = FailureKey.folded(what.type());
            return new Failure(count, folded, Rows.hash(folded), n);
        }
    }

    /** @return how many policies found no room */
    int write(GroupId group, List<DomainCounts> domains) throws SQLException {
        if (domains.isEmpty() || !isNext(group, domains)) {
            return 0;
        }
        List<DomainCounts> sorted = domains.stream().sorted((a, b) -> a.key().compareTo(b.key())).toList();
        policies(sorted);
        addToDomains(sorted);
        List<Count> counts = sorted.stream()
            .flatMap(domain -> domain.policies().stream().map(policy -> new Count(domain, policy, hashes.get(policy.policy()))))
            .toList();
        List<Count> counted = addToPolicies(counts);
        if (counted.size() < counts.size()) {
            takeBackSessionsWithoutPolicy(sorted, counted);
        }
        addFailures(counted);
        return counts.size() - counted.size();
    }

    private boolean isNext(GroupId group, List<DomainCounts> domains) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NEXT_GROUP)) {
            Rows.set(statement, 1, group.writer(), group.number(), domains.getLast().key().day().toEpochDay());
            return statement.executeUpdate() > 0;
        }
    }

    private void policies(List<DomainCounts> domains) throws SQLException {
        Map<AppliedPolicy, Long> lastDays = new LinkedHashMap<>();
        for (DomainCounts domain : domains) {
            for (PolicyTally policy : domain.policies()) {
                lastDays.merge(policy.policy(), domain.key().day().toEpochDay(), Math::max);
            }
        }
        lastDays.keySet().forEach(policy -> hashes.put(policy, Rows.hash(policy)));
        List<AppliedPolicy> sorted = lastDays.keySet().stream()
            .sorted((a, b) -> Arrays.compareUnsigned(hashes.get(a), hashes.get(b))).toList();
        try (PreparedStatement statement = connection.prepareStatement(POLICY)) {
            for (AppliedPolicy policy : sorted) {
                Rows.set(statement, 1, hashes.get(policy), policy.type().wireName(), policy.policyDomain().ascii(),
                    Rows.lines(policy.policyStrings()), Rows.lines(policy.mxHosts()), lastDays.get(policy));
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    private void addToDomains(List<DomainCounts> domains) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(DOMAIN)) {
            for (DomainCounts domain : domains) {
                int next = Rows.setKey(statement, 1, domain.key());
                Rows.set(statement, next, domain.key().firstSecond().toEpochMilli(), domain.sessions(), domain.failedSessions());
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    /** @return those that found room */
    private List<Count> addToPolicies(List<Count> counts) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(COUNT)) {
            for (Count count : counts) {
                Rows.set(statement, 1, count.hash(), count.policy().successes(), count.policy().failures());
                int next = Rows.setKey(statement, 4, count.key());
                Rows.set(statement, next, limits.policiesPerDomain(), count.hash());
                statement.addBatch();
            }
            return where(statement.executeBatch(), counts, true);
        }
    }

    private void takeBackSessionsWithoutPolicy(List<DomainCounts> domains, List<Count> counted) throws SQLException {
        Set<TallyKey> withPolicy = counted.stream().map(Count::key).collect(Collectors.toSet());
        try (PreparedStatement statement = connection.prepareStatement(TAKE_BACK)) {
            for (DomainCounts domain : domains) {
                if (!withPolicy.contains(domain.key())) {
                    Rows.set(statement, 1, domain.sessions(), domain.failedSessions());
                    Rows.setKey(statement, 3, domain.key());
                    statement.addBatch();
                }
            }
            statement.executeBatch();
        }
    }

    private void addFailures(List<Count> counts) throws SQLException {
        List<Failure> failures = new ArrayList<>();
        for (Count count : counts) {
            count.policy().details().forEach((what, n) -> failures.add(new Failure(count, what, Rows.hash(what), n)));
        }
        if (failures.isEmpty()) {
            return;
        }
        List<Failure> unknown = addToKnown(failures);
        List<Failure> ownEntry = unknown.stream().filter(failure -> !failure.what().isFolded()).toList();
        int[] granted = grantRoom(ownEntry);
        List<Failure> fresh = new ArrayList<>(where(granted, ownEntry, true));
        unknown.stream().filter(failure -> failure.what().isFolded()).forEach(fresh::add);
        where(granted, ownEntry, false).forEach(crowdedOut -> fresh.add(crowdedOut.folded()));
        insert(fresh);
    }

    /** @return those that have no entry yet */
    private List<Failure> addToKnown(List<Failure> failures) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(KNOWN_FAILURE)) {
            for (Failure failure : failures) {
                statement.setLong(1, failure.n());
                int next = Rows.setKey(statement, 2, failure.count().key());
                next = Rows.setKey(statement, next, failure.count().key());
                Rows.set(statement, next, failure.count().hash(), failure.hash());
                statement.addBatch();
            }
            return where(statement.executeBatch(), failures, false);
        }
    }

    private int[] grantRoom(List<Failure> failures) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(ROOM_FOR_FAILURE)) {
            for (Failure failure : failures) {
                int next = Rows.setKey(statement, 1, failure.count().key());
                next = Rows.setKey(statement, next, failure.count().key());
                Rows.set(statement, next, failure.count().hash(), limits.detailsPerPolicy());
                statement.addBatch();
            }
            return statement.executeBatch();
        }
    }

    private void insert(List<Failure> failures) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(NEW_FAILURE)) {
            for (Failure failure : failures) {
                FailureKey what = failure.what();
                Rows.set(statement, 1, failure.count().hash(), failure.hash(), what.type().wireName());
                statement.setBytes(4, Rows.bytes(what.sendingIp()));
                statement.setString(5, what.mxHost().map(Object::toString).orElse(null));
                statement.setString(6, what.helo().orElse(null));
                statement.setBytes(7, Rows.bytes(what.receivingIp()));
                Rows.set(statement, 8, what.reason(), failure.n());
                Rows.setKey(statement, 10, failure.count().key());
                statement.addBatch();
            }
            statement.executeBatch();
        }
    }

    /** Those whose statement changed something, or those whose statement did not. */
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
