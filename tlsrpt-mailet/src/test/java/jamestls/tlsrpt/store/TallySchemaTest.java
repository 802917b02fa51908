package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.DAY;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.PostgresServer;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.Violation.ResultType;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.Migrations;
import jamestls.tlsrpt.store.DomainTally.PolicyTally;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import jamestls.tlsrpt.store.TallyStoreContract.Session;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Migration of databases of earlier versions. */
class TallySchemaTest {

    private static final TallyKey COUNTED = new TallyKey(DAY, DomainName.of("counted.example"));
    private static final TallyKey SENT = new TallyKey(DAY, DomainName.of("sent.example"));
    private static final TallyKey LEFT = new TallyKey(DAY, DomainName.of("left.example"));
    private static final Instant MORNING = Instant.parse("2026-03-02T00:10:00Z");
    private static final byte[] HASH = {1, 2, 3};
    private static final byte[] NONE = {};

    @TempDir
    private Path directory;

    @Test
    void sqliteTablesOfTheFirstVersionShouldBeMigrated() {
        migrate(new DatabaseAddress.SqliteFile(directory.resolve("tlsreports.sqlite")));
    }

    @Test
    void postgresTablesOfTheFirstVersionShouldBeMigrated() {
        try (PostgresServer server = PostgresServer.startOrSkip()) {
            migrate(new DatabaseAddress.PostgreSql(server.url(), "", ""));
        }
    }

    private static void migrate(DatabaseAddress address) {
        Migrations first = new Migrations(TallySchema.MIGRATIONS.module(), TallySchema.MIGRATIONS.steps().subList(0, 1));
        try (Database old = Database.open(address, List.of(first), Clock.systemUTC())) {
            old.transaction(TallySchemaTest::writeAsTheFirstVersionDid);
        }
        try (Stores stores = Stores.open(Optional.of(address), Clock.systemUTC())) {
            TallyStore tallies = stores.tallies();
            Due due = Due.finishedDays(MORNING);
            assertThat(tallies.claimable(due, Optional.empty(), 10)).containsExactlyInAnyOrder(COUNTED, LEFT);

            AppliedPolicy policy = AppliedPolicy.none(COUNTED.domain());
            FailureKey failure = TallyStoreContract.detail("because");
            tallies.add(new WriteId("new", 1), TallyStoreContract.counts(List.of(
                new Session(COUNTED, Map.of(policy, Set.of(failure))), new Session(SENT, Map.of(policy, Set.of())))));

            assertThat(tallies.claim(COUNTED, due).orElseThrow().tally()).satisfies(tally -> {
                assertThat(tally.sessions()).isEqualTo(8);
                assertThat(tally.part().storeId()).hasSize(10);
                assertThat(tally.policies()).containsExactly(new PolicyTally(policy, 5, 3, Map.of(failure, 3L)));
            });
            assertThat(tallies.claim(LEFT, due).orElseThrow()).satisfies(claim -> {
                assertThat(claim.tries()).isEqualTo(3);
                assertThat(claim.fresh()).isFalse();
                assertThat(claim.tally().part().storeId()).as("the id under which the report may have gone already").isEmpty();
                assertThat(claim.tally().policies()).containsExactly(
                    new PolicyTally(AppliedPolicy.none(LEFT.domain()), 9, 0, Map.of()));
            });
            assertThat(tallies.claimable(due, Optional.empty(), 10)).containsExactly(SENT);
            assertThat(tallies.claim(SENT, due).orElseThrow().tally().part().number()).isEqualTo(2);
            assertThat(stores.reports().of(SENT)).singleElement().satisfies(record -> assertThat(record.isFinal()).isTrue());
        }
    }

    private static Boolean writeAsTheFirstVersionDid(Connection connection) throws SQLException {
        long day = DAY.toEpochDay();
        for (TallyKey key : List.of(COUNTED, SENT, LEFT)) {
            byte[] hash = JdbcValues.hash(key.domain().ascii());
            run(connection, "INSERT INTO tlsrpt_policy (hash, type, domain, strings, mx_hosts, last_day) VALUES (?, 'no-policy-found', "
                + "?, ?, ?, ?)", hash, key.domain().ascii(), NONE, NONE, day);
            boolean open = key.equals(COUNTED);
            run(connection, "INSERT INTO tlsrpt_domain (day, domain, part, started, sessions, failed) VALUES (?, ?, ?, ?, ?, ?)", day,
                key.domain().ascii(), open ? 1 : 2, key.firstSecond().toEpochMilli(), open ? 7L : 0L, open ? 2L : 0L);
            run(connection, "INSERT INTO tlsrpt_count (day, domain, part, policy, successes, failures, details) "
                + "VALUES (?, ?, 1, ?, ?, ?, ?)", day, key.domain().ascii(), hash, open ? 5L : 9L, open ? 2L : 0L, open ? 1 : 0);
        }
        run(connection, "INSERT INTO tlsrpt_failure (day, domain, part, policy, failure, type, reason, n) "
            + "VALUES (?, ?, 1, ?, ?, ?, ?, ?)", day, COUNTED.domain().ascii(), JdbcValues.hash(COUNTED.domain().ascii()), HASH,
            ResultType.VALIDATION_FAILURE.wireName(), "because", 2L);
        for (TallyKey key : List.of(SENT, LEFT)) {
            run(connection, "INSERT INTO tlsrpt_part (day, domain, part, started, ended, sessions, failed, token, leased, "
                + "postponed, tries, result) VALUES (?, ?, 1, ?, ?, 9, 0, '', 0, 0, 3, ?)", day, key.domain().ascii(),
                key.firstSecond().toEpochMilli(), key.lastSecond().toEpochMilli(), key.equals(SENT) ? "sent" : "");
        }
        run(connection, "INSERT INTO tlsrpt_dispatch (day, domain, part, target, destination, report_id, state, tries, at, result) "
            + "VALUES (?, ?, 1, ?, 'mailto:r@sent.example', 'id', 'ACCEPTED', 1, 0, 'accepted')", day, SENT.domain().ascii(), HASH);
        return true;
    }

    private static void run(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            JdbcValues.set(statement, 1, values);
            statement.executeUpdate();
        }
    }
}
