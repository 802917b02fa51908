package jamestls.mtasts.sts;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.PostgresServer;
import jamestls.mtasts.sts.StsPolicy.ParsedPolicy;
import jamestls.outcome.Violation;
import jamestls.outcome.Violation.ResultType;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Databases that version 0.1.0 has written are opened, and nothing in them is lost. */
class UpgradeTest {

    private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

    @TempDir
    private Path directory;

    @Test
    void sqliteFileOfTheFirstVersionShouldKeepItsPolicies() throws IOException {
        Path file = directory.resolve("jamestls.sqlite");
        try (InputStream in = resource("policies-0.1.0.sqlite")) {
            Files.copy(in, file);
        }

        assertNothingIsLost(new DatabaseAddress.SqliteFile(file));
    }

    @Test
    @Tag("slow")
    void postgresDatabaseOfTheFirstVersionShouldKeepItsPolicies() throws IOException, SQLException {
        try (PostgresServer server = PostgresServer.startOrSkip()) {
            try (Connection connection = DriverManager.getConnection(server.url()); Statement statement = connection.createStatement();
                 InputStream in = resource("policies-0.1.0.sql")) {
                statement.execute(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }

            assertNothingIsLost(new DatabaseAddress.PostgreSql(server.url(), "", ""));
        }
    }

    private static void assertNothingIsLost(DatabaseAddress address) {
        try (Database reader = Database.readOnly(address, List.of(SqlPolicyStore.TABLES))) {
            assertPolicies(new SqlPolicyStore(reader));
        }
        for (int start = 0; start < 2; start++) {
            try (Database database = Database.open(address, List.of(SqlPolicyStore.TABLES), Clock.systemUTC())) {
                SqlPolicyStore store = new SqlPolicyStore(database);
                assertPolicies(store);
                assertThat(store.claim(DomainName.of("claimed.example"), "another server", NOON.plusSeconds(70), NOON.plusSeconds(145)))
                    .as("the claim of another server").isFalse();
            }
        }
    }

    private static void assertPolicies(SqlPolicyStore store) {
        assertThat(store.find(DomainName.of("enforce.example"))).contains(stored("enforce.example", "20261101", """
            version: STSv1
            mode: enforce
            mx: mx1.enforce.example
            mx: *.mail.example
            max_age: 31557600
            x-note: déjà vu
            """, NOON, 60, 3_600, 70_000, Optional.empty()));
        assertThat(store.find(DomainName.of("testing.example"))).contains(stored("testing.example", "1", """
            version: STSv1
            mode: testing
            mx: mx.testing.example
            max_age: 604800
            """, NOON.minusSeconds(86_400), 86_400, 86_400, 88_200, Optional.of(new FetchFailure("2", NOON.plusSeconds(300),
            new Violation(ResultType.STS_WEBPKI_INVALID, "certificate: expired")))));
        assertThat(store.find(DomainName.of("none.example"))).contains(stored("none.example", "x", """
            version: STSv1
            mode: none
            max_age: 86400
            """, NOON, 0, 0, 40_000, Optional.empty()));
        assertThat(store.findFailure(DomainName.of("broken.example"))).contains(
            new FetchFailure("77", NOON.plusSeconds(300), new Violation(ResultType.STS_POLICY_FETCH_ERROR, "HTTP 404")));
    }

    private static StoredPolicy stored(String domain, String id, String text, Instant fetched, long checked, long used, long refresh,
                                       Optional<FetchFailure> failure) {
        StsPolicy policy = ((ParsedPolicy.Valid) StsPolicy.parse(text.getBytes(StandardCharsets.UTF_8))).policy();
        return new StoredPolicy(DomainName.of(domain), id, policy, new StoredPolicy.Times(fetched, fetched.plusSeconds(checked),
            fetched.plusSeconds(used), fetched.plusSeconds(refresh)), failure);
    }

    private static InputStream resource(String name) {
        return UpgradeTest.class.getResourceAsStream("/upgrade/" + name);
    }
}
