package jamestls.storage;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/**
 * Finds out, without changing anything, whether a file is a database of this software.
 *
 * @param why reason for {@link Kind#FOREIGN} and {@link Kind#UNREADABLE}, as a predicate such as "is empty"
 */
record SqliteFileInspection(Kind kind, String why) {

    /** Result of the inspection. */
    enum Kind {
        /** There is no file. */
        ABSENT,
        /** A database of this software, by its mark or its tables; it may be damaged. */
        OURS,
        /** Another file. */
        FOREIGN,
        /** The file can't be read. */
        UNREADABLE
    }

    /** https://www.sqlite.org/fileformat.html §1.3. */
    private static final byte[] MAGIC = "SQLite format 3\0".getBytes(StandardCharsets.US_ASCII);
    private static final int HEADER = 100;
    private static final int APPLICATION_ID_AT = 68;
    /** Maximum page size; the schema of our databases begins in the first page. */
    private static final int MAX_PAGE = 65_536;
    private static final String FIRST_TABLE =
        "CREATE TABLE schema_version (module TEXT NOT NULL, version INTEGER NOT NULL, applied BIGINT NOT NULL";
    private static final int BUSY_MILLIS = 5_000;

    static SqliteFileInspection at(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            if (!attributes.isRegularFile()) {
                return foreign(attributes.isDirectory() ? "is a directory" : "is no regular file");
            }
            return attributes.size() == 0 ? foreign("is empty") : byContent(file);
        } catch (NoSuchFileException e) {
            return new SqliteFileInspection(Kind.ABSENT, "");
        } catch (IOException e) {
            return unreadable();
        }
    }

    private static SqliteFileInspection byContent(Path file) throws IOException {
        byte[] begin;
        try (InputStream in = Files.newInputStream(file)) {
            begin = in.readNBytes(MAX_PAGE);
        }
        if (begin.length < HEADER || !ByteBuffer.wrap(begin, 0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
            return foreign("is no SQLite database");
        }
        int applicationId = ByteBuffer.wrap(begin).getInt(APPLICATION_ID_AT);
        if (applicationId == DatabaseMark.APPLICATION_ID) {
            return ours();
        }
        return applicationId == 0 ? byTables(file.toRealPath(), begin)
            : foreign("is an SQLite database of other software (application_id %d)".formatted(applicationId));
    }

    private static SqliteFileInspection byTables(Path file, byte[] begin) {
        try {
            boolean isOurs;
            try (Connection connection = connect(file, Log.IGNORE)) {
                isOurs = DatabaseMark.isOnSqlite(connection);
                // the first transaction may be in the log only
                if (!isOurs && !(isWithoutTables(connection) && hasLog(file))) {
                    return foreign("is an SQLite database of other software");
                }
            }
            if (isOurs) {
                return ours();
            }
            try (Connection connection = connect(file, Log.READ)) {
                return DatabaseMark.isOnSqlite(connection) ? ours() : foreign("is an SQLite database of other software");
            }
        } catch (SQLException e) {
            if (!SqliteConnector.isDamage(e)) {
                return unreadable();
            }
            return new String(begin, StandardCharsets.ISO_8859_1).contains(FIRST_TABLE) ? ours()
                : foreign("is a damaged SQLite database, and not known as ours");
        }
    }

    private static boolean isWithoutTables(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
             ResultSet answer = statement.executeQuery("SELECT 1 FROM sqlite_schema LIMIT 1")) {
            return !answer.next();
        }
    }

    /** Use of the write-ahead log. */
    enum Log {
        /** The log is read; SQLite creates its index, {@code -shm}, if it is missing. */
        READ,
        /** The log is ignored; nothing is created beside the file. */
        IGNORE
    }

    static boolean hasLog(Path file) {
        return Files.exists(file.resolveSibling(file.getFileName() + "-wal"));
    }

    /** Opens a read-only connection. */
    static Connection connect(Path file, Log log) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setReadOnly(true);
        config.setBusyTimeout(BUSY_MILLIS);
        SQLiteDataSource source = new SQLiteDataSource(config);
        source.setUrl("jdbc:sqlite:file:" + file.toUri().getRawPath() + (log == Log.READ ? "" : "?immutable=1"));
        return source.getConnection();
    }

    private static SqliteFileInspection ours() {
        return new SqliteFileInspection(Kind.OURS, "");
    }

    private static SqliteFileInspection foreign(String what) {
        return new SqliteFileInspection(Kind.FOREIGN, what);
    }

    private static SqliteFileInspection unreadable() {
        return new SqliteFileInspection(Kind.UNREADABLE, "can't be read by user " + System.getProperty("user.name"));
    }
}
