package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.PolicyFixture.DOMAIN;
import static jamestls.mtasts.sts.PolicyFixture.policy;
import static jamestls.mtasts.sts.StsPolicy.Mode.ENFORCE;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqlitePolicyStoreTest extends PolicyStoreContract {

    private final List<Database> opened = new ArrayList<>();

    @TempDir
    private Path directory;

    @Override
    PolicyStore store() {
        return new SqlPolicyStore(database());
    }

    private Database database() {
        Database database = Database.open(new DatabaseAddress.SqliteFile(file()), List.of(SqlPolicyStore.TABLES), Clock.systemUTC());
        opened.add(database);
        return database;
    }

    private Path file() {
        return directory.resolve("jamestls.sqlite");
    }

    @AfterEach
    void close() {
        opened.forEach(Database::close);
    }

    @Test
    void enforcePolicyShouldSurviveARestartWhileItsRecordIsSuppressed() {
        PolicyFixture world = new PolicyFixture(store());
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        close();
        PolicyFixture restarted = new PolicyFixture(store());

        assertThat(restarted.lookup()).isInstanceOfSatisfying(StsLookup.Found.class, found ->
            assertThat(found.policy().mode()).isEqualTo(ENFORCE));
        assertThat(restarted.fetches()).isZero();
    }

    @Test
    void damagedFileShouldCostThePoliciesAndNothingElse() throws IOException {
        store();
        close();
        byte[] content = Files.readAllBytes(file());
        // all but the header
        Arrays.fill(content, 100, content.length, (byte) '?');
        Files.write(file(), content);
        PolicyFixture world = new PolicyFixture(store());
        world.publish("1", policy(ENFORCE, Duration.ofDays(30)));

        assertThat(world.lookup()).isInstanceOf(StsLookup.Found.class);
        assertThat(world.policies.storeHealth().outOfOrderSince()).isEmpty();
        assertThat(store().find(DOMAIN)).isPresent();
    }

    @Test
    void databaseThatFailsInUseShouldNotCostAPolicyInMemory() {
        Database database = database();
        PolicyFixture world = new PolicyFixture(new SqlPolicyStore(database));
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        database.close();
        world.txtGone();
        assertThat(world.lookup()).isInstanceOf(StsLookup.Found.class);
        assertThat(world.policies.storeHealth().why()).contains("closed");
    }

    @Test
    void rowThatMakesNoSenseShouldBeAsGoodAsNone() {
        Database database = database();
        SqlPolicyStore store = new SqlPolicyStore(database);
        store.save(stored("example.com", "1", new PolicyFixture().now()));
        database.transaction(connection -> {
            try (Statement statement = connection.createStatement()) {
                return statement.executeUpdate("UPDATE sts_policy SET policy = 'mode: enfoce'");
            }
        });

        assertThat(store.find(DOMAIN)).isEmpty();
    }

    @Test
    void hundredThousandStoredPoliciesShouldNotDelayTheStart() {
        Database database = database();
        StoredPolicy stored = stored("example.com", "1", new PolicyFixture().now());
        database.transaction(connection -> {
            try (PreparedStatement insert = connection.prepareStatement(
                    "INSERT INTO sts_policy (domain, id, policy, fetched, last_checked, "
                    + "last_used, refresh_at, expires) VALUES (?, '1', ?, ?, ?, ?, ?, ?)")) {
                for (int i = 0; i < 100_000; i++) {
                    insert.setString(1, "d" + i + ".example");
                    insert.setString(2, stored.policy().text());
                    for (int column = 3; column <= 7; column++) {
                        insert.setLong(column, stored.fetched().toEpochMilli());
                    }
                    insert.addBatch();
                }
                return insert.executeBatch();
            }
        });
        database.close();

        long begun = System.nanoTime();
        PolicyStore store = store();
        Optional<StoredPolicy> found = store.find(DomainName.of("d77777.example"));
        Duration start = Duration.ofNanos(System.nanoTime() - begun);

        assertThat(found).isPresent();
        assertThat(start).isLessThan(Duration.ofSeconds(5));
    }
}
