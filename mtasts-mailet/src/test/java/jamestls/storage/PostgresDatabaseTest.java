package jamestls.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.PostgresServer;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PostgresDatabaseTest extends DatabaseContract {

    private static final AtomicInteger DATABASES = new AtomicInteger();
    private static PostgresServer server;

    private final String url = server.newDatabase("notes" + DATABASES.incrementAndGet());

    @BeforeAll
    static void start() {
        server = PostgresServer.startOrSkip();
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.close();
        }
    }

    @Override
    DatabaseAddress address() {
        return new DatabaseAddress.PostgreSql(url, "", "");
    }

    @Test
    void outageShouldBeToldAndItsEndNoticed() throws IOException {
        Database database = open(NOTES);
        insert(database, 1);
        server.stop();
        assertThatThrownBy(() -> count(database)).isInstanceOf(StorageOutage.class).hasMessageNotContaining("user=");
        Database openedMeanwhile = open(NOTES);
        server.start();

        await().ignoreExceptions().untilAsserted(() -> assertThat(count(database)).isOne());
        assertThat(count(openedMeanwhile)).isOne();
    }

    @Test
    void serversThatStartTogetherShouldMigrateOnce() {
        var opening = IntStream.range(0, 6)
            .mapToObj(i -> CompletableFuture.supplyAsync(() -> open(NOTES), Thread::startVirtualThread)).toList();

        assertThat(opening).allSatisfy(future -> assertThat(count(future.join())).isZero());
    }
}
