package jamestls.tlsrpt.store;

import jamestls.mtasts.storage.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Counters in a {@link Database} that has the tables of {@link TallySchema}; what is settled is kept until it is forgotten. */
public final class SqlTallyStore implements TallyStore {

    private static final String FREE = "result = '' AND (leased <= ? OR leased > ?) AND (postponed <= ? OR postponed > ?)";
    private static final String OF_PART = "WHERE day = ? AND domain = ? AND part = ?";
    private static final String PRESENT = "SELECT day, domain FROM (SELECT day, domain FROM tlsrpt_domain "
        + "WHERE sessions > 0 AND day <= ? AND (day, domain) > (?, ?) ORDER BY day, domain LIMIT ?) o "
        + "UNION SELECT day, domain FROM (SELECT day, domain FROM tlsrpt_part "
        + "WHERE day <= ? AND (day, domain) > (?, ?) AND " + FREE + " ORDER BY day, domain LIMIT ?) p ORDER BY day, domain LIMIT ?";

    private final Database database;
    private final TallyLimits limits;
    private final TallyPurge purge;

    /** @param limits those for each domain apply; days and domains are limited by the disk */
    public SqlTallyStore(Database database, TallyLimits limits) {
        this.database = database;
        this.limits = limits;
        this.purge = new TallyPurge(database);
    }

    @Override
    public int add(GroupId group, List<DomainCounts> counts) {
        return database.transaction(connection -> new CountWriter(connection, limits).write(group, counts));
    }

    @Override
    public List<TallyKey> present(Due due, Optional<TallyKey> after, int most) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(PRESENT)) {
                long day = due.lastDay().toEpochDay();
                long afterDay = after.map(key -> key.day().toEpochDay()).orElse(Long.MIN_VALUE);
                String afterDomain = after.map(TallyKey::name).orElse("");
                Rows.set(query, 1, day, afterDay, afterDomain, most, day, afterDay, afterDomain);
                int next = setFree(query, 8, due);
                Rows.set(query, next, most, most);
                List<TallyKey> keys = new ArrayList<>();
                try (ResultSet answer = query.executeQuery()) {
                    while (answer.next()) {
                        keys.add(TallyKey.of(LocalDate.ofEpochDay(answer.getLong(1)), answer.getString(2)));
                    }
                }
                return keys;
            }
        });
    }

    @Override
    public Optional<Claim> claim(TallyKey key, Due due) {
        return database.transaction(connection -> {
            if (!lock(connection, key)) {
                return Optional.empty();
            }
            Optional<Integer> part = freePart(connection, key, due);
            if (part.isEmpty()) {
                part = closeOpenPart(connection, key, due.now());
            }
            return part.isEmpty() ? Optional.empty() : Optional.of(lease(connection, key, part.get(), due.now()));
        });
    }

    @Override
    public boolean settle(Claim claim, String result) {
        return ended(claim, "result = ?", result.isEmpty() ? "done" : result);
    }

    @Override
    public boolean postpone(Claim claim, Instant notBefore) {
        return ended(claim, "tries = tries + 1, postponed = ?", notBefore.toEpochMilli());
    }

    @Override
    public boolean discard(Claim claim) {
        TallyKey key = claim.tally().key();
        return database.transaction(connection -> {
            if (!lock(connection, key) || !end(connection, claim, "result = ?", "discarded")) {
                return false;
            }
            for (String table : List.of("tlsrpt_failure", "tlsrpt_count", "tlsrpt_part")) {
                try (PreparedStatement delete = connection.prepareStatement("DELETE FROM " + table + " " + OF_PART)) {
                    delete.setInt(Rows.setKey(delete, 1, key), claim.tally().part().number());
                    delete.executeUpdate();
                }
            }
            forgetDomainOfWhichNothingIsLeft(connection, key);
            return true;
        });
    }

    @Override
    public void forget(LocalDate firstKept) {
        purge.forget(firstKept);
    }

    private boolean ended(Claim claim, String change, Object value) {
        return database.transaction(connection -> lock(connection, claim.tally().key()) && end(connection, claim, change, value));
    }

    /** Whoever has the row of a day and domain has all that hangs on it, until the end of the transaction. */
    private static boolean lock(Connection connection, TallyKey key) throws SQLException {
        try (PreparedStatement update =
                 connection.prepareStatement("UPDATE tlsrpt_domain SET part = part WHERE day = ? AND domain = ?")) {
            Rows.setKey(update, 1, key);
            return update.executeUpdate() > 0;
        }
    }

    private static Optional<Integer> freePart(Connection connection, TallyKey key, Due due) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement(
                 "SELECT part FROM tlsrpt_part WHERE day = ? AND domain = ? AND " + FREE + " ORDER BY part LIMIT 1")) {
            setFree(query, Rows.setKey(query, 1, key), due);
            try (ResultSet answer = query.executeQuery()) {
                return answer.next() ? Optional.of(answer.getInt(1)) : Optional.empty();
            }
        }
    }

    private static Optional<Integer> closeOpenPart(Connection connection, TallyKey key, Instant now) throws SQLException {
        Part part;
        long sessions;
        long failed;
        try (PreparedStatement query = connection.prepareStatement(
                 "SELECT part, started, sessions, failed FROM tlsrpt_domain WHERE day = ? AND domain = ? AND sessions > 0")) {
            Rows.setKey(query, 1, key);
            try (ResultSet answer = query.executeQuery()) {
                if (!answer.next()) {
                    return Optional.empty();
                }
                part = new Part(answer.getInt(1), Instant.ofEpochMilli(answer.getLong(2)));
                sessions = answer.getLong(3);
                failed = answer.getLong(4);
            }
        }
        Instant end = part.endAt(now, key);
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO tlsrpt_part (day, domain, part, started, ended, "
                 + "sessions, failed, token, leased, postponed, tries, result) VALUES (?, ?, ?, ?, ?, ?, ?, '', 0, 0, 0, '')")) {
            Rows.set(insert, Rows.setKey(insert, 1, key), part.number(), part.start().toEpochMilli(), end.toEpochMilli(), sessions, failed);
            insert.executeUpdate();
        }
        Part next = part.next(end, key);
        try (PreparedStatement update = connection.prepareStatement(
                 "UPDATE tlsrpt_domain SET part = ?, started = ?, sessions = 0, failed = 0 WHERE day = ? AND domain = ?")) {
            Rows.set(update, 1, next.number(), next.start().toEpochMilli());
            Rows.setKey(update, 3, key);
            update.executeUpdate();
        }
        return Optional.of(part.number());
    }

    private static Claim lease(Connection connection, TallyKey key, int part, Instant now) throws SQLException {
        String token = UUID.randomUUID().toString();
        try (PreparedStatement update = connection.prepareStatement("UPDATE tlsrpt_part SET token = ?, leased = ? " + OF_PART)) {
            Rows.set(update, 1, token, now.plus(Wait.LEASE).toEpochMilli());
            update.setInt(Rows.setKey(update, 3, key), part);
            update.executeUpdate();
        }
        TallyReader.Closed closed = TallyReader.closed(connection, key, part);
        return new Claim(closed.tally(), closed.tries(), token);
    }

    /** @param change of the columns of {@code tlsrpt_part}, with one parameter */
    private static boolean end(Connection connection, Claim claim, String change, Object value) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(
                 "UPDATE tlsrpt_part SET token = '', leased = 0, " + change + " " + OF_PART + " AND token = ?")) {
            Rows.set(update, 1, value);
            int next = Rows.setKey(update, 2, claim.tally().key());
            Rows.set(update, next, claim.tally().part().number(), claim.token());
            return update.executeUpdate() > 0;
        }
    }

    private static void forgetDomainOfWhichNothingIsLeft(Connection connection, TallyKey key) throws SQLException {
        try (PreparedStatement delete = connection.prepareStatement("DELETE FROM tlsrpt_domain WHERE day = ? AND domain = ? "
                 + "AND sessions = 0 AND NOT EXISTS (SELECT 1 FROM tlsrpt_part p WHERE p.day = ? AND p.domain = ?)")) {
            Rows.setKey(delete, Rows.setKey(delete, 1, key), key);
            delete.executeUpdate();
        }
    }

    /** @return the number of the next parameter */
    private static int setFree(PreparedStatement query, int first, Due due) throws SQLException {
        // a lease or pause longer than there can be is from a clock that was wrong
        Rows.set(query, first, due.now().toEpochMilli(), due.now().plus(Wait.LONGEST_LEASE).toEpochMilli(),
            due.postponedUntil().toEpochMilli(), due.postponedUntil().plus(Wait.LONGEST_PAUSE).toEpochMilli());
        return first + 4;
    }
}
