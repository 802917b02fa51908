package jamestls.tlsrpt.collect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.fakeinternet.PostgresServer;
import jamestls.storage.Database;
import jamestls.tlsrpt.Samples;
import jamestls.tlsrpt.store.Claim;
import jamestls.tlsrpt.store.Due;
import jamestls.tlsrpt.store.SqlTallyStore;
import jamestls.tlsrpt.store.Stores;
import jamestls.tlsrpt.store.TallyKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Kills a process that counts sessions, ten times; {@code -Dkills=100} for more. */
@Tag("slow")
class KilledProcessTest {

    private static final Logger LOGGER = LoggerFactory.getLogger(KilledProcessTest.class);
    private static final int KILLS = Integer.getInteger("kills", 10);
    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir
    private Path directory;

    @Test
    void killedProcessShouldNeitherLoseNorAddASessionInSqlite() throws Exception {
        killRepeatedly(directory.resolve("tlsreports.sqlite").toString(), KILLS);
    }

    @Test
    void killedProcessShouldNeitherLoseNorAddASessionInPostgres() throws Exception {
        try (PostgresServer server = PostgresServer.startOrSkip()) {
            killRepeatedly(server.url(), Math.max(1, KILLS / 3));
        }
    }

    private void killRepeatedly(String location, int kills) throws IOException, InterruptedException {
        Path log = directory.resolve("log");
        Random random = new Random(kills);
        for (int run = 0; run < kills; run++) {
            long before = size(log);
            Process process = start(location, log, "run" + run);
            long enough = before + 10_000 + random.nextInt(100_000);
            await().atMost(LONG).pollInterval(Duration.ofMillis(1 + random.nextInt(10)))
                .until(() -> size(log) >= enough || !process.isAlive());
            assertThat(process.isAlive()).as("%s", process.info()).isTrue();
            process.destroyForcibly().waitFor();
        }
        checkCounts(location, log);
    }

    /** Every recorded session is counted once; sessions that were being recorded when the process was killed at most once. */
    private static void checkCounts(String location, Path log) throws IOException {
        Set<String> begun = new HashSet<>();
        Set<String> done = new HashSet<>();
        // the last line of a killed process may be incomplete
        for (String line : Files.readAllLines(log)) {
            if (line.startsWith("begin ")) {
                begun.add(line.substring("begin ".length()));
            } else {
                done.add(line.substring("done ".length()));
            }
        }
        Map<String, Long> counted = counted(location);

        assertThat(done).isNotEmpty();
        LOGGER.info("{} sessions begun, {} done, {} counted", begun.size(), done.size(), counted.size());
        Set<String> lost = new HashSet<>(done);
        lost.removeAll(counted.keySet());
        Set<String> unknown = new HashSet<>(counted.keySet());
        unknown.removeAll(begun);
        assertThat(lost).isEmpty();
        assertThat(unknown).isEmpty();
        assertThat(new HashSet<>(counted.values())).containsExactly(1L);
    }

    private static Map<String, Long> counted(String location) {
        Map<String, Long> counted = new TreeMap<>();
        try (Database database = Database.open(CountingProcess.address(location), Stores.MIGRATIONS, Clock.systemUTC())) {
            SqlTallyStore store = new SqlTallyStore(database, CountingProcess.LIMITS);
            Due due = Due.everything(Samples.NOON);
            for (TallyKey key : store.claimable(due, Optional.empty(), 1_000)) {
                Claim claim = store.claim(key, due).orElseThrow();
                claim.tally().policies().getFirst().details().forEach((failure, n) -> counted.merge(failure.reason(), n, Long::sum));
                assertThat(claim.tally().sessions()).isEqualTo(claim.tally().policies().getFirst().failures())
                    .isEqualTo(claim.tally().policies().getFirst().details().size());
            }
        }
        return counted;
    }

    private static Process start(String location, Path log, String run) throws IOException {
        return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m", "-XX:+UseSerialGC",
            "-cp", System.getProperty("java.class.path"), CountingProcess.class.getName(), location, log.toString(), run)
            .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    }

    private static long size(Path file) throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }
}
