package jamestls.storage;

import jamestls.storage.Database.Dialect;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Optional;

/**
 * The schema migrations of one module. Step 1 creates the first version, each further step changes the version before. A released step
 * must never be changed: append another one. All missing steps are done in one transaction, so a database never has a version in between.
 *
 * @param module name of the module, for example {@code sts}; its tables are named {@code module_…}
 * @param steps lists of statements with the placeholders {@code ${bytes}} (type of byte strings), {@code ${identity}} (primary key with
 *     generated numbers) and {@code ${clustered}} (after the columns: rows are stored in the order of the primary key, if the database
 *     supports it)
 */
public record Migrations(String module, List<List<String>> steps) {

    public Migrations {
        steps = steps.stream().map(List::copyOf).toList();
    }

    /**
     * Applies the missing steps, inside a transaction that excludes all others.
     *
     * @throws SchemaTooNew if a newer version of this software has migrated the database
     */
    void apply(Connection connection, Dialect dialect, long now) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS schema_version (module TEXT NOT NULL, version INTEGER NOT NULL, "
                + "applied BIGINT NOT NULL, PRIMARY KEY (module, version))");
            int version = version(connection);
            if (version > steps.size()) {
                throw new SchemaTooNew("the tables of '" + module + "' are of version " + version + ", this software knows them up to "
                    + steps.size() + ": use the newer software, or another database");
            }
            for (int step = version; step < steps.size(); step++) {
                for (String sql : steps.get(step)) {
                    statement.execute(dialect.spell(sql));
                }
                record(connection, step + 1, now);
            }
        }
    }

    /** Reason and remedy if the tables have another version than this software expects; changes nothing. */
    Optional<String> mismatch(Connection connection) throws SQLException {
        int version = version(connection);
        if (version == steps.size()) {
            return Optional.empty();
        }
        return Optional.of(version == 0 ? "there are no tables of '" + module + "' in it: James makes them when it starts with this "
            + "software; or name the database of the mailet that has them"
            : "the tables of '" + module + "' are of version " + version + ", and this software knows version " + steps.size()
                + (version > steps.size() ? ": use the newer software" : ": James brings them up to date when it starts with this one"));
    }

    private int version(Connection connection) throws SQLException {
        try (PreparedStatement query = connection.prepareStatement("SELECT MAX(version) FROM schema_version WHERE module = ?")) {
            query.setString(1, module);
            try (ResultSet answer = query.executeQuery()) {
                return answer.next() ? answer.getInt(1) : 0;
            }
        }
    }

    private void record(Connection connection, int version, long now) throws SQLException {
        try (PreparedStatement insert =
                 connection.prepareStatement("INSERT INTO schema_version (module, version, applied) VALUES (?, ?, ?)")) {
            insert.setString(1, module);
            insert.setInt(2, version);
            insert.setLong(3, now);
            insert.executeUpdate();
        }
    }

    /** The tables have a newer version and must not be changed. */
    static final class SchemaTooNew extends SQLException {

        private static final long serialVersionUID = 1L;

        SchemaTooNew(String message) {
            super(message);
        }
    }
}
