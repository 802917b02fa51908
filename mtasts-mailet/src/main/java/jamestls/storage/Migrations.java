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
 * The tables of one module, as the steps that lead to them. Step 1 makes the first version, each further one changes the one
 * before. A step that was ever released must never be changed: append another. All steps that a database does not have yet
 * are done in one transaction, so a database is of one version or another, never in between.
 *
 * @param module whose tables they are, for example {@code sts}; tables are named {@code module_…}, so that modules do not collide
 * @param steps each a list of statements; {@code ${bytes}} is the type of byte strings and {@code ${identity}} that of a
 *     primary key that counts by itself; {@code ${clustered}} after the columns keeps the rows in the order of their primary key,
 *     where a database can do that, so that the key is not stored twice
 */
public record Migrations(String module, List<List<String>> steps) {

    public Migrations {
        steps = steps.stream().map(List::copyOf).toList();
    }

    /**
     * Inside a transaction that nobody else can be in at the same time.
     *
     * @throws SchemaTooNew when a newer version of this software has been at work there
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
                note(connection, step + 1, now);
            }
        }
    }

    /** Why the tables that are there are not those this software knows, and what to do; changes nothing. */
    Optional<String> mismatch(Connection connection) throws SQLException {
        int version = version(connection);
        if (version == steps.size()) {
            return Optional.empty();
        }
        return Optional.of(version == 0 ? "there are no tables of '" + module + "' in it: name the database of the mailet that has them"
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

    private void note(Connection connection, int version, long now) throws SQLException {
        try (PreparedStatement insert =
                 connection.prepareStatement("INSERT INTO schema_version (module, version, applied) VALUES (?, ?, ?)")) {
            insert.setString(1, module);
            insert.setInt(2, version);
            insert.setLong(3, now);
            insert.executeUpdate();
        }
    }

    /** The database must not be touched. */
    static final class SchemaTooNew extends SQLException {

        private static final long serialVersionUID = 1L;

        SchemaTooNew(String message) {
            super(message);
        }
    }
}
