package jamestls.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reading the file of a server. */
class ReadOnlyDatabaseTest {

    private static final Migrations FIRST = new Migrations("probe", List.of(List.of("CREATE TABLE probe_word (word TEXT)")));
    private static final Migrations SECOND = new Migrations("probe", List.of(FIRST.steps().getFirst(),
        List.of("ALTER TABLE probe_word ADD COLUMN meaning TEXT")));

    @TempDir
    private Path directory;

    private DatabaseAddress.SqliteFile file;

    @BeforeEach
    void name() {
        file = new DatabaseAddress.SqliteFile(directory.resolve("a file.sqlite"));
    }

    @Test
    void contentShouldBeReadAndNoFileCreated() throws IOException {
        written(FIRST, "hello").close();
        byte[] before = Files.readAllBytes(file.file());

        assertThat(words(FIRST)).containsExactly("hello");

        assertThat(Files.readAllBytes(file.file())).isEqualTo(before);
        assertThat(files()).containsExactly("a file.sqlite");
    }

    @Test
    void commitsOfARunningServerShouldBeVisible() {
        try (Database server = written(FIRST, "hello")) {
            write(server, "again");

            assertThat(words(FIRST)).containsExactly("hello", "again");
            write(server, "and again");
            assertThat(words(FIRST)).hasSize(3);
        }
    }

    @Test
    void nothingShouldBeWritten() {
        written(FIRST, "hello").close();

        try (Database reader = Database.readOnly(file, List.of(FIRST))) {
            assertThatThrownBy(() -> write(reader, "mine")).isInstanceOf(StorageOutage.class);
        }
        assertThat(words(FIRST)).containsExactly("hello");
    }

    @Test
    void missingFileShouldNotBeCreated() throws IOException {
        assertThatThrownBy(() -> words(FIRST)).isInstanceOf(StorageOutage.class);

        assertThat(files()).isEmpty();
    }

    @Test
    void emptyFileShouldBeNamedAsEmpty() throws IOException {
        Files.createFile(file.file());

        assertThatThrownBy(() -> words(FIRST)).isInstanceOf(StorageOutage.class).hasMessageContaining("is empty");
        assertThat(file.file()).isEmptyFile();
    }

    @Test
    void tablesOfAnotherVersionShouldNotBeChanged() {
        written(FIRST, "hello").close();
        assertThatThrownBy(() -> words(SECOND)).isInstanceOf(StorageOutage.class)
            .hasMessage(file + ": the tables of 'probe' are of version 1, and this software knows version 2: "
                + "James brings them up to date when it "
                + "starts with this one");
        assertThat(words(FIRST)).as("not migrated").containsExactly("hello");

        written(SECOND, "new").close();
        assertThatThrownBy(() -> words(FIRST)).isInstanceOf(StorageOutage.class)
            .hasMessage(file + ": the tables of 'probe' are of version 2, and this software knows version 1: use the newer software");
    }

    private Database written(Migrations migrations, String word) {
        Database database = Database.open(file, List.of(migrations), Clock.systemUTC());
        write(database, word);
        return database;
    }

    private static void write(Database database, String word) {
        database.transaction(connection -> {
            try (Statement statement = connection.createStatement()) {
                return statement.executeUpdate("INSERT INTO probe_word (word) VALUES ('" + word + "')");
            }
        });
    }

    private List<String> words(Migrations expected) {
        try (Database database = Database.readOnly(file, List.of(expected))) {
            return database.transaction(connection -> {
                List<String> words = new ArrayList<>();
                try (Statement statement = connection.createStatement();
                     ResultSet rows = statement.executeQuery("SELECT word FROM probe_word ORDER BY rowid")) {
                    while (rows.next()) {
                        words.add(rows.getString(1));
                    }
                }
                return words;
            });
        }
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }
}
