package jamestls.tlsrpt.store;

import jamestls.fakeinternet.PostgresExtension;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;

@Tag("slow")
class PostgresDestinationStoreTest extends DestinationStoreContract {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private final List<Database> opened = new ArrayList<>();

    @Override
    DestinationStore open() {
        String url = POSTGRES.newDatabase();
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
