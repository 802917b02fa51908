package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.StorageOutage;
import jamestls.tlsrpt.store.ReportRecord.Dispatch;
import jamestls.tlsrpt.store.ReportRecord.State;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteReportStoreTest extends ReportStoreContract {

    private static final TallyKey KEY = new TallyKey(DAY, RCPT);
    private static final Dispatch DISPATCH = new Dispatch(KEY, 1, "20260301-1@sender.example", "mailto:r@rcpt.example");

    @TempDir
    private Path directory;
    private final List<Database> opened = new ArrayList<>();

    @Override
    ReportStore open() {
        Database database = Database.open(new DatabaseAddress.SqliteFile(directory.resolve(opened.size() + ".sqlite")),
            Stores.MIGRATIONS, Clock.systemUTC());
        opened.add(database);
        return new SqlReportStore(database);
    }

    @Test
    void resultShouldBeStoredAfterAShortOutage() throws IOException {
        Path file = directory.resolve("0.sqlite");
        List<Duration> pauses = new ArrayList<>();
        open();
        SqlReportStore store = new SqlReportStore(opened.getFirst(), pause -> {
            pauses.add(pause);
            if (pauses.size() == 2) {
                endOutage(file);
            }
        });
        store.begin(DISPATCH, NOON);
        beginOutage(file);
        store.finish(DISPATCH, State.ACCEPTED, "accepted", Optional.empty(), NOON);

        assertThat(pauses).containsExactly(Duration.ofSeconds(1), Duration.ofSeconds(2));
        assertThat(store.of(KEY)).extracting(ReportRecord::state).containsExactly(State.ACCEPTED);
    }

    @Test
    void resultShouldBeGivenUpAfterTwoRetriesOrAnInterrupt() throws IOException {
        Path file = directory.resolve("0.sqlite");
        List<Duration> pauses = new ArrayList<>();
        open();
        beginOutage(file);
        SqlReportStore failing = new SqlReportStore(opened.getFirst(), pauses::add);
        SqlReportStore interrupted = new SqlReportStore(opened.getFirst(), pause -> {
            throw new InterruptedException();
        });

        assertThatThrownBy(() -> failing.finish(DISPATCH, State.ACCEPTED, "accepted", Optional.empty(), NOON))
            .isInstanceOf(StorageOutage.class);
        assertThat(pauses).hasSize(2);
        assertThatThrownBy(() -> interrupted.finish(DISPATCH, State.ACCEPTED, "accepted", Optional.empty(), NOON))
            .isInstanceOf(StorageOutage.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    /** Makes every transaction fail, by a directory in the place of the database. */
    private void beginOutage(Path file) throws IOException {
        Files.move(file, directory.resolve("kept.sqlite"));
        Files.createDirectory(file);
    }

    private void endOutage(Path file) {
        try {
            Files.delete(file);
            Files.move(directory.resolve("kept.sqlite"), file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterEach
    void close() {
        opened.forEach(Database::close);
    }
}
