package jamestls.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * Opens a SQLite file, with its schema in place; one that is damaged is set aside first. For one thread.
 *
 * <p>Write-ahead log, so that readers and a writer do not wait for each other; {@code synchronous=FULL}: what is committed
 * survives the loss of power, not only of the process. That costs one flush per commit, which {@link SqliteEngine} shares
 * among all who wait.
 */
final class SqliteConnector {

    private static final Logger LOGGER = LoggerFactory.getLogger(SqliteConnector.class);
    /** How long to wait for another user of the file. */
    private static final Duration BUSY = Duration.ofSeconds(5);
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);
    /** The write-ahead log and its index belong to the file: without the log, what it lacks is lost for those who repair it. */
    private static final List<String> PARTS = List.of("", "-wal", "-shm");

    private final Path file;
    private final List<Migrations> migrations;
    private final Clock clock;

    SqliteConnector(Path file, List<Migrations> migrations, Clock clock) {
        this.file = file.toAbsolutePath();
        this.migrations = List.copyOf(migrations);
        this.clock = clock;
    }

    /** In auto-commit mode. */
    Connection open() throws SQLException, IOException {
        Object opened = fileKey();
        try {
            return openOnce();
        } catch (SQLException e) {
            if (!isDamage(e) && (!Files.isRegularFile(file) || Files.isReadable(file))) {
                throw e;
            }
            setAside(opened, e);
            return openOnce();
        }
    }

    /**
     * Whether an error concerns more than the statement it came from: damage, a full disk, a disk that fails. SQLite may have rolled
     * back everything then, or just the statement, so the connection is better opened anew.
     */
    static boolean concernsAll(SQLException e) {
        return isDamage(e) || primaryCode(e) == SQLiteErrorCode.SQLITE_FULL.code || primaryCode(e) == SQLiteErrorCode.SQLITE_IOERR.code;
    }

    /** Whether an error says that the content of the file is no database, or no more. */
    static boolean isDamage(SQLException e) {
        int primary = primaryCode(e);
        return primary == SQLiteErrorCode.SQLITE_CORRUPT.code || primary == SQLiteErrorCode.SQLITE_NOTADB.code;
    }

    private static int primaryCode(SQLException e) {
        return e instanceof SQLiteException sqlite ? sqlite.getResultCode().code & 0xff : SQLiteErrorCode.SQLITE_OK.code;
    }

    /**
     * After an error that {@linkplain #isDamage says} the file is damaged, and with all own connections to it closed: looks
     * whether it is, since another user may have replaced it already, and sets it aside.
     */
    void inspect(SQLException because) throws SQLException, IOException {
        Object inspected = fileKey();
        try (Connection connection = connect(); Statement statement = connection.createStatement();
             ResultSet answer = statement.executeQuery("PRAGMA quick_check(1)")) {
            if (answer.next() && answer.getString(1).equals("ok")) {
                return;
            }
        } catch (SQLException e) {
            if (!isDamage(e)) {
                throw e;
            }
        }
        setAside(inspected, because);
    }

    /** Which file is there, to notice when it is another one; null where the file system has no such key, or there is no file. */
    Object fileKey() {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        } catch (IOException noFile) {
            return null;
        }
    }

    private Connection openOnce() throws SQLException, IOException {
        Files.createDirectories(file.getParent());
        Connection connection = connect();
        try {
            migrate(connection);
            return connection;
        } catch (SQLException | RuntimeException e) {
            closeQuietly(connection, e);
            throw e;
        }
    }

    private Connection connect() throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setBusyTimeout((int) BUSY.toMillis());
        config.setJournalMode(SQLiteConfig.JournalMode.WAL);
        config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
        return new SqliteConnection("jdbc:sqlite:" + file, file.toString(), config.toProperties());
    }

    private void migrate(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            try {
                for (Migrations module : migrations) {
                    module.apply(connection, Dialect.SQLITE, clock.millis());
                }
                statement.execute("COMMIT");
            } catch (SQLException e) {
                statement.execute("ROLLBACK");
                throw e;
            }
        }
    }

    /** @param damaged key of the file that was found damaged */
    private void setAside(Object damaged, SQLException because) throws IOException {
        if (damaged == null || damaged.equals(fileKey())) {
            String newName = file.getFileName() + ".corrupt-" + TIME.format(clock.instant());
            for (String part : PARTS) {
                Path from = file.resolveSibling(file.getFileName() + part);
                if (Files.exists(from)) {
                    Files.move(from, file.resolveSibling(newName + part), StandardCopyOption.ATOMIC_MOVE);
                }
            }
            LOGGER.error("The database {} is damaged or can't be read ({}). It is kept as {}; an empty one takes its place "
                + "and fills again by itself", file, because.getMessage(), newName);
        }
    }

    static void closeQuietly(Connection connection, Throwable because) {
        try {
            connection.close();
        } catch (SQLException e) {
            because.addSuppressed(e);
        }
    }
}
