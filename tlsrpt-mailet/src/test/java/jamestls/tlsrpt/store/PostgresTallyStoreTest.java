package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.DAY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.PostgresExtension;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

@Tag("slow")
class PostgresTallyStoreTest extends SeveralClaimsContract {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private final List<Database> opened = new ArrayList<>();

    @Override
    TallyStore open(TallyLimits limits) {
        return open(POSTGRES.newDatabase(), limits);
    }

    private TallyStore open(String url, TallyLimits limits) {
        Database database = Database.open(new DatabaseAddress.PostgreSql(url, "", ""), Stores.MIGRATIONS, Clock.systemUTC());
        opened.add(database);
        return new SqlTallyStore(database, limits);
    }

    /** A plan that was made for empty tables would read all of them for each write. */
    @Test
    void countingShouldFindRowsByTheirKeys() {
        String url = POSTGRES.newDatabase();
        String name = url.replaceFirst(".*/", "").replaceFirst("\\?.*", "");
        open(url, TallyLimits.DEFAULT);
        awaitStatistics(name);
        long before = scans(name);
        TallyStore store = open(url, TallyLimits.DEFAULT);
        for (int write = 1; write <= 50; write++) {
            List<Session> sessions = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                TallyKey key = new TallyKey(DAY, DomainName.of("d" + (write / 2 * 100 + i) + ".example"));
                sessions.add(i % 10 == 0 ? failure(key, "because") : success(key));
            }
            store.add(new WriteId("writer", write), counts(sessions));
        }
        awaitStatistics(name);

        assertThat(number(name, "SUM(n_tup_ins + n_tup_upd)")).isGreaterThan(10_000);
        assertThat(scans(name)).isEqualTo(before);
    }

    /** PostgreSQL's processes write their statistics when they end. */
    private void awaitStatistics(String database) {
        opened.forEach(Database::close);
        await().atMost(Duration.ofSeconds(30)).until(() -> POSTGRES.server()
            .query("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = '" + database + "'").equals("0"));
    }

    private static long scans(String database) {
        return number(database, "SUM(seq_scan)");
    }

    private static long number(String database, String what) {
        return Long.parseLong(POSTGRES.server().query(database, "SELECT " + what + " FROM pg_stat_user_tables "
            + "WHERE relname IN ('tlsrpt_domain', 'tlsrpt_count', 'tlsrpt_failure', 'tlsrpt_policy')"));
    }

    @AfterEach
    void close() {
        opened.forEach(Database::close);
    }
}
