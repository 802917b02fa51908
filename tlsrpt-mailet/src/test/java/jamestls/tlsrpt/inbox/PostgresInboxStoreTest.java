package jamestls.tlsrpt.inbox;

import jamestls.fakeinternet.PostgresExtension;
import jamestls.storage.DatabaseAddress;
import java.time.Clock;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;

@Tag("slow")
class PostgresInboxStoreTest extends InboxStoreContract {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    @Override
    InboxStore open(InboxStore.Limits limits) {
        return InboxStore.open(Optional.of(new DatabaseAddress.PostgreSql(POSTGRES.newDatabase(), "", "")), limits, Clock.systemUTC());
    }
}
