package jamestls.tlsrpt.store;

import jamestls.storage.Database;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * Deletes old days slice by slice, each slice a transaction of its own, so that what is to be counted meanwhile waits for one
 * slice at most. What was deleted is free for new rows; the file itself does not shrink.
 */
final class TallyPurge {

    private static final int DOMAINS_PER_SLICE = 100;
    private static final int ROWS_PER_SLICE = 1_000;
    private static final List<String> TABLES =
        List.of("tlsrpt_failure", "tlsrpt_count", "tlsrpt_part", "tlsrpt_domain");

    private final Database database;

    TallyPurge(Database database) {
        this.database = database;
    }

    /** Returns when nothing is left, or the thread is interrupted. */
    void forget(LocalDate firstKept) {
        long day = firstKept.toEpochDay();
        boolean more = true;
        while (more && !Thread.currentThread().isInterrupted()) {
            more = slice(day);
        }
    }

    private boolean slice(long firstKept) {
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
