package jamestls.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.PostgresExtension;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@Tag("slow")
class PostgresDatabaseTest extends DatabaseContract {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private final String url = POSTGRES.newDatabase();

    @Override
    DatabaseAddress address() {
        return new DatabaseAddress.PostgreSql(url, "", "");
    }

    @Test
    void outageShouldBeThrownAndItsEndNoticed() throws IOException {
        Database database = open(NOTES);
        insert(database, 1);
        POSTGRES.server().stop();
        assertThatThrownBy(() -> count(database)).isInstanceOf(StorageOutage.class).hasMessageNotContaining("user=");
        Database openedMeanwhile = open(NOTES);
        POSTGRES.server().start();

        await().ignoreExceptions().untilAsserted(() -> assertThat(count(database)).isOne());
        assertThat(count(openedMeanwhile)).isOne();
    }

    @Test
    void serversThatStartAtTheSameTimeShouldMigrateOnce() {
        var opening = IntStream.range(0, 6)
            .mapToObj(i -> CompletableFuture.supplyAsync(() -> open(NOTES), Thread::startVirtualThread)).toList();

        assertThat(opening).allSatisfy(future -> assertThat(count(future.join())).isZero());
    }

    @Test
    void versionsOfOtherSoftwareShouldNotBeChanged() throws SQLException {
        try (Connection connection = DriverManager.getConnection(url); Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE schema_version (installed_rank INTEGER, version TEXT)");
        }

        assertThatThrownBy(() -> open(NOTES)).isInstanceOf(Database.Refused.class).hasMessageContaining("schema_version of other software");
        assertThatThrownBy(() -> read()).isInstanceOf(StorageOutage.class).hasMessageContaining("has no tables of this software");
        assertThat(tables()).containsExactly("schema_version");
    }

    @Test
    void readerShouldCreateNothingAndReadNoOtherVersion() throws SQLException {
        assertThatThrownBy(() -> read()).isInstanceOf(StorageOutage.class).hasMessageContaining("has no tables of this software");
        assertThat(tables()).isEmpty();

        open(new Migrations("notes", NOTES.steps().subList(0, 1)));
        assertThatThrownBy(() -> read()).isInstanceOf(StorageOutage.class).hasMessageContaining("are of version 1");
        try (Database database = open(NOTES)) {
            insert(database, 1);
        }
        assertThat(read()).isOne();
    }

    @Test
    void databaseWithoutMarkShouldBeRecognizedByItsTablesAndMarked() throws SQLException {
        insert(open(NOTES), 1);
        try (Connection connection = DriverManager.getConnection(url); Statement statement = connection.createStatement()) {
            statement.execute("DROP TABLE jamestls_database");
        }
        assertThat(read()).isOne();

        assertThat(count(open(NOTES))).isOne();
        assertThat(tables()).contains("jamestls_database");
    }

    @Test
    void readerShouldNotBlockAWriter() {
        Database database = open(NOTES);
        insert(database, 1);

        try (Database reader = Database.readOnly(address(), List.of(NOTES))) {
            reader.transaction(connection -> {
                insert(database, 2);
                return database.transaction(writing -> {
                    try (Statement statement = writing.createStatement()) {
                        return statement.execute("ALTER TABLE notes_note ADD COLUMN more TEXT");
                    }
                });
            });
        }
        assertThat(count(database)).isEqualTo(2);
    }

    private long read() {
        try (Database reader = Database.readOnly(address(), List.of(NOTES))) {
            return count(reader);
        }
    }

    private List<String> tables() throws SQLException {
        List<String> tables = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection(url); Statement statement = connection.createStatement();
             ResultSet rows = statement.executeQuery("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")) {
            while (rows.next()) {
                tables.add(rows.getString(1));
            }
        }
        return tables;
    }
}
