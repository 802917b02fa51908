package jamestls.tlsrpt.store;

import jamestls.fakeinternet.PostgresServer;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

class PostgresDestinationStoreTest extends DestinationStoreContract {

    private static final AtomicInteger DATABASES = new AtomicInteger();
    private static PostgresServer server;

    private final List<Database> opened = new ArrayList<>();

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
    DestinationStore open() {
        String url = server.newDatabase("destinations" + DATABASES.incrementAndGet());
        Database database = Database.open(new DatabaseAddress.PostgreSql(url, "", ""), List.of(SqlDestinationStore.MIGRATIONS),
            Clock.systemUTC());
        opened.add(database);
        return new SqlDestinationStore(database);
    }

    @Override
    DestinationStore again(DestinationStore opened) {
        return new SqlDestinationStore(this.opened.getLast());
    }

    @AfterEach
    void close() {
        opened.forEach(Database::close);
    }
}
