package jamestls.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqliteDatabaseTest extends DatabaseContract {

    @TempDir
    private Path directory;

    @Override
    DatabaseAddress address() {
        return new DatabaseAddress.SqliteFile(file());
    }

    private Path file() {
        return directory.resolve("var/jamestls.sqlite");
    }

    private List<String> renamedFiles() throws IOException {
        try (Stream<Path> files = Files.list(file().getParent())) {
            return files.map(path -> path.getFileName().toString())
                .filter(name -> name.matches("jamestls\\.sqlite\\.corrupt-[0-9T.]+Z")).toList();
        }
    }

    @Test
    void markedFileThatIsNoDatabaseShouldBeRenamed() throws IOException {
        open(NOTES).close();
        byte[] content = Files.readAllBytes(file());
        // everything except the header, which has the mark
        Arrays.fill(content, 100, content.length, (byte) '?');
        Files.write(file(), content);
        Database database = open(NOTES);
        insert(database, 1);

        assertThat(count(database)).isOne();
        assertThat(renamedFiles()).singleElement().satisfies(name ->
            assertThat(Files.readAllBytes(file().resolveSibling(name))).isEqualTo(content));
    }

    @Test
    void damagedFileWithoutMarkShouldBeRenamed() throws IOException {
        open(NOTES).close();
        byte[] content = Files.readAllBytes(file());
        Arrays.fill(content, 68, 72, (byte) 0);
        // number of cells in the first page: the tables can't be found, but their text is there
        Arrays.fill(content, 103, 105, (byte) 0xff);
        Files.write(file(), content);

        assertThat(count(open(NOTES))).isZero();
        assertThat(renamedFiles()).hasSize(1);
    }

    @Test
    void damageThatIsNoticedLaterShouldRenameTheFile() throws IOException {
        try (Database database = open(NOTES)) {
            for (long id = 0; id < 2000; id++) {
                insert(database, id);
            }
        }
        try (RandomAccessFile content = new RandomAccessFile(file().toFile(), "rw")) {
            // everything except the first pages, which have the schema
            byte[] garbage = "garbage!".repeat(512).getBytes(StandardCharsets.US_ASCII);
            for (long at = 4 * 4096L; at < content.length(); at += 4096) {
                content.seek(at);
                content.write(garbage);
            }
        }
        Database database = open(NOTES);

        assertThatThrownBy(() -> count(database)).isInstanceOf(StorageOutage.class).hasMessageContaining("malformed");
        assertThat(count(database)).isZero();
        assertThat(insert(database, 1)).isOne();
        assertThat(renamedFiles()).hasSize(1);
    }

    @Test
    void replacedFileShouldNotBeWrittenToAnyMore() throws IOException {
        Database database = open(NOTES);
        insert(database, 1);
        Files.move(file(), directory.resolve("taken-away"));
        insert(database, 2);

        assertThat(count(database)).isOne();
        assertThat(file()).exists();
    }

    @Test
    void unusablePathShouldBeAnOutageAndBeTriedAgain() throws IOException {
        Files.writeString(directory.resolve("var"), "not a directory");
        Database database = open(NOTES);
        assertThatThrownBy(() -> count(database)).isInstanceOf(StorageOutage.class);

        Files.delete(directory.resolve("var"));
        assertThat(count(database)).isZero();
    }

    @Test
    void waitingWorkShouldShareATransaction() throws InterruptedException {
        Database database = open(NOTES);
        var entered = new CountDownLatch(1);
        var go = new CountDownLatch(1);
        Thread first = Thread.startVirtualThread(() -> database.transaction(connection -> {
            entered.countDown();
            return awaitQuietly(go);
        }));
        entered.await();
        Thread second = Thread.startVirtualThread(() -> insert(database, 1));
        Awaitility.await().until(() -> second.getState() == Thread.State.WAITING);
        go.countDown();
        first.join();
        second.join();

        assertThat(count(database)).isOne();
    }

    private static boolean awaitQuietly(CountDownLatch latch) {
        try {
            return latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
