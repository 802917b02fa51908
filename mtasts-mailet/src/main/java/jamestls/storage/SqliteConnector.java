package jamestls.storage;

import jamestls.storage.Database.Dialect;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
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
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * Opens a SQLite file of ours, with its schema in place; one that is damaged is set aside first. For one thread.
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
    private static final Set<Integer> CANNOT_OPEN = Set.of(SQLiteErrorCode.SQLITE_CANTOPEN.code, SQLiteErrorCode.SQLITE_READONLY.code,
        SQLiteErrorCode.SQLITE_PERM.code, SQLiteErrorCode.SQLITE_AUTH.code, SQLiteErrorCode.SQLITE_IOERR.code);
    /** Two mailets with one file start at the same time. */
    private static final ReentrantLock CREATING = new ReentrantLock();

    private final Path file;
    private final List<Migrations> migrations;
    private final Clock clock;

    SqliteConnector(Path file, List<Migrations> migrations, Clock clock) {
        this.file = file.toAbsolutePath();
        this.migrations = List.copyOf(migrations);
        this.clock = clock;
    }

    /**
     * In auto-commit mode. The file is made if it is not there; one of ours that is damaged is set aside first.
     *
     * @throws DatabaseMark.NotOurs when the file is somebody else's: it is left as it is
     */
    Connection open() throws SQLException, IOException {
        Object opened = fileKey();
        SqliteFileLook found = SqliteFileLook.at(file);
        switch (found.kind()) {
            case FOREIGN -> throw new DatabaseMark.NotOurs(file + " " + found.why()
                + ", and was left as it is: name another file, or move this one away");
            case UNREADABLE -> throw new IOException(file + " " + found.why() + ": give the file to this user");
            case ABSENT -> create();
            case OURS -> { }
        }
        try {
            return openOnce();
        } catch (SQLException e) {
            if (!isDamage(e) || found.kind() != SqliteFileLook.Kind.OURS) {
                throw e;
            }
            setAside(opened, e);
            create();
            return openOnce();
        }
    }

    /**
     * Makes an empty database with our mark, which appears under its name as a whole: a process that is killed leaves either none
     * or a good one.
     */
    private void create() throws SQLException, IOException {
        CREATING.lock();
        Path fresh = file.resolveSibling(file.getFileName() + ".new-" + UUID.randomUUID());
        try {
            Files.createDirectories(file.getParent(), OwnerOnly.DIRECTORY);
            if (Files.exists(file)) {
                return;
            }
            // a log without its database would be played into the new one
            move(List.of("-wal", "-shm", "-journal"));
            Files.createFile(fresh, OwnerOnly.FILE);
            try (Connection connection = connect(fresh)) {
                DatabaseMark.putOnSqlite(connection);
            }
            appear(fresh);
        } finally {
            CREATING.unlock();
            Files.deleteIfExists(fresh);
        }
    }

    /** Never in the place of another file. */
    private void appear(Path fresh) throws IOException {
        try {
            Files.createLink(file, fresh);
        } catch (FileAlreadyExistsException anotherUserWasFirst) {
            LOGGER.debug("{} has been made by another user of it", file);
        } catch (UnsupportedOperationException | FileSystemException noLinksHere) {
            Files.move(fresh, file);
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

    /** What an error means to an operator, as a predicate; no words of the driver. */
    static String inWords(SQLException e) {
        int code = primaryCode(e);
        if (isDamage(e)) {
            return "is damaged: James sets it aside when it next uses it";
        }
        if (code == SQLiteErrorCode.SQLITE_BUSY.code || code == SQLiteErrorCode.SQLITE_LOCKED.code) {
            return "is locked by another program: try again later";
        }
        if (CANNOT_OPEN.contains(code)) {
            return "can't be opened together with its log beside it (-wal, -shm) by user " + System.getProperty("user.name")
                + ": run this as the user that James runs as";
        }
        return "can't be read: " + e.getMessage();
    }

    /**
     * After an error that {@linkplain #isDamage says} the file is damaged, and with all own connections to it closed: looks
     * whether it is, and sets it aside.
     *
     * @param ours {@link #fileKey} of the file the error came from; another file that is there by now is left alone
     */
    void inspect(SQLException because, Object ours) throws SQLException, IOException {
        Object inspected = fileKey();
        if (!Objects.equals(ours, inspected)) {
            return;
        }
        try (Connection connection = connect(file); Statement statement = connection.createStatement();
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
        Connection connection = connect(file);
        try {
            migrate(connection);
            PARTS.forEach(part -> OwnerOnly.restrict(beside(part)));
            return connection;
        } catch (SQLException | RuntimeException e) {
            closeQuietly(connection, e);
            throw e;
        }
    }

    private static Connection connect(Path file) throws SQLException {
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
                DatabaseMark.putOnSqlite(connection);
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
            String newName = move(PARTS);
            LOGGER.error("The database {} is damaged ({}). It is kept as {}; an empty one takes its place and fills again by itself",
                file, because.getMessage(), newName);
        }
    }

    /** @return what the file is called now, or would be */
    private String move(List<String> parts) throws IOException {
        String newName = file.getFileName() + ".corrupt-" + TIME.format(clock.instant());
        for (String part : parts) {
            if (Files.exists(beside(part))) {
                Files.move(beside(part), file.resolveSibling(newName + part), StandardCopyOption.ATOMIC_MOVE);
            }
        }
        return newName;
    }

    private Path beside(String part) {
        return file.resolveSibling(file.getFileName() + part);
    }

    static void closeQuietly(Connection connection, Throwable because) {
        try {
            connection.close();
        } catch (SQLException e) {
            because.addSuppressed(e);
        }
    }
}
