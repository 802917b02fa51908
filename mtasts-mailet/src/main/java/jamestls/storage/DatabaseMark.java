package jamestls.storage;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Set;

/**
 * The mark of databases of this software: SQLite's {@code application_id}, or a table in PostgreSQL. Databases of version 0.1.0 have no
 * mark; they are recognized by their tables and marked when James opens them.
 */
final class DatabaseMark {

    /** "JTls". */
    static final int APPLICATION_ID = 0x4a544c73;
    private static final String TABLE = "jamestls_database";
    private static final Set<String> VERSION_COLUMNS = Set.of("module", "version", "applied");

    private DatabaseMark() {
    }

    /** Whether a SQLite database belongs to this software; reads only. */
    static boolean isOnSqlite(Connection connection) throws SQLException {
        return number(connection, "PRAGMA application_id") == APPLICATION_ID || hasTablesOfOurs(connection,
            "SELECT name FROM pragma_table_info('schema_version')", "SELECT name FROM sqlite_schema WHERE type = 'table'");
    }

    /** Marks a SQLite database, inside a transaction. */
    static void putOnSqlite(Connection connection) throws SQLException {
        if (number(connection, "PRAGMA application_id") != APPLICATION_ID) {
            execute(connection, "PRAGMA application_id = " + APPLICATION_ID);
        }
    }

    /** Whether the current schema of a PostgreSQL database has tables of this software; reads only. */
    static boolean isOnPostgres(Connection connection) throws SQLException {
        return exists(connection, TABLE) || hasTablesOfOurs(connection,
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('schema_version') AND attnum > 0 AND NOT attisdropped",
            "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()");
    }

    /**
     * Marks a PostgreSQL database, inside a transaction that excludes all others. Tables of other software are allowed, for example those
     * of James, but not a table {@code schema_version}.
     */
    static void putOnPostgres(Connection connection) throws SQLException {
        if (exists(connection, TABLE)) {
            return;
        }
        if (exists(connection, "schema_version") && !isOnPostgres(connection)) {
            throw new ForeignDatabase("it has a table schema_version of other software; create a database of its own, or a schema, "
                + "for this one");
        }
        execute(connection, "CREATE TABLE " + TABLE + " (application_id INTEGER NOT NULL)");
        execute(connection, "INSERT INTO " + TABLE + " (application_id) VALUES (" + APPLICATION_ID + ")");
    }

    /** Whether {@code schema_version} has the columns of version 0.1.0, and each module in it has tables. */
    private static boolean hasTablesOfOurs(Connection connection, String columnsOfVersions, String tables) throws SQLException {
        if (!texts(connection, columnsOfVersions).equals(VERSION_COLUMNS)) {
            return false;
        }
        Set<String> modules = texts(connection, "SELECT DISTINCT module FROM schema_version");
        Set<String> names = texts(connection, tables);
        return !modules.isEmpty() && modules.stream().allMatch(module ->
            names.stream().anyMatch(name -> name.startsWith(module + "_")));
    }

    private static boolean exists(Connection connection, String table) throws SQLException {
        return number(connection, "SELECT COUNT(*) FROM pg_class WHERE oid = to_regclass('" + table + "')") > 0;
    }

    private static long number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet answer = statement.executeQuery(query)) {
            return answer.next() ? answer.getLong(1) : 0;
        }
    }

    private static Set<String> texts(Connection connection, String query) throws SQLException {
        Set<String> texts = new HashSet<>();
        try (Statement statement = connection.createStatement(); ResultSet answer = statement.executeQuery(query)) {
            while (answer.next()) {
                texts.add(answer.getString(1));
            }
        }
        return texts;
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The database belongs to other software and must not be changed. The message names the remedy. */
    static final class ForeignDatabase extends SQLException {

        private static final long serialVersionUID = 1L;

        ForeignDatabase(String message) {
            super(message);
        }
    }
}
