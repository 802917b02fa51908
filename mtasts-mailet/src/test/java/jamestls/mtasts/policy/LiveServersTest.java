package jamestls.mtasts.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.PostgresExtension;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Statement;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class LiveServersTest {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private final Database database = Database.open(new DatabaseAddress.PostgreSql(POSTGRES.newDatabase(), "", ""),
        List.of(LiveServers.TABLES), Clock.systemUTC());
    private final LiveServers one = new LiveServers(Optional.of(database));
    private final LiveServers other = new LiveServers(Optional.of(database));

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void serversShouldCountEachOtherUntilTheyStop() {
        one.start();
        other.start();
        await().until(() -> other.count() == 2);
        one.beat();
        assertThat(one.count()).isEqualTo(2);

        other.close();
        one.beat();
        assertThat(one.count()).isOne();
        one.close();
    }

    @Test
    void killedServerShouldCountForTwentySeconds() {
        one.beat();
        other.beat();
        age(LiveServers.ALIVE.toMillis() - 10_000);
        one.beat();
        assertThat(one.count()).isEqualTo(2);

        age(10_000);
        one.beat();
        assertThat(one.count()).isOne();
    }

    @Test
    void lastNumberShouldStayWhileTheDatabaseFails() throws IOException {
        one.beat();
        other.beat();
        POSTGRES.server().stop();
        other.beat();
        assertThat(other.count()).isEqualTo(2);
        POSTGRES.server().start();
    }

    @Test
    void serverWithAFileShouldBeAlone(@TempDir Path directory) {
        try (Database file = Database.open(new DatabaseAddress.SqliteFile(directory.resolve("one.sqlite")), List.of(), Clock.systemUTC());
             LiveServers alone = new LiveServers(Optional.of(file))) {
            alone.start();
            assertThat(alone.count()).isOne();
        }
    }

    private void age(long millis) {
        database.transaction(connection -> {
            try (Statement statement = connection.createStatement()) {
                return statement.executeUpdate("UPDATE server_alive SET seen = seen - " + millis);
            }
        });
    }
}
