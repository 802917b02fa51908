package jamestls.storage;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A database with its schema in place. Whoever opens it closes it. Thread-safe; see the package's description for how threads,
 * several users of one database, and outages go together.
 */
public final class Database implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Database.class);

    private final DatabaseAddress address;
    private final Dialect dialect;
    private final Engine engine;

    private Database(DatabaseAddress address, Dialect dialect, Engine engine) {
        this.address = address;
        this.dialect = dialect;
        this.engine = engine;
    }

    /**
     * Opens it and brings the tables up to date. If it is not to be had now, that is logged, and each later transaction tries
     * again. A SQLite file that is not there is made; one of ours that is damaged is renamed to {@code ….corrupt-TIME} (and says so in
     * the log), and an empty one takes its place.
     *
     * @param migrations the tables of those who will use this object; others in the same database are left alone
     * @throws Refused when the address makes no sense, or the database is not ours; it is left as it is, and the
     *     message says what to do
     */
    public static Database open(DatabaseAddress address, List<Migrations> migrations, Clock clock) {
        Database database = switch (address) {
            case DatabaseAddress.SqliteFile sqlite ->
                new Database(address, Dialect.SQLITE, new SqliteEngine(new SqliteConnector(sqlite.file(), migrations, clock)));
            case DatabaseAddress.PostgreSql postgres ->
                new Database(address, Dialect.POSTGRESQL, new PostgresEngine(postgres, migrations, clock));
        };
        try {
            database.transaction(connection -> Boolean.TRUE);
        } catch (StorageOutage e) {
            if (e.getCause() instanceof DatabaseMark.NotOurs) {
                database.close();
                throw new Refused(e.getCause().getMessage(), e);
            }
            LOGGER.error("The database {} can't be used now; it will be tried again: {}", address, e.getMessage(), e);
        }
        return database;
    }

    /**
     * Looks into a database that belongs to a server, running or not: nothing is created, renamed, migrated or written, and no lock
     * is taken that a writer would wait for. Every transaction fails with {@link StorageOutage}, in one sentence that says what to
     * do, if the database is not there, is not ours or can't be read, or if its tables are of another version than
     * {@code expected}.
     */
    public static Database toRead(DatabaseAddress address, List<Migrations> expected) {
        return new Database(address, address instanceof DatabaseAddress.PostgreSql ? Dialect.POSTGRESQL : Dialect.SQLITE,
            new ReadingEngine(address, expected));
    }

    /**
     * Opens a database that belongs to a server, running or not, for a command that writes a row or two: nothing is created, renamed or
     * migrated.
     *
     * @throws StorageOutage as a transaction of {@link #toRead} does
     */
    public static Database toChange(DatabaseAddress address, List<Migrations> expected, Clock clock) {
        try (Database looking = toRead(address, expected)) {
            looking.transaction(connection -> Boolean.TRUE);
        }
        return open(address, expected, clock);
    }

    /** An address that can't be meant: one that makes no sense, or a database of other software. The message says what to do. */
    public static final class Refused extends IllegalArgumentException {

        private static final long serialVersionUID = 1L;

        Refused(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Does the work in one transaction and commits it durably. Waits for some seconds at worst, never interruptibly.
     *
     * @throws StorageOutage when the database fails; an exception of the work itself rolls back and comes through
     */
    public <T> T transaction(SqlWork<T> work) {
        return engine.transaction(work);
    }

    public Dialect dialect() {
        return dialect;
    }

    /** What is under way is finished; later transactions fail with {@link StorageOutage}. */
    @Override
    public void close() {
        engine.close();
    }

    @Override
    public String toString() {
        return address.toString();
    }

    /** What is done in one transaction. */
    @FunctionalInterface
    public interface SqlWork<T> {

        /**
         * Must not commit, roll back, close the connection or keep it, and must not wait for anything but the database. May be run
         * again from the start if the database asks for that (a deadlock), so it has no effect but the one on the database.
         */
        T run(Connection connection) throws SQLException;
    }

    /** How one kind of database is reached. */
    interface Engine extends AutoCloseable {

        /** @throws StorageOutage when it did not work; what {@code work} throws of its own comes through */
        <T> T transaction(SqlWork<T> work);

        @Override
        void close();
    }

    /** Which of the two databases it is, for the rare statement that can't be written for both. */
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

        /** A statement of a migration with {@code ${bytes}}, {@code ${identity}} and {@code ${clustered}} replaced. */
        String spell(String statement) {
            return statement.replace("${bytes}", bytes).replace("${identity}", identity).replace("${clustered}", clustered);
        }
    }
}
