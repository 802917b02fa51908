package jamestls.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of other software that are configured as the database, or named on the command line: they are not changed. */
class ForeignDatabaseTest {

    private static final Migrations FIRST = new Migrations("probe", List.of(List.of("CREATE TABLE probe_word (word TEXT)")));

    @TempDir
    private Path directory;
    @TempDir
    private Path scratch;
    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("database.sqlite");
    }

    @Test
    void textFileShouldNotBeChanged() throws IOException {
        Files.writeString(file, "root:x:0:0:root:/root:/bin/bash\n".repeat(100));

        assertUnchanged("is no SQLite database");
    }

    @Test
    void emptyFileShouldNotBeChanged() throws IOException {
        Files.createFile(file);

        assertUnchanged("is empty");
    }

    @Test
    void databaseOfOtherSoftwareShouldNotBeChanged() throws Exception {
        sqlite("CREATE TABLE bookmark (url TEXT)", "INSERT INTO bookmark VALUES ('https://example.org')");

        assertUnchanged("is an SQLite database of other software");
    }

    @Test
    void databaseOfOtherSoftwareInWalModeShouldNotBeChanged() throws Exception {
        sqlite("PRAGMA journal_mode = WAL", "CREATE TABLE bookmark (url TEXT)");

        assertUnchanged("is an SQLite database of other software");
    }

    @Test
    void databaseWithTheMarkOfOtherSoftwareShouldNotBeChanged() throws Exception {
        sqlite("PRAGMA application_id = 1196444487", "CREATE TABLE schema_version (module TEXT, version INTEGER, applied BIGINT)");

        assertUnchanged("application_id 1196444487");
    }

    @Test
    void databaseWithVersionsOfOtherTablesShouldNotBeChanged() throws Exception {
        sqlite("CREATE TABLE schema_version (module TEXT, version INTEGER, applied BIGINT)",
            "INSERT INTO schema_version VALUES ('shop', 3, 0)", "CREATE TABLE customer (name TEXT)");

        assertUnchanged("is an SQLite database of other software");
    }

    @Test
    void damagedDatabaseOfOtherSoftwareShouldNotBeChanged() throws IOException {
        Files.write(file, ("SQLite format 3\0" + "garbage!".repeat(1024)).getBytes(StandardCharsets.US_ASCII));

        assertUnchanged("database.sqlite is ");
    }

    @Test
    void directoryShouldNotBeChanged() throws IOException {
        Files.createDirectory(file);

        assertThatThrownBy(() -> Database.open(address(), List.of(FIRST), Clock.systemUTC()))
            .isInstanceOf(Database.Refused.class).hasMessageContaining("is a directory");
        assertThatThrownBy(this::read).isInstanceOf(StorageOutage.class).hasMessageContaining("is a directory");
        assertThat(file).isEmptyDirectory();
    }

    @Test
    void databaseWithoutMarkShouldBeRecognizedByItsTablesAndMarked() throws Exception {
        sqlite("PRAGMA journal_mode = WAL", "CREATE TABLE schema_version (module TEXT NOT NULL, version INTEGER NOT NULL, "
            + "applied BIGINT NOT NULL, PRIMARY KEY (module, version))", "INSERT INTO schema_version VALUES ('probe', 1, 0)",
            "CREATE TABLE probe_word (word TEXT)", "INSERT INTO probe_word VALUES ('old')");
        Map<String, String> before = snapshot();
        assertThat(read()).isOne();
        assertThat(snapshot()).isEqualTo(before);

        try (Database database = Database.open(address(), List.of(FIRST), Clock.systemUTC())) {
            assertThat(DatabaseContract.number(database, "SELECT COUNT(*) FROM probe_word")).isOne();
            assertThat(DatabaseContract.number(database, "PRAGMA application_id")).isEqualTo(DatabaseMark.APPLICATION_ID);
            assertThat(read()).isOne();
        }
    }

    @Test
    void databaseWhoseTablesAreOnlyInTheLogShouldBeRecognized() throws Exception {
        try (Connection old = connect()) {
            sqlite(old, "PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 0", "BEGIN", "CREATE TABLE schema_version "
                + "(module TEXT, version INTEGER, applied BIGINT)", "INSERT INTO schema_version VALUES ('probe', 1, 0)",
                "CREATE TABLE probe_word (word TEXT)", "COMMIT");

            assertThat(read()).isZero();
        }
    }

    @Test
    void newFileShouldBeMarkedAndAccessibleToItsOwnerOnly() throws IOException {
        file = directory.resolve("made/by/us/database.sqlite");
        try (Database database = Database.open(address(), List.of(FIRST), Clock.systemUTC())) {
            assertThat(DatabaseContract.number(database, "PRAGMA application_id")).isEqualTo(DatabaseMark.APPLICATION_ID);
            try (Stream<Path> files = Files.list(file.getParent())) {
                assertThat(files.toList()).isNotEmpty().allSatisfy(each ->
                    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(each))).isEqualTo("rw-------"));
            }
        }

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent()))).isEqualTo("rwx------");
        try (Stream<Path> files = Files.list(file.getParent())) {
            assertThat(files.toList()).containsExactly(file);
        }
    }

    @Test
    void permissionsOfAFileThatEverybodyCouldReadShouldBeRestricted() throws Exception {
        Database.open(address(), List.of(FIRST), Clock.systemUTC()).close();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

        Database.open(address(), List.of(FIRST), Clock.systemUTC()).close();

        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
    }

    @Test
    void logOfADeletedDatabaseShouldNotBeReplayedIntoTheNewOne() throws Exception {
        Path log = directory.resolve("database.sqlite-wal");
        byte[] left;
        try (Connection old = connect()) {
            sqlite(old, "PRAGMA journal_mode = WAL", "PRAGMA wal_autocheckpoint = 0", "CREATE TABLE other (x TEXT)");
            left = Files.readAllBytes(log);
        }
        Files.delete(file);
        Files.write(log, left);

        try (Database database = Database.open(address(), List.of(FIRST), Clock.systemUTC())) {
            assertThat(DatabaseContract.number(database, "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'other'")).isZero();
            assertThat(DatabaseContract.number(database, "SELECT COUNT(*) FROM probe_word")).isZero();
        }
    }

    @Test
    void foreignFileThatReplacesOursShouldNotBeRenamed() throws IOException {
        try (Database database = Database.open(address(), List.of(FIRST), Clock.systemUTC())) {
            Files.move(file, directory.resolve("taken-away"));
            Files.writeString(file, "my notes");

            assertThatThrownBy(() -> DatabaseContract.number(database, "SELECT COUNT(*) FROM probe_word"))
                .isInstanceOf(StorageOutage.class).hasMessageContaining("is no SQLite database");
        }
        assertThat(file).hasContent("my notes");
    }

    @Test
    void databaseOfAnotherUserShouldNotBeChanged() throws Exception {
        try (Database server = Database.open(address(), List.of(DatabaseContract.NOTES), Clock.systemUTC())) {
            DatabaseContract.insert(server, 1);
            directory.toFile().setExecutable(true, false);
            directory.toFile().setReadable(true, false);
            directory.toFile().setWritable(true, false);
            Map<String, String> before = snapshot();

            assertThat(OtherUser.reads(file, scratch)).doesNotContain("\n")
                .contains(file + " can't be read by user nobody: run this as the user that James runs as");
            assertThat(snapshot()).isEqualTo(before);
        }
    }

    @Test
    void databaseInAReadOnlyDirectoryShouldBeRead() throws Exception {
        Database.open(address(), List.of(DatabaseContract.NOTES), Clock.systemUTC()).close();
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        Map<String, String> before = snapshot();

        assertThat(OtherUser.reads(file, scratch)).isEqualTo("0");
        assertThat(snapshot()).isEqualTo(before);
    }

    @Test
    void unreadableLogShouldGiveOneSentence() throws Exception {
        try (Database server = Database.open(address(), List.of(DatabaseContract.NOTES), Clock.systemUTC())) {
            DatabaseContract.insert(server, 1);
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
            Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
            Map<String, String> before = snapshot();

            assertThat(OtherUser.reads(file, scratch)).doesNotContain("\n", "[SQLITE")
                .contains("can't be opened together with its log beside it");
            assertThat(snapshot()).isEqualTo(before);
        }
    }

    private void assertUnchanged(String what) throws IOException {
        Map<String, String> before = snapshot();
        assertThatThrownBy(() -> Database.open(address(), List.of(FIRST), Clock.systemUTC()))
            .isInstanceOf(Database.Refused.class).hasMessageContaining(what).hasMessageContaining(file.toString());
        assertThatThrownBy(this::read).isInstanceOf(StorageOutage.class).hasMessageContaining(what)
            .hasMessageContaining("name the database that James has created");
        assertThat(snapshot()).isEqualTo(before);
    }

    /** Inode and content of every file in the directory. */
    private Map<String, String> snapshot() throws IOException {
        Map<String, String> snapshot = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path each : files.toList()) {
                snapshot.put(each.getFileName().toString(), Files.getAttribute(each, "unix:ino") + " "
                    + new String(Files.readAllBytes(each), StandardCharsets.ISO_8859_1));
            }
        }
        return snapshot;
    }

    private long read() {
        try (Database database = Database.readOnly(address(), List.of(FIRST))) {
            return DatabaseContract.number(database, "SELECT COUNT(*) FROM probe_word");
        }
    }

    private DatabaseAddress address() {
        return new DatabaseAddress.SqliteFile(file);
    }

    private Connection connect() throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + file);
    }

    private void sqlite(String... statements) throws SQLException {
        try (Connection connection = connect()) {
            sqlite(connection, statements);
        }
    }

    private static void sqlite(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }
}
