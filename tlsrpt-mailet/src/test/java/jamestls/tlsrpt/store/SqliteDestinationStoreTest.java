package jamestls.tlsrpt.store;

import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

class SqliteDestinationStoreTest extends DestinationStoreContract {

    @TempDir
    private Path directory;
    private final List<Database> opened = new ArrayList<>();

    @Override
    DestinationStore open() {
        Database database = Database.open(new DatabaseAddress.SqliteFile(directory.resolve(opened.size() + ".sqlite")),
            List.of(SqlDestinationStore.MIGRATIONS), Clock.systemUTC());
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
