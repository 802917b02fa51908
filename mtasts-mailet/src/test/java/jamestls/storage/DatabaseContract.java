package jamestls.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Contract of both kinds of databases. */
abstract class DatabaseContract {

    static final Migrations NOTES = new Migrations("notes", List.of(
        List.of("CREATE TABLE notes_note (id BIGINT PRIMARY KEY, body ${bytes} NOT NULL)"),
        List.of("ALTER TABLE notes_note ADD COLUMN title TEXT NOT NULL DEFAULT 'none'")));

    private final List<Database> opened = new CopyOnWriteArrayList<>();

    /** Opens the same database each time; it is empty at the start of a test. */
    abstract DatabaseAddress address();

    final Database open(Migrations... migrations) {
        Database database = Database.open(address(), List.of(migrations), Clock.systemUTC());
        opened.add(database);
        return database;
    }

    @AfterEach
    void closeAll() {
        opened.forEach(Database::close);
    }

    static int insert(Database database, long id) {
        return database.transaction(connection -> insert(connection, id));
    }

    static int insert(Connection connection, long id) throws SQLException {
        try (var insert = connection.prepareStatement("INSERT INTO notes_note (id, body) VALUES (?, ?)")) {
            insert.setLong(1, id);
            insert.setBytes(2, new byte[] {1, 0, -1});
            return insert.executeUpdate();
        }
    }

    static long count(Database database) {
        return number(database, "SELECT COUNT(*) FROM notes_note");
    }

    static long number(Database database, String query) {
        return database.transaction(connection -> number(connection, query));
    }

    private static long number(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet answer = statement.executeQuery(query)) {
            answer.next();
            return answer.getLong(1);
        }
    }

    @Test
    void committedDataShouldBeThereAfterReopening() {
        try (Database first = open(NOTES)) {
            insert(first, 1);
        }

        assertThat(count(open(NOTES))).isOne();
    }

    @Test
    void usersOfOneDatabaseShouldSeeEachOthersCommits() {
        Database one = open(NOTES);
        Database other = open(NOTES);
        insert(one, 1);
        insert(other, 2);

        assertThat(count(one)).isEqualTo(2);
        assertThat(count(other)).isEqualTo(2);
    }

    @Test
    void workThatThrowsShouldBeRolledBack() {
        Database database = open(NOTES);

        assertThatThrownBy(() -> database.transaction(connection -> {
            insert(connection, 1);
            throw new IllegalStateException("changed my mind");
        })).isInstanceOf(IllegalStateException.class).hasMessage("changed my mind");
        assertThatThrownBy(() -> database.transaction(connection -> {
            insert(connection, 1);
            return insert(connection, 1);
        })).isInstanceOf(StorageOutage.class).hasCauseInstanceOf(SQLException.class);
        assertThat(count(database)).isZero();
    }

    @Test
    void concurrentTransactionsShouldBeCommittedAndFailSeparately() {
        Database database = open(NOTES);
        insert(database, 7);

        long failed = IntStream.range(0, 400).mapToObj(i -> CompletableFuture.supplyAsync(() -> {
            try {
                return insert(database, i);
            } catch (StorageOutage duplicate) {
                return 0;
            }
        }, Thread::startVirtualThread)).toList().stream().filter(inserted -> inserted.join() == 0).count();

        assertThat(failed).isOne();
        assertThat(count(database)).isEqualTo(400);
    }

    @Test
    void errorOfOneWorkShouldBeItsOwn() {
        Database database = open(NOTES);

        List<CompletableFuture<Integer>> works = IntStream.range(0, 200).mapToObj(i -> CompletableFuture.supplyAsync(() ->
            database.transaction(connection -> {
                int inserted = insert(connection, i);
                if (i % 10 == 0) {
                    throw new StackOverflowError("on purpose");
                }
                return inserted;
            }), Thread::startVirtualThread)).toList();

        assertThat(works).filteredOn(work -> work.handle((inserted, error) -> error == null).join()).hasSize(180);
        assertThat(count(database)).isEqualTo(180);
    }

    @Test
    void concurrentUsersOfOneDatabaseShouldNotLoseWrites() {
        List<Database> users = List.of(open(NOTES), open(NOTES), open(NOTES));
        List<CompletableFuture<Integer>> inserts = IntStream.range(0, 300).mapToObj(i ->
            CompletableFuture.supplyAsync(() -> insert(users.get(i % users.size()), i), Thread::startVirtualThread)).toList();

        assertThat(inserts).allSatisfy(insert -> assertThat(insert.join()).isOne());
        assertThat(count(users.getFirst())).isEqualTo(300);
    }

    @Test
    void laterMigrationsShouldBeAppliedToExistingTables() {
        try (Database old = open(new Migrations("notes", NOTES.steps().subList(0, 1)))) {
            insert(old, 1);
        }
        Database database = open(NOTES);

        assertThat(number(database, "SELECT COUNT(*) FROM notes_note WHERE title = 'none'")).isOne();
        assertThat(number(database, "SELECT MAX(version) FROM schema_version WHERE module = 'notes'")).isEqualTo(2);
    }

    @Test
    void modulesShouldHaveSeparateVersions() {
        open(NOTES);
        Database other = open(new Migrations("other", List.of(List.of("CREATE TABLE other_thing (id BIGINT)"))));

        assertThat(number(other, "SELECT COUNT(*) FROM schema_version")).isEqualTo(3);
    }

    @Test
    void failedMigrationShouldKeepTheVersionBefore() {
        List<List<String>> steps = new ArrayList<>(NOTES.steps());
        steps.add(List.of("CREATE TABLE notes_half (id BIGINT)", "CREATE NONSENSE"));
        Database broken = open(new Migrations("notes", steps));

        assertThatThrownBy(() -> count(broken)).isInstanceOf(StorageOutage.class);
        Database database = open(NOTES);
        assertThat(count(database)).isZero();
        assertThatThrownBy(() -> number(database, "SELECT COUNT(*) FROM notes_half"))
            .isInstanceOf(StorageOutage.class);
    }

    @Test
    void tablesOfANewerVersionShouldNotBeChanged() {
        open(NOTES).close();
        Database old = open(new Migrations("notes", NOTES.steps().subList(0, 1)));

        assertThatThrownBy(() -> count(old)).isInstanceOf(StorageOutage.class).hasMessageContaining("version 2");
    }

    @Test
    void statementShouldBeUsableWhileItIsInUse() {
        Database database = open(NOTES);
        insert(database, 1);
        insert(database, 2);
        for (int again = 0; again < 2; again++) {
            long sum = database.transaction(connection -> {
                String sql = "SELECT id FROM notes_note ORDER BY id";
                try (var outer = connection.prepareStatement(sql); ResultSet outerAnswer = outer.executeQuery()) {
                    long seen = 0;
                    while (outerAnswer.next()) {
                        try (var inner = connection.prepareStatement(sql); ResultSet innerAnswer = inner.executeQuery()) {
                            while (innerAnswer.next()) {
                                seen += 10 * outerAnswer.getLong(1) + innerAnswer.getLong(1);
                            }
                        }
                    }
                    return seen;
                }
            });

            assertThat(sum).isEqualTo(2 * 10 + 2 * 20 + 2 * (1 + 2));
        }
    }

    @Test
    void statementShouldKeepNothingOfItsLastUse() {
        Database database = open(NOTES);
        insert(database, 1);

        assertThatThrownBy(() -> database.transaction(connection -> {
            try (var insert = connection.prepareStatement("INSERT INTO notes_note (id, body) VALUES (?, ?)")) {
                insert.setLong(1, 2);
                return insert.executeUpdate();
            }
        })).isInstanceOf(StorageOutage.class);
        assertThat(insert(database, 3)).isOne();
        assertThat(count(database)).isEqualTo(2);
    }

    @Test
    void abandonedStatementShouldNotBlockOthers() {
        Database database = open(NOTES);
        insert(database, 1);
        insert(database, 2);
        database.transaction(connection -> {
            try (var query = connection.prepareStatement("SELECT id FROM notes_note")) {
                query.executeQuery().next();
                return true;
            }
        });
        try (Database other = open(NOTES)) {
            assertThat(insert(other, 3)).isOne();
        }

        assertThat(count(database)).isEqualTo(3);
    }

    @Test
    void closedDatabaseShouldRefuseTransactions() {
        Database database = open(NOTES);
        database.close();

        assertThatThrownBy(() -> count(database)).isInstanceOf(StorageOutage.class).hasMessageContaining("closed");
    }
}
