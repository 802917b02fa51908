package jamestls.tlsrpt.inbox;

import jamestls.storage.DatabaseAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;

class SqliteInboxStoreTest extends InboxStoreContract {

    @TempDir
    private Path directory;
    private int files;

    @Override
    InboxStore open(InboxStore.Limits limits) {
        return InboxStore.open(Optional.of(new DatabaseAddress.SqliteFile(directory.resolve(files++ + ".sqlite"))), limits,
            Clock.systemUTC());
    }
}
