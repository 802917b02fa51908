package jamestls.mtasts.sts;

import static jamestls.mtasts.sts.PolicyFixture.DOMAIN;
import static jamestls.mtasts.sts.PolicyFixture.policy;
import static jamestls.mtasts.sts.StsPolicy.Mode.ENFORCE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import jamestls.fakeinternet.PostgresExtension;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@Tag("slow")
class PostgresPolicyStoreTest extends PolicyStoreContract {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private final String url = POSTGRES.newDatabase();
    private final List<Database> opened = new ArrayList<>();

    @AfterEach
    void close() {
        opened.forEach(Database::close);
    }

    @Override
    PolicyStore store() {
        return store(Clock.systemUTC());
    }

    private PolicyStore store(Clock clock) {
        Database database =
            Database.open(new DatabaseAddress.PostgreSql(url, "postgres", ""), List.of(SqlPolicyStore.TABLES), Clock.systemUTC());
        opened.add(database);
        return new SqlPolicyStore(database, clock);
    }

    @Test
    void rowsShouldHaveTheTimeOfTheDatabaseWhateverTheServersClocksSay() {
        Clock ahead = Clock.offset(Clock.systemUTC(), Duration.ofDays(30));
        Clock behind = Clock.offset(Clock.systemUTC(), Duration.ofDays(-30));
        store(ahead).save(stored("example.com", "1", ahead.instant()));
        assertThat(store().find(DOMAIN)).hasValueSatisfying(found ->
            assertThat(found.fetched()).isCloseTo(Instant.now(), within(20, ChronoUnit.SECONDS)));

        store(behind).save(stored("example.com", "2", behind.instant().plusSeconds(30)));
        assertThat(store(ahead).find(DOMAIN)).hasValueSatisfying(found -> {
            assertThat(found.id()).isEqualTo("2");
            assertThat(found.fetched()).isCloseTo(ahead.instant(), within(60, ChronoUnit.SECONDS));
        });
        assertThat(store(ahead).claim(DOMAIN, "ahead", ahead.instant(), ahead.instant().plusSeconds(75))).isTrue();
        assertThat(store(behind).claim(DOMAIN, "behind", behind.instant(), behind.instant().plusSeconds(75))).isFalse();
    }

    @Test
    void twoServersShouldFetchOnceAndBothSeeThePolicy() {
        PolicyFixture world = new PolicyFixture(store());
        StsPolicies other = world.restartedOver(store());
        world.publish("1", policy(ENFORCE, Duration.ofDays(30)));
        Queue<StsLookup> lookups = new ConcurrentLinkedQueue<>();
        for (int i = 0; i < 100; i++) {
            StsPolicies server = i % 2 == 0 ? world.policies : other;
            Thread.startVirtualThread(() -> lookups.add(server.lookup(DOMAIN)));
        }

        Awaitility.await().untilAsserted(() -> assertThat(lookups).hasSize(100));
        assertThat(lookups).hasOnlyElementsOfType(StsLookup.Found.class);
        assertThat(world.fetches()).isOne();
    }

    @Test
    void policyThatAnotherServerFetchedShouldHoldDuringAnOutage() throws IOException {
        PolicyFixture world = new PolicyFixture(store());
        StsPolicies other = world.restartedOver(store());
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        other.removeExpired();
        POSTGRES.server().stop();
        try {
            // an attacker who hides the record, too
            world.txtGone();

            assertThat(other.lookup(DOMAIN)).isInstanceOfSatisfying(StsLookup.Found.class,
                found -> assertThat(found.policy().mode()).isEqualTo(ENFORCE));
        } finally {
            POSTGRES.server().start();
        }
    }

    @Test
    void onlyNewPoliciesShouldBeReadAgain() {
        PolicyStore store = store();
        PolicyFixture world = new PolicyFixture(store);
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();

        assertThat(store.fetchedSince(world.now(), world.now(), 10)).hasSize(1);
        assertThat(store.fetchedSince(world.now().plusMillis(1), world.now(), 10)).isEmpty();
        assertThat(store.fetchedSince(world.now(), world.now().plus(Duration.ofDays(31)), 10)).isEmpty();
    }

    @Test
    void outageShouldStopNothingAndBeMadeGoodAfterwards() throws IOException {
        PolicyFixture world = new PolicyFixture(store());
        world.publish("1", policy(ENFORCE, Duration.ofDays(30))).lookup();
        POSTGRES.server().stop();
        world.publish("2", policy(ENFORCE, Duration.ofDays(30), "new.example.com"));
        assertThat(world.lookup()).isInstanceOf(StsLookup.Found.class);
        assertThat(world.policies.storeHealth().outOfOrderSince()).isPresent();
        POSTGRES.server().start();

        Awaitility.await().untilAsserted(() -> {
            world.pass(CircuitBreaker.REST).refresh();
            assertThat(world.policies.storeHealth().unsaved()).isZero();
        });
        assertThat(store().find(DOMAIN)).map(StoredPolicy::id).contains("2");
        assertThat(world.policies.storeHealth().outOfOrderSince()).isEmpty();
    }
}
