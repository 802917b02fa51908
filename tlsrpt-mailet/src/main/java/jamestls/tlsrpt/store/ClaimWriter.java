package jamestls.tlsrpt.store;

import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.Due.Expiry;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.IntStream;

/**
 * Claims parts of several days and domains in one transaction, and ends claims. The number of statements does not depend on the number
 * of keys: updates are batches, and queries read the range from the first key to the last.
 */
final class ClaimWriter {

    static final String CLAIMABLE = "result = '' AND (leased <= ? OR leased > ?) AND (postponed <= ? OR postponed > ?)";
    private static final String RANGE = "(day, domain) >= (?, ?) AND (day, domain) <= (?, ?)";
    private static final String LOCK = "UPDATE tlsrpt_domain SET part = part WHERE day = ? AND domain = ?";
    private static final String CLAIMABLE_PARTS = "SELECT day, domain, part, started, ended, sessions, failed, tries, store_id "
        + "FROM tlsrpt_part WHERE " + RANGE + " AND " + CLAIMABLE + " ORDER BY day, domain, part";
    private static final String OPEN_PARTS = "SELECT day, domain, part, started, sessions, failed FROM tlsrpt_domain WHERE "
        + RANGE + " AND is_open = 1 AND sessions > 0";
    private static final String DETAILS = "SELECT SUM(details) FROM tlsrpt_count WHERE day = ? AND domain = ? AND part = ?";
    private static final String CLOSE = "INSERT INTO tlsrpt_part (day, domain, part, started, ended, sessions, failed, token, leased, "
        + "postponed, tries, result, store_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, '', ?)";
    private static final String NEXT = "UPDATE tlsrpt_domain SET part = ?, started = ?, sessions = 0, failed = 0, is_open = 0 "
        + "WHERE day = ? AND domain = ?";
    private static final String LEASE = "UPDATE tlsrpt_part SET token = ?, leased = ? WHERE day = ? AND domain = ? AND part = ?";

    private static final String OF_PART = " WHERE day = ? AND domain = ? AND part = ?";
    private static final String SETTLE = "UPDATE tlsrpt_part SET token = '', leased = 0, result = ?" + OF_PART + " AND token = ?";
    private static final List<String> DELETE = List.of("DELETE FROM tlsrpt_failure" + OF_PART, "DELETE FROM tlsrpt_count" + OF_PART,
        "DELETE FROM tlsrpt_part" + OF_PART);
    private static final String FORGET_EMPTY = "DELETE FROM tlsrpt_domain WHERE day = ? AND domain = ? AND sessions = 0 "
        + "AND NOT EXISTS (SELECT 1 FROM tlsrpt_part p WHERE p.day = ? AND p.domain = ?)";

    private final Connection connection;
    private final List<TallyKey> keys;
    private final Due due;
    private final String token = UUID.randomUUID().toString();

    /** @param keys at least one, in the order of the database, which may differ from that of {@link TallyKey} */
    ClaimWriter(Connection connection, List<TallyKey> keys, Due due) {
        this.connection = connection;
        this.keys = keys;
        this.due = due;
    }

    /** A part that can be claimed. */
    private record Candidate(TallyKey key, ReportPeriod part, Instant end, long sessions, long failed, int tries, boolean fresh) {
    }

    /** @param maxDetails maximum number of failure details to read; further parts are not claimed, but the first one always is */
    List<Claim> claim(long maxDetails) throws SQLException {
        SortedSet<TallyKey> locked = lock(connection, keys);
        if (locked.isEmpty()) {
            return List.of();
        }
        Map<TallyKey, Candidate> candidates = claimableParts(locked);
        openParts(locked).forEach(candidates::putIfAbsent);
        List<Candidate> chosen = withinBounds(List.copyOf(candidates.values()), maxDetails);
        lease(chosen.stream().filter(each -> !each.fresh()).toList());
        close(chosen.stream().filter(Candidate::fresh).toList());
        return read(chosen);
    }

    /**
     * Locks the rows of days and domains until the end of the transaction. Everything about a day and domain is guarded by its row.
     *
     * @return the keys that exist
     */
    static SortedSet<TallyKey> lock(Connection connection, Collection<TallyKey> keys) throws SQLException {
        // sorted, because concurrent transactions that lock rows in different orders can deadlock
        List<TallyKey> sorted = List.copyOf(new TreeSet<>(keys));
        try (PreparedStatement update = connection.prepareStatement(LOCK)) {
            for (TallyKey key : sorted) {
                JdbcValues.setKey(update, 1, key);
                update.addBatch();
            }
            int[] changed = update.executeBatch();
            SortedSet<TallyKey> locked = new TreeSet<>();
            for (int i = 0; i < changed.length; i++) {
                if (changed[i] != 0) {
                    locked.add(sorted.get(i));
                }
            }
            return locked;
        }
    }

    private Map<TallyKey, Candidate> claimableParts(SortedSet<TallyKey> wanted) throws SQLException {
        Map<TallyKey, Candidate> candidates = new LinkedHashMap<>();
        try (PreparedStatement query = connection.prepareStatement(CLAIMABLE_PARTS)) {
            setClaimable(query, setRange(query), due);
            try (ResultSet answer = query.executeQuery()) {
                while (answer.next()) {
                    TallyKey key = key(answer);
                    if (wanted.contains(key)) {
                        candidates.putIfAbsent(key, new Candidate(key,
                            new ReportPeriod(answer.getInt(3), Instant.ofEpochMilli(answer.getLong(4)), answer.getString(9)),
                            Instant.ofEpochMilli(answer.getLong(5)), answer.getLong(6),
                            answer.getLong(7), answer.getInt(8), false));
                    }
                }
            }
        }
        return candidates;
    }

    private Map<TallyKey, Candidate> openParts(SortedSet<TallyKey> wanted) throws SQLException {
        Map<TallyKey, Candidate> candidates = new LinkedHashMap<>();
        byte[] secret = SqlDestinationStore.secret(connection);
        try (PreparedStatement query = connection.prepareStatement(OPEN_PARTS)) {
            setRange(query);
            try (ResultSet answer = query.executeQuery()) {
                while (answer.next()) {
                    TallyKey key = key(answer);
                    if (wanted.contains(key)) {
                        ReportPeriod part =
                            new ReportPeriod(answer.getInt(3), Instant.ofEpochMilli(answer.getLong(4)))
                                .closedAt(due.now(), key).in(secret, key);
                        candidates.put(key, new Candidate(key, part, part.endAt(due.now(), key), answer.getLong(5), answer.getLong(6), 0,
                            true));
                    }
                }
            }
        }
        return candidates;
    }

    /** Limits the memory: strangers can cause many failure details. */
    private List<Candidate> withinBounds(List<Candidate> candidates, long maxDetails) throws SQLException {
        List<Candidate> chosen = new ArrayList<>();
        long details = 0;
        for (Candidate each : candidates) {
            // a part without failures has no details
            details += each.failed() == 0 ? 0 : details(each);
            if (details > maxDetails && !chosen.isEmpty()) {
                break;
            }
            chosen.add(each);
        }
        return chosen;
    }

    private long details(Candidate part) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(DETAILS)) {
            query.setInt(JdbcValues.setKey(query, 1, part.key()), part.part().number());
            try (ResultSet answer = query.executeQuery()) {
                return answer.next() ? answer.getLong(1) : 0;
            }
        }
    }

    private void lease(List<Candidate> parts) throws SQLException {
        if (parts.isEmpty()) {
            return;
        }
        try (PreparedStatement update = connection.prepareStatement(LEASE)) {
            for (Candidate each : parts) {
                JdbcValues.set(update, 1, token, leased());
                update.setInt(JdbcValues.setKey(update, 3, each.key()), each.part().number());
                update.addBatch();
            }
            update.executeBatch();
        }
    }

    private void close(List<Candidate> parts) throws SQLException {
        if (parts.isEmpty()) {
            return;
        }
        try (PreparedStatement insert = connection.prepareStatement(CLOSE);
             PreparedStatement update = connection.prepareStatement(NEXT)) {
            for (Candidate each : parts) {
                JdbcValues.set(insert, JdbcValues.setKey(insert, 1, each.key()), each.part().number(), each.part().start().toEpochMilli(),
                    each.end().toEpochMilli(), each.sessions(), each.failed(), token, leased(), each.part().storeId());
                insert.addBatch();
                ReportPeriod next = each.part().next(each.end(), each.key());
                JdbcValues.set(update, 1, next.number(), next.start().toEpochMilli());
                JdbcValues.setKey(update, 3, each.key());
                update.addBatch();
            }
            insert.executeBatch();
            update.executeBatch();
        }
    }

    private List<Claim> read(List<Candidate> parts) throws SQLException {
        Map<TallyKey, List<PolicyTally>> policies = TallyReader.leased(connection, keys, token,
            parts.stream().anyMatch(part -> part.failed() > 0));
        return parts.stream()
            .map(each -> new Claim(new DomainTally(each.key(), each.part(), each.end(), each.sessions(), each.failed(),
                policies.getOrDefault(each.key(), List.of())), each.tries(), each.fresh(), token))
            .toList();
    }

    private long leased() {
        return due.now().plus(Expiry.LEASE).toEpochMilli();
    }

    private static TallyKey key(ResultSet answer) throws SQLException {
        return TallyKey.of(LocalDate.ofEpochDay(answer.getLong(1)), answer.getString(2));
    }

    private int setRange(PreparedStatement query) throws SQLException {
        return JdbcValues.setKey(query, JdbcValues.setKey(query, 1, keys.getFirst()), keys.getLast());
    }

    /** @return the number of the next parameter */
    static int setClaimable(PreparedStatement query, int first, Due due) throws SQLException {
        // a lease or pause longer than the maximum was written with a wrong clock
        JdbcValues.set(query, first, due.now().toEpochMilli(), due.now().plus(Expiry.MAX_LEASE).toEpochMilli(),
            due.postponedUntil().toEpochMilli(), due.postponedUntil().plus(Expiry.MAX_PAUSE).toEpochMilli());
        return first + 4;
    }

    /** Ends claims; returns for each whether it was held. */
    static List<Boolean> end(Connection connection, List<Claim.Result> results) throws SQLException {
        List<Integer> order = IntStream.range(0, results.size()).boxed()
            .sorted(Comparator.comparing(i -> results.get(i).claim().tally().key())).toList();
        lock(connection, results.stream().map(result -> result.claim().tally().key()).toList());
        boolean[] held = new boolean[results.size()];
        List<Claim> discarded = new ArrayList<>();
        try (PreparedStatement update = connection.prepareStatement(SETTLE)) {
            for (int i : order) {
                Claim.Result result = results.get(i);
                update.setString(1, result.result().orElse("discarded"));
                update.setString(setPart(update, 2, result.claim()), result.claim().token());
                update.addBatch();
            }
            int[] changed = update.executeBatch();
            for (int i = 0; i < changed.length; i++) {
                held[order.get(i)] = changed[i] != 0;
                Claim.Result result = results.get(order.get(i));
                if (changed[i] != 0 && result.result().isEmpty()) {
                    discarded.add(result.claim());
                }
            }
        }
        delete(connection, discarded);
        return IntStream.range(0, held.length).mapToObj(i -> held[i]).toList();
    }

    private static void delete(Connection connection, List<Claim> claims) throws SQLException {
        if (claims.isEmpty()) {
            return;
        }
        for (String sql : DELETE) {
            try (PreparedStatement delete = connection.prepareStatement(sql)) {
                for (Claim claim : claims) {
                    setPart(delete, 1, claim);
                    delete.addBatch();
                }
                delete.executeBatch();
            }
        }
        try (PreparedStatement delete = connection.prepareStatement(FORGET_EMPTY)) {
            for (Claim claim : claims) {
                JdbcValues.setKey(delete, JdbcValues.setKey(delete, 1, claim.tally().key()), claim.tally().key());
                delete.addBatch();
            }
            delete.executeBatch();
        }
    }

    /** @return the number of the next parameter */
    private static int setPart(PreparedStatement statement, int first, Claim claim) throws SQLException {
        int next = JdbcValues.setKey(statement, first, claim.tally().key());
        statement.setInt(next, claim.tally().part().number());
        return next + 1;
    }
}
