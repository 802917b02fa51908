package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.met;
import static jamestls.tlsrpt.Samples.violated;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.PostgresExtension;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.Violation.ResultType;
import jamestls.page.PageContent.DomainLine;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageQueriesTest {

    private static final int MILLION = 1_000_000;
    private static final int TRANSACTION = 50_000;

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    @TempDir
    private Path directory;
    private long writes;

    private Database open(String kind) {
        DatabaseAddress address = kind.equals("sqlite") ? new DatabaseAddress.SqliteFile(directory.resolve("page.sqlite"))
            : new DatabaseAddress.PostgreSql(POSTGRES.newDatabase(), "", "");
        return Database.open(address, Stores.MIGRATIONS, Clock.systemUTC());
    }

    private void count(Stores stores, TlsOutcome... outcomes) {
        for (TlsOutcome outcome : outcomes) {
            Tally tally = Tally.within(TallyLimits.DEFAULT, TallyLimits.DEFAULT.budget(), TallyKey.of(outcome)).orElseThrow();
            tally.add(outcome);
            stores.tallies().add(new WriteId("test", ++writes), List.of(tally));
        }
    }

    private static TlsOutcome failed(String domain) {
        TlsOutcome sample = violated(NOON, ResultType.CERTIFICATE_EXPIRED, "expired");
        return new TlsOutcome(NOON, DomainName.of(domain), sample.peer(), sample.verdicts());
    }

    private static TlsOutcome as(String domain, String submitter) {
        TlsOutcome sample = met(NOON);
        return new TlsOutcome(NOON, DomainName.of(domain), sample.peer(), sample.verdicts(), Optional.of(DomainName.of(submitter)),
            Optional.empty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"sqlite", "postgresql"})
    void domainsShouldBeFoundByPrefixInPagesWithTheSumsOfAllDaysPartsAndIdentities(String kind) {
        try (Stores stores = Stores.in(open(kind))) {
            count(stores, met(NOON, DomainName.of("b.example")), as("b.example", "other.example"),
                met(NOON.plus(Duration.ofDays(1)), DomainName.of("b.example")), met(NOON, DomainName.of("b-c.example")),
                met(NOON, DomainName.of("bb.example")), failed("ba.example"), met(NOON, DomainName.of("a.example")),
                met(NOON, DomainName.of("c.example")));
            stores.tallies().claim(stores.tallies().claimable(Due.everything(NOON), Optional.empty(), 100), Due.everything(NOON));
            count(stores, met(NOON, DomainName.of("b.example")));
            PageQueries queries = new PageQueries(stores.database().orElseThrow());

            List<DomainLine> first = queries.domains("b", "", 2);
            assertThat(first).extracting(DomainLine::domain).containsExactly("b-c.example", "b.example");
            assertThat(first.get(1).sessions()).isEqualTo(4);
            assertThat(queries.domains("b", "b.example", 2)).containsExactly(new DomainLine("ba.example", 1, 1),
                new DomainLine("bb.example", 1, 0));
            assertThat(queries.domains("b", "bb.example", 2)).isEmpty();
            assertThat(queries.domains("", "", 10)).hasSize(6);
            assertThat(queries.domains("%", "", 10)).isEmpty();
        }
    }

    /** Each list of a day is cut at another name. */
    @Test
    void pagesShouldMissNoDomainWhateverTheDaysHave() {
        try (Stores stores = Stores.in(open("sqlite"))) {
            IntStream.range(0, 300).forEach(i -> count(stores,
                met(NOON.plus(Duration.ofDays(i % 7)), DomainName.of("d%03d.example".formatted(i % 100)))));
            PageQueries queries = new PageQueries(stores.database().orElseThrow());

            List<String> all = Stream.iterate(queries.domains("d", "", 3), page -> !page.isEmpty(),
                page -> queries.domains("d", page.getLast().domain(), 3)).flatMap(List::stream).map(DomainLine::domain).toList();

            assertThat(all).hasSize(100).isSorted().doesNotHaveDuplicates();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"sqlite", "postgresql"})
    void failuresShouldBeThoseOfTheDayAndDomain(String kind) {
        try (Stores stores = Stores.in(open(kind))) {
            count(stores, failed("rcpt.example"), failed("rcpt.example"), failed("worse.example"), failed("worse.example"),
                failed("worse.example"), met(NOON, DomainName.of("good.example")), failed("rcpt.example.net"));
            PageQueries queries = new PageQueries(stores.database().orElseThrow());

            assertThat(queries.mostFailures(DAY, 2))
                .containsExactly(new DomainLine("worse.example", 3, 3), new DomainLine("rcpt.example", 2, 2));
            assertThat(queries.mostFailures(DAY.plusDays(1), 2)).isEmpty();
            assertThat(queries.failures(RCPT, DAY, 10)).singleElement().satisfies(only -> {
                assertThat(only.type()).isEqualTo("certificate-expired");
                assertThat(only.sessions()).isEqualTo(2);
            });
        }
    }

    /** 95 of 100 requests of each kind are answered within 200 ms. */
    @Tag("slow")
    @Test
    void aMillionDomainsShouldBeSearchedInTime() {
        Database database = open("sqlite");
        try (Stores stores = Stores.in(database)) {
            for (int day = 0; day < 2; day++) {
                long number = DAY.plusDays(day).toEpochDay();
                // a transaction has fifteen seconds, also on a busy machine
                for (int from = 0; from < MILLION; from += TRANSACTION) {
                    int first = from;
                    database.transaction(connection -> insert(connection, number, first));
                }
            }
            PageQueries queries = new PageQueries(database);

            long search = percentile95(i -> queries.domains("d%04d".formatted(i), "", 50));
            long page = percentile95(i -> queries.domains("", "d%07d.example".formatted(i * 7_919 % MILLION), 50));
            long failures = percentile95(i -> queries.mostFailures(DAY, 20));

            System.out.printf("a million domains, 95th percentile: search %d ms, next page %d ms, most failures %d ms%n",
                search, page, failures);
            assertThat(search).isLessThan(200);
            assertThat(page).isLessThan(200);
            assertThat(failures).isLessThan(200);
        }
    }

    private static int[] insert(Connection connection, long day, int first) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO tlsrpt_domain (day, domain, part, started, "
                 + "sessions, failed, is_open) VALUES (?, ?, 1, 0, 10, ?, 1)")) {
            for (int i = first; i < first + TRANSACTION; i++) {
                JdbcValues.set(insert, 1, day, "d%07d.example".formatted(i), i % 100 == 0 ? 1L : 0L);
                insert.addBatch();
            }
            return insert.executeBatch();
        }
    }

    private interface Request {
        Object ask(int number);
    }

    private static long percentile95(Request request) {
        request.ask(0);
        long[] millis = new long[100];
        for (int i = 0; i < millis.length; i++) {
            long begun = System.nanoTime();
            request.ask(i);
            millis[i] = (System.nanoTime() - begun) / 1_000_000;
        }
        Arrays.sort(millis);
        return millis[94];
    }
}
