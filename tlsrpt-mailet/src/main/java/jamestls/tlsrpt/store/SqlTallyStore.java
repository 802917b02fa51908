package jamestls.tlsrpt.store;

import jamestls.storage.Database;
import jamestls.storage.Database.Dialect;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Counters in a {@link Database} with the tables of {@link TallySchema}. Settled parts are kept until {@link #forget}. */
public final class SqlTallyStore implements TallyStore {

    private static final String POSTPONE = "UPDATE tlsrpt_part SET token = '', leased = 0, tries = tries + 1, postponed = ? "
        + "WHERE day = ? AND domain = ? AND part = ? AND token = ?";
    /** Failure details per read, as a multiple of those of one policy: by default 20,000 details, some megabytes. */
    private static final long FULL_POLICIES = 20;
    private static final String CLAIMABLE_KEYS = "SELECT day, domain FROM (SELECT day, domain FROM tlsrpt_domain "
        + "WHERE is_open = 1 AND sessions > 0 AND day <= ? AND (day, domain) > (?, ?) ORDER BY day, domain LIMIT ?) o "
        + "UNION SELECT day, domain FROM (SELECT day, domain FROM tlsrpt_part "
        + "WHERE day <= ? AND (day, domain) > (?, ?) AND " + ClaimWriter.CLAIMABLE + " ORDER BY day, domain LIMIT ?) p "
        + "ORDER BY day, domain LIMIT ?";

    /** A transaction of one writer is flushed to the disk while the other ones prepare theirs. */
    static final int POSTGRES_WRITERS = 2;

    private static final int DOMAINS_PER_SLICE = 100;
    private static final int ROWS_PER_SLICE = 1_000;
    private static final List<String> TABLES =
        List.of("tlsrpt_failure", "tlsrpt_count", "tlsrpt_part", "tlsrpt_domain");

    private final Database database;
    private final TallyLimits limits;
    private final KnownPolicies known = new KnownPolicies();

    /** @param limits the limits per domain; the number of days and domains is not limited */
    public SqlTallyStore(Database database, TallyLimits limits) {
        this.database = database;
        this.limits = limits;
    }

    @Override
    public int add(WriteId group, List<Tally> tallies) {
        try {
            CountWriter.Written written = database.transaction(connection ->
                new CountWriter(connection, database.dialect(), limits, known).write(group, tallies));
            known.committed(written.by(), written.policies());
            return written.dropped();
        } catch (RuntimeException | Error e) {
            known.forget();
            throw e;
        }
    }

    /** SQLite has one writer at a time. */
    @Override
    public int concurrentWrites() {
        return database.dialect() == Dialect.POSTGRESQL ? POSTGRES_WRITERS : 1;
    }

    @Override
    public List<TallyKey> claimable(Due due, Optional<TallyKey> after, int limit) {
        return database.transaction(connection -> {
            try (PreparedStatement query = connection.prepareStatement(CLAIMABLE_KEYS)) {
                long day = due.lastDay().toEpochDay();
                long afterDay = after.map(key -> key.day().toEpochDay()).orElse(Long.MIN_VALUE);
                String afterDomain = after.map(TallyKey::name).orElse("");
                JdbcValues.set(query, 1, day, afterDay, afterDomain, limit, day, afterDay, afterDomain);
                int next = ClaimWriter.setClaimable(query, 8, due);
                JdbcValues.set(query, next, limit, limit);
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
    public List<Claim> claim(List<TallyKey> keys, Due due) {
        return database.transaction(connection -> new ClaimWriter(connection, keys, due).claim(FULL_POLICIES * limits.detailsPerPolicy()));
    }

    @Override
    public List<Boolean> end(List<Claim.Result> results) {
        return database.transaction(connection -> ClaimWriter.end(connection, results));
    }

    @Override
    public boolean postpone(Claim claim, Instant notBefore) {
        return database.transaction(connection -> !ClaimWriter.lock(connection, Set.of(claim.tally().key())).isEmpty()
            && postponed(connection, claim, notBefore));
    }

    private static boolean postponed(Connection connection, Claim claim, Instant notBefore) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(POSTPONE)) {
            JdbcValues.set(update, 1, notBefore.toEpochMilli());
            int next = JdbcValues.setKey(update, 2, claim.tally().key());
            JdbcValues.set(update, next, claim.tally().part().number(), claim.token());
            return update.executeUpdate() > 0;
        }
    }

    /**
     * Deletes in small transactions, so that writers wait for one of them at most. The space is reused for new rows; the file does not
     * shrink. Ends early if the thread is interrupted.
     */
    @Override
    public void forget(LocalDate firstKept) {
        try {
            boolean more = true;
            while (more && !Thread.currentThread().isInterrupted()) {
                more = deleteSlice(firstKept.toEpochDay());
            }
        } finally {
            known.forget();
        }
    }

    private boolean deleteSlice(long firstKept) {
        return database.transaction(connection -> deleteDomains(connection, firstKept)
            + deleteRows(connection, "tlsrpt_policy", "hash", firstKept)
            + deleteRows(connection, "tlsrpt_group", "writer", firstKept)) > 0;
    }

    private static int deleteDomains(Connection connection, long firstKept) throws SQLException {
        List<TallyKey> keys = new ArrayList<>();
        try (PreparedStatement query = connection.prepareStatement(
                 "SELECT day, domain FROM tlsrpt_domain WHERE day < ? ORDER BY day, domain LIMIT ?")) {
            JdbcValues.set(query, 1, firstKept, DOMAINS_PER_SLICE);
            try (ResultSet answer = query.executeQuery()) {
                while (answer.next()) {
                    keys.add(TallyKey.of(LocalDate.ofEpochDay(answer.getLong(1)), answer.getString(2)));
                }
            }
        }
        for (String table : keys.isEmpty() ? List.<String>of() : TABLES) {
            try (PreparedStatement delete = connection.prepareStatement("DELETE FROM " + table + " WHERE day = ? AND domain = ?")) {
                for (TallyKey key : keys) {
                    JdbcValues.setKey(delete, 1, key);
                    delete.addBatch();
                }
                delete.executeBatch();
            }
        }
        return keys.size();
    }

    private static int deleteRows(Connection connection, String table, String id, long firstKept) throws SQLException {
        try (PreparedStatement delete = connection.prepareStatement("DELETE FROM " + table + " WHERE " + id + " IN (SELECT " + id
                 + " FROM " + table + " WHERE last_day < ? LIMIT ?)")) {
            JdbcValues.set(delete, 1, firstKept, ROWS_PER_SLICE);
            return delete.executeUpdate();
        }
    }
}
