package jamestls.storage;

import jamestls.net.SanitizedLogger;
import jamestls.storage.Database.Dialect;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
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
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * Opens the SQLite file of a database and applies the migrations; a damaged file is renamed first. Not thread-safe.
 *
 * <p>The write-ahead log lets readers and a writer work at the same time. With {@code synchronous=FULL} committed data survives a power
 * failure; the one flush per commit is shared by {@link SqliteEngine}.
 */
final class SqliteConnector {

    private static final SanitizedLogger LOGGER = SanitizedLogger.of(SqliteConnector.class);
    /** Wait for locks of other users of the file. */
    private static final Duration BUSY = Duration.ofSeconds(5);
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS'Z'").withZone(ZoneOffset.UTC);
    /** The write-ahead log and its index are renamed together with the file, because a repair of the file needs them. */
    private static final List<String> PARTS = List.of("", "-wal", "-shm");
    private static final Set<Integer> CANNOT_OPEN = Set.of(SQLiteErrorCode.SQLITE_CANTOPEN.code, SQLiteErrorCode.SQLITE_READONLY.code,
        SQLiteErrorCode.SQLITE_PERM.code, SQLiteErrorCode.SQLITE_AUTH.code, SQLiteErrorCode.SQLITE_IOERR.code);
    /** Excludes mailets that start at the same time with the same file. */
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
     * Opens a connection in auto-commit mode. A missing file is created; a damaged database of this software is renamed first.
     *
     * @throws DatabaseMark.ForeignDatabase if the file does not belong to this software; it is not changed
     */
    Connection open() throws SQLException, IOException {
        Object opened = fileKey();
        SqliteFileInspection found = SqliteFileInspection.at(file);
        switch (found.kind()) {
            case FOREIGN -> throw new DatabaseMark.ForeignDatabase(file + " " + found.why()
                + ", and was left as it is: name another file, or move this one away");
            case UNREADABLE -> throw new IOException(file + " " + found.why() + ": give the file to this user");
            case ABSENT -> create();
            case OURS -> { }
        }
        try {
            return openOnce();
        } catch (SQLException e) {
            if (!isDamage(e) || found.kind() != SqliteFileInspection.Kind.OURS) {
                throw e;
            }
            setAside(opened, e);
            create();
            return openOnce();
        }
    }

    /**
     * Creates an empty marked database under a temporary name and renames it, so that a killed process leaves no incomplete file.
     */
    private void create() throws SQLException, IOException {
        CREATING.lock();
        Path fresh = file.resolveSibling(file.getFileName() + ".new-" + UUID.randomUUID());
        try {
            Files.createDirectories(file.getParent(), OwnerOnly.DIRECTORY);
            if (Files.exists(file)) {
                return;
            }
            // SQLite would replay a stale log into the new file
            move(List.of("-wal", "-shm", "-journal"));
            Files.createFile(fresh, OwnerOnly.FILE);
            try (Connection connection = connect(fresh)) {
                DatabaseMark.putOnSqlite(connection);
            }
            publish(fresh);
        } finally {
            CREATING.unlock();
            Files.deleteIfExists(fresh);
        }
    }

    /** Gives the new file its name, unless another file has it. */
    private void publish(Path fresh) throws IOException {
        try {
            Files.createLink(file, fresh);
        } catch (FileAlreadyExistsException anotherUserWasFirst) {
            LOGGER.debug("{} was created by another process", file);
        } catch (UnsupportedOperationException | FileSystemException noLinksHere) {
            Files.move(fresh, file);
        }
    }

    /**
     * Whether an error affects the whole transaction: damage, a full disk, an I/O error. SQLite may have rolled back the transaction or
     * only the statement, so the connection must be reopened.
     */
    static boolean affectsTransaction(SQLException e) {
        return isDamage(e) || primaryCode(e) == SQLiteErrorCode.SQLITE_FULL.code || primaryCode(e) == SQLiteErrorCode.SQLITE_IOERR.code;
    }

    /** Whether an error says that the file is damaged or not a database. */
    static boolean isDamage(SQLException e) {
        int primary = primaryCode(e);
        return primary == SQLiteErrorCode.SQLITE_CORRUPT.code || primary == SQLiteErrorCode.SQLITE_NOTADB.code;
    }

    private static int primaryCode(SQLException e) {
        return e instanceof SQLiteException sqlite ? sqlite.getResultCode().code & 0xff : SQLiteErrorCode.SQLITE_OK.code;
    }

    /** Describes an error for operators, as a predicate without the text of the driver. */
    static String describe(SQLException e) {
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
     * Checks a file after an error that {@linkplain #isDamage indicates} damage, and renames it if it is damaged. All own connections to it
     * must be closed.
     *
     * @param ours {@link #fileKey} of the file that caused the error; another file that has replaced it is not checked
     */
    void inspect(SQLException cause, Object ours) throws SQLException, IOException {
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
        setAside(inspected, cause);
    }

    /** Identifies the file, to detect that it was replaced; null if there is no file, or the file system has no keys. */
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

    /**
     * Renames a damaged file, unless it was replaced meanwhile.
     *
     * @param damaged key of the damaged file
     */
    private void setAside(Object damaged, SQLException cause) throws IOException {
        if (damaged == null || damaged.equals(fileKey())) {
            String newName = move(PARTS);
            LOGGER.error("The database {} is damaged ({}). It was renamed to {}; a new empty database replaces it",
                file, cause.getMessage(), newName);
        }
    }

    /** @return the new name of the file */
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

    static void closeQuietly(Connection connection, Throwable cause) {
        try {
            connection.close();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    /** @throws StorageOutage when the file belongs to another user than this process */
    static void requireOwner(Path file) {
        try {
            String user = System.getProperty("user.name");
            String owner = OwnerOnly.SUPPORTED ? Files.getOwner(file).getName() : user;
            // a container may run as a number that has no name, which the JVM tells as ?
            if (!owner.equals(user) && !user.equals("?")) {
                throw new StorageOutage(file + " belongs to " + owner + ": run this as that user, which James runs as", null);
            }
        } catch (IOException e) {
            throw new StorageOutage(file + " can't be looked at: " + e.getMessage(), e);
        }
    }

    /** File permissions of databases: only the user that runs James has access. No effect on file systems without POSIX permissions. */
    private static final class OwnerOnly {

        private static final SanitizedLogger LOGGER = SanitizedLogger.of(OwnerOnly.class);
        private static final Set<PosixFilePermission> READ_WRITE = PosixFilePermissions.fromString("rw-------");
        private static final boolean SUPPORTED = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");

        static final FileAttribute<?>[] FILE = attributes("rw-------");
        static final FileAttribute<?>[] DIRECTORY = attributes("rwx------");

        private OwnerOnly() {
        }

        /** Removes the permissions of other users; version 0.1.0 created files that everybody could read. */
        static void restrict(Path file) {
            try {
                if (SUPPORTED && Files.exists(file) && !READ_WRITE.containsAll(Files.getPosixFilePermissions(file))) {
                    Files.setPosixFilePermissions(file, READ_WRITE);
                }
            } catch (IOException | UnsupportedOperationException e) {
                LOGGER.warn("Others may be able to read {}: its permissions can't be changed to 0600 ({})", file, e.getMessage());
            }
        }

        private static FileAttribute<?>[] attributes(String permissions) {
            return SUPPORTED ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))}
                : new FileAttribute<?>[0];
        }
    }
}
