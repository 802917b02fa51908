package jamestls.tlsrpt.store;

import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

class SqliteTallyStoreTest extends SeveralClaimsContract {

    @TempDir
    private Path directory;
    private final List<Database> opened = new ArrayList<>();

    @Override
    TallyStore open(TallyLimits limits) {
        Database database = Database.open(new DatabaseAddress.SqliteFile(directory.resolve(opened.size() + ".sqlite")),
            Stores.MIGRATIONS, Clock.systemUTC());
        opened.add(database);
        return new SqlTallyStore(database, limits);
    }

    @AfterEach
    void close() {
        opened.forEach(Database::close);
    }
}
