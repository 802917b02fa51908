package jamestls.storage;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;

/**
 * A database with its schema in place. Whoever opens it closes it. Thread-safe; see the package's description for how threads,
 * several users of one database, and outages go together.
 */
public final class Database implements AutoCloseable {

    private final DatabaseAddress address;
    private final Dialect dialect;
    private final Engine engine;
    private final OutageLog outages;
    private volatile boolean closed;

    private Database(DatabaseAddress address, Dialect dialect, Engine engine, Clock clock) {
        this.address = address;
        this.dialect = dialect;
        this.engine = engine;
        this.outages = new OutageLog(address.toString(), clock);
    }

    /**
     * Opens a database and migrates its tables. If the database is not available, this is logged and each transaction tries again. A
     * missing SQLite file is created; a damaged database of this software is renamed to {@code ….corrupt-TIME}, which is logged, and
     * replaced by an empty one.
     *
     * @param migrations the tables that the user of this object needs; other tables are not changed
     * @throws Refused if the address is invalid, or the database belongs to other software and was not changed; the message names the
     *     remedy
     */
    public static Database open(DatabaseAddress address, List<Migrations> migrations, Clock clock) {
        Database database = switch (address) {
            case DatabaseAddress.SqliteFile sqlite ->
                new Database(address, Dialect.SQLITE, new SqliteEngine(new SqliteConnector(sqlite.file(), migrations, clock)), clock);
            case DatabaseAddress.PostgreSql postgres ->
                new Database(address, Dialect.POSTGRESQL, new PostgresEngine(postgres, migrations, clock), clock);
        };
        try {
            database.engine.transaction(connection -> Boolean.TRUE);
        } catch (StorageOutage e) {
            if (e.getCause() instanceof DatabaseMark.ForeignDatabase) {
                database.close();
                throw new Refused(e.getCause().getMessage(), e);
            }
            database.outages.failed(e);
        }
        return database;
    }

    /**
     * Opens the database of a server, running or not, for reading: nothing is created, renamed, migrated or written, and no lock is taken
     * that a writer would wait for. Every transaction fails with {@link StorageOutage}, in one sentence with the remedy, if the database
     * is missing, belongs to other software, can't be read, or has tables of another version than {@code expected}.
     */
    public static Database readOnly(DatabaseAddress address, List<Migrations> expected) {
        return new Database(address, address instanceof DatabaseAddress.PostgreSql ? Dialect.POSTGRESQL : Dialect.SQLITE,
            new ReadOnlyEngine(address, expected), Clock.systemUTC());
    }

    /**
     * Opens the database of a server, running or not, for writing: nothing is created, renamed or migrated.
     *
     * @throws StorageOutage as a transaction of {@link #readOnly} does; and if a file belongs to another user, because the files that
     *     SQLite makes beside it would belong to this one, and James could not write them
     */
    public static Database openExisting(DatabaseAddress address, List<Migrations> expected, Clock clock) {
        try (Database check = readOnly(address, expected)) {
            check.transaction(connection -> Boolean.TRUE);
        }
        if (address instanceof DatabaseAddress.SqliteFile sqlite) {
            SqliteConnector.requireOwner(sqlite.file());
        }
        return open(address, expected, clock);
    }

    /** The address is invalid, or the database belongs to other software. The message names the remedy. */
    public static final class Refused extends IllegalArgumentException {

        private static final long serialVersionUID = 1L;

        Refused(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Does the work in one transaction and commits it durably. Blocks for a bounded time, uninterruptibly. Begin and end of an outage are
     * logged, so a caller needs a warning only for what the outage does to its own work.
     *
     * @throws StorageOutage if the database fails; an exception of the work rolls back the transaction and is thrown unchanged
     */
    public <T> T transaction(SqlWork<T> work) {
        try {
            T result = engine.transaction(work);
            outages.worked();
            return result;
        } catch (StorageOutage e) {
            if (!closed && !(engine instanceof ReadOnlyEngine)) {
                outages.failed(e);
            }
            throw e;
        }
    }

    public Dialect dialect() {
        return dialect;
    }

    /** Finishes active transactions; later ones fail with {@link StorageOutage}. */
    @Override
    public void close() {
        closed = true;
        engine.close();
    }

    @Override
    public String toString() {
        return address.toString();
    }

    /** The work of one transaction. */
    @FunctionalInterface
    public interface SqlWork<T> {

        /**
         * Must not commit, roll back, close or keep the connection, and must not wait for anything but the database. May be run several
         * times, for example after a deadlock, so it must have no other effects.
         */
        T run(Connection connection) throws SQLException;
    }

    /** Runs transactions on one kind of database. */
    interface Engine extends AutoCloseable {

        /** @throws StorageOutage if the database failed; exceptions of {@code work} are thrown unchanged */
        <T> T transaction(SqlWork<T> work);

        @Override
        void close();
    }

    /** SQL dialect, for the few statements that differ. */
    public enum Dialect {
        SQLITE("BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT", "WITHOUT ROWID"),
        POSTGRESQL("BYTEA", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "");

        private final String bytes;
        private final String identity;
        private final String clustered;

        Dialect(String bytes, String identity, String clustered) {
            this.bytes = bytes;
            this.identity = identity;
            this.clustered = clustered;
        }

        /** The statement of a migration with {@code ${bytes}}, {@code ${identity}} and {@code ${clustered}} replaced. */
        String spell(String statement) {
            return statement.replace("${bytes}", bytes).replace("${identity}", identity).replace("${clustered}", clustered);
        }
    }
}
