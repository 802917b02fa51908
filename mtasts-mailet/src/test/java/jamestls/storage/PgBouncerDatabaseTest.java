package jamestls.storage;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.PgBouncer;
import jamestls.fakeinternet.PostgresExtension;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A PgBouncer that hands a connection to another client after each transaction, as docs/cluster.md says how to use it. */
@Tag("slow")
class PgBouncerDatabaseTest extends DatabaseContract {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private final PgBouncer bouncer = PgBouncer.startOrSkip(POSTGRES.newDatabase());

    @Override
    DatabaseAddress address() {
        return new DatabaseAddress.PostgreSql(bouncer.url() + "&prepareThreshold=0", "", "");
    }

    @AfterEach
    void stop() {
        bouncer.close();
    }

    @Test
    void transactionsOfManyThreadsShouldShareTwoConnections() throws InterruptedException {
        Database database = open(NOTES);
        CountDownLatch done = new CountDownLatch(200);
        IntStream.range(0, 200).forEach(i -> Thread.startVirtualThread(() -> {
            insert(database, i);
            done.countDown();
        }));
        done.await();

        assertThat(count(database)).isEqualTo(200);
        assertThat(number(database, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' "
            + "AND datname = current_database()")).isLessThanOrEqualTo(PgBouncer.CONNECTIONS);
    }
}
