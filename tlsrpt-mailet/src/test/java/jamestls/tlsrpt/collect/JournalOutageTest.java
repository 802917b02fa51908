package jamestls.tlsrpt.collect;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.met;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.CapturedLog;
import jamestls.fakeinternet.PostgresServer;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.SqlTallyStore;
import jamestls.tlsrpt.store.Stores;
import jamestls.tlsrpt.store.TallyKey;
import jamestls.tlsrpt.store.TallyLimits;
import jamestls.tlsrpt.store.TallyStore;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

/** Outages of real databases. */
@Tag("slow")
@ResourceLock(CapturedLog.LOCK)
class JournalOutageTest {

    private static final Duration PATIENCE = Duration.ofSeconds(1);

    /** {@code -Dfreeze=60} for the full time. The database's answer is awaited for ten seconds. */
    private static final Duration FREEZE = Duration.ofSeconds(Integer.getInteger("freeze", 15));
    private static final int MAX_LINES = 5;

    @RegisterExtension
    final CapturedLog log = CapturedLog.of("ROOT", Level.WARN);
    @TempDir
    private Path directory;
    private final RecordingMetricFactory metrics = new RecordingMetricFactory();
    private Database database;
    private TallyStore store;
    private OutcomeJournal journal;

    @AfterEach
    void close() {
        if (journal != null) {
            journal.close();
            database.close();
        }
    }

    @Test
    void restartOfPostgresShouldLoseNoSessionAndDelayNoDelivery() throws IOException {
        try (PostgresServer server = PostgresServer.startOrSkip()) {
            open(new DatabaseAddress.PostgreSql(server.url(), "", ""));
            record(10);
            server.stop();
            long begun = System.nanoTime();
            record(1_000);

            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(30));
            await().until(() -> journal.state().failingSince().isPresent());
            server.start();
            await().atMost(Duration.ofMinutes(2)).until(() -> journal.state().waiting() == 0);
            record(10);
            assertThat(sessions()).isEqualTo(1_020);
            close();
            journal = null;
        }
    }

    @Test
    void frozenPostgresShouldLoseAndDoubleNoSessionAndSayLittle() {
        outage(PostgresServer::freeze, server -> {
            await().pollDelay(FREEZE).atMost(FREEZE.multipliedBy(2)).until(() -> true);
            server.thaw();
        });
    }

    @Test
    void cutConnectionsShouldLoseAndDoubleNoSessionAndSayLittle() {
        outage(server -> IntStream.range(0, 20).forEach(i -> {
            // between the statements of a transaction, in its commit, idle
            record(50);
            server.cutConnections();
        }), server -> { });
    }

    private void outage(Consumer<PostgresServer> begin, Consumer<PostgresServer> end) {
        try (PostgresServer server = PostgresServer.startOrSkip()) {
            open(new DatabaseAddress.PostgreSql(server.url(), "", ""));
            record(10);
            int before = metrics.countFor("tlsOutcomesRecorded");
            begin.accept(server);
            record(1_000);
            end.accept(server);
            record(10);
            await().atMost(Duration.ofMinutes(2)).until(() -> journal.state().waiting() == 0);
            await().atMost(Duration.ofMinutes(2)).until(() -> journal.state().failingSince().isEmpty());

            // the metrics follow the commit
            await().untilAsserted(() -> assertThat(metrics.countFor("tlsOutcomesRecorded")).isGreaterThanOrEqualTo(before + 1_010));
            assertThat(sessions()).isEqualTo(metrics.countFor("tlsOutcomesRecorded"));
            assertThat(metrics.countFor("tlsOutcomesDropped")).isZero();
            assertThat(log.events()).hasSizeLessThanOrEqualTo(MAX_LINES);
            close();
            journal = null;
        }
    }

    /** Every commit is on both servers, and the URL names both. */
    @Test
    void failoverToAStandbyShouldLoseAndDoubleNoSessionAndSayLittle() {
        try (PostgresServer primary = PostgresServer.startOrSkip(); PostgresServer standby = primary.startStandby()) {
            open(new DatabaseAddress.PostgreSql(primary.urlWith(standby), "", ""));
            record(100);
            primary.stop();
            record(1_000);
            standby.promote();
            record(10);
            await().atMost(Duration.ofMinutes(2)).until(() -> journal.state().waiting() == 0);
            await().untilAsserted(() -> assertThat(metrics.countFor("tlsOutcomesRecorded")).isEqualTo(1_110));

            assertThat(sessions()).isEqualTo(1_110);
            assertThat(metrics.countFor("tlsOutcomesDropped")).isZero();
            assertThat(standby.query("SELECT pg_is_in_recovery()")).as("it is the standby that counts").isEqualTo("f");
            assertThat(log.events()).hasSizeLessThanOrEqualTo(MAX_LINES);
            close();
            journal = null;
        }
    }

    @Test
    void fullDiskShouldLoseNoSession() {
        open(new DatabaseAddress.SqliteFile(file()));
        record(1);
        // the file can't grow until the connection is reopened, which happens after an error
        database.transaction(connection -> {
            try (Statement statement = connection.createStatement()) {
                return statement.execute("PRAGMA max_page_count = 1");
            }
        });
        IntStream.range(0, 2_000).forEach(i -> journal.record(List.of(met(NOON, DomainName.of("d" + i + ".example")))));
        record(10);

        await().atMost(Duration.ofMinutes(1)).until(() -> journal.state().waiting() == 0);
        assertThat(sessions()).isEqualTo(11);
        await().untilAsserted(() -> assertThat(metrics.countFor("tlsOutcomesRecorded")).isEqualTo(2_011));
        assertThat(metrics.countFor("tlsOutcomesDropped")).isZero();
    }

    /** A file system of two megabytes; only root may mount one. */
    @Test
    void fullFileSystemShouldLoseNoSessionAndDelayNoDelivery() throws Exception {
        Path small = Files.createDirectory(directory.resolve("small"));
        assumeTrue(run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", small.toString()), "no right to mount a small file system");
        try {
            open(new DatabaseAddress.SqliteFile(small.resolve("tlsreports.sqlite")));
            record(10);
            Path filler = small.resolve("filler");
            fill(filler);
            IntStream.range(0, 3_000).forEach(i -> journal.record(List.of(met(NOON, DomainName.of("first" + i + ".example")))));
            await().atMost(Duration.ofMinutes(1)).until(() -> journal.state().failingSince().isPresent());
            long begun = System.nanoTime();
            IntStream.range(0, 10_000).forEach(i -> journal.record(List.of(met(NOON, DomainName.of("d" + i % 100 + ".example")))));

            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(60));
            assertThat(journal.state().failure()).isNotEmpty();
            assertThat(journal.state().waiting()).isPositive();
            Files.delete(filler);
            await().atMost(Duration.ofMinutes(2)).until(() -> journal.state().waiting() == 0);
            assertThat(journal.state().failingSince()).isEmpty();
            await().untilAsserted(() -> assertThat(metrics.countFor("tlsOutcomesRecorded")).isEqualTo(13_010));
            assertThat(metrics.countFor("tlsOutcomesDropped")).isZero();
            assertThat(sessions()).isEqualTo(10);
            close();
            journal = null;
        } finally {
            run("umount", "-l", small.toString());
        }
    }

    private static void fill(Path file) throws IOException {
        byte[] block = new byte[4_096];
        try (OutputStream out = Files.newOutputStream(file)) {
            while (true) {
                out.write(block);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("space");
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start().waitFor() == 0;
    }

    @Test
    void damagedFileShouldLoseNoMoreThanItsContent() throws IOException {
        open(new DatabaseAddress.SqliteFile(file()));
        IntStream.range(0, 500).forEach(i -> journal.record(List.of(met(NOON, DomainName.of("d" + i + ".example")))));
        journal.close();
        database.close();
        try (RandomAccessFile content = new RandomAccessFile(file().toFile(), "rw")) {
            byte[] garbage = "garbage!".repeat(512).getBytes(StandardCharsets.US_ASCII);
            for (long at = 4 * 4096L; at < content.length(); at += 4096) {
                content.seek(at);
                content.write(garbage);
            }
        }
        open(new DatabaseAddress.SqliteFile(file()));
        record(1_000);

        await().atMost(Duration.ofMinutes(1)).until(() -> journal.state().waiting() == 0);
        assertThat(sessions()).isEqualTo(1_000);
    }

    private Path file() {
        return directory.resolve("tlsreports.sqlite");
    }

    private void open(DatabaseAddress address) {
        database = Database.open(address, Stores.MIGRATIONS, Clock.systemUTC());
        store = new SqlTallyStore(database, TallyLimits.DEFAULT);
        journal = new OutcomeJournal(store, TallyLimits.DEFAULT, metrics, Clock.systemUTC(), PATIENCE);
    }

    private void record(int sessions) {
        try (ExecutorService deliveries = Executors.newVirtualThreadPerTaskExecutor()) {
            IntStream.range(0, sessions).forEach(i -> deliveries.execute(() -> journal.record(List.of(met(NOON)))));
        }
    }

    private long sessions() {
        return store.claim(new TallyKey(DAY, RCPT), Due.everything(NOON)).orElseThrow().tally().sessions();
    }
}
