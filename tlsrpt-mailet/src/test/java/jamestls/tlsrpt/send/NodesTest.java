package jamestls.tlsrpt.send;

import static jamestls.tlsrpt.Samples.tallies;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.PostgresServer;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.store.ReportRecord;
import jamestls.tlsrpt.store.ReportRecord.State;
import jamestls.tlsrpt.store.Stores;
import jamestls.tlsrpt.store.TallyStore.WriteId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several processes that report from one PostgreSQL, each report to two destinations. */
@Tag("slow")
class NodesTest {

    /** Several times the number of reports that one server sends at the same time. */
    private static final int DOMAINS = 400;
    private static final Instant MORNING = Instant.parse("2026-03-02T00:10:00Z");
    /** After the end of all leases taken in the morning. */
    private static final Instant LATER = MORNING.plus(Duration.ofMinutes(21));
    private static final Duration LONG = Duration.ofMinutes(3);

    @TempDir
    private Path directory;
    private final List<Process> nodes = new ArrayList<>();
    private PostgresServer server;
    private Stores stores;

    static List<DomainName> domains(int number) {
        return IntStream.range(0, number).mapToObj(i -> DomainName.of("d" + i + ".example")).toList();
    }

    @BeforeEach
    void start() {
        server = PostgresServer.startOrSkip();
        stores = Stores.open(Optional.of(new DatabaseAddress.PostgreSql(server.url(), "", "")), Clock.systemUTC());
    }

    @AfterEach
    void stop() {
        nodes.forEach(Process::destroyForcibly);
        if (server != null) {
            stores.close();
            server.close();
        }
    }

    @Test
    void threeServersShouldSendEachReportExactlyOnceToEachDestination() throws IOException {
        for (String name : List.of("one", "two", "three")) {
            node(name, MORNING, Duration.ofMillis(100));
        }
        await().atMost(LONG).until(() -> lines().stream().filter(line -> line.endsWith(" up")).count() == 3);
        count();
        await().atMost(LONG).until(() -> records(State.ACCEPTED).size() == 2 * DOMAINS);

        assertThat(log()).hasSize(2 * DOMAINS).extracting(Entry::what).doesNotHaveDuplicates();
        // how many servers get a share depends on the machine
        assertThat(log().stream().map(Entry::node).distinct()).hasSizeGreaterThan(1);
    }

    @Test
    void workOfAKilledServerShouldBeTakenOver() throws IOException {
        count();
        Process killed = node("killed", MORNING, Duration.ofMillis(100));
        await().atMost(LONG).until(() -> log().size() > DOMAINS / 2);
        killed.destroyForcibly().onExit().join();
        Set<String> unknown = records(State.SENDING);
        node("two", LATER, Duration.ofMillis(1));
        node("three", LATER, Duration.ofMillis(1));
        await().atMost(LONG).until(() -> records(State.ACCEPTED).size() == 2 * DOMAINS);

        Map<String, List<Entry>> sent = log().stream().collect(Collectors.groupingBy(Entry::what));
        assertThat(sent.keySet()).isEqualTo(records(State.ACCEPTED));
        // only reports that were being sent when the process was killed were sent twice, with identical bytes
        assertThat(unknown).isNotEmpty();
        assertThat(sent).allSatisfy((what, entries) -> {
            assertThat(entries).hasSizeLessThanOrEqualTo(unknown.contains(what) ? 2 : 1);
            assertThat(entries).extracting(Entry::hash).containsOnly(entries.getFirst().hash());
        });
    }

    private void count() {
        stores.tallies().add(new WriteId("test", 1), tallies(domains(DOMAINS), 3));
    }

    private record Entry(String node, String reportId, String destination, String hash) {
        String what() {
            return reportId + " " + destination;
        }
    }

    private List<Entry> log() throws IOException {
        return lines().stream().filter(line -> !line.endsWith(" up")).map(line -> line.split(" "))
            // the last line may be incomplete as yet
            .filter(fields -> fields.length == 4).map(fields -> new Entry(fields[0], fields[1], fields[2], fields[3])).toList();
    }

    private List<String> lines() throws IOException {
        Path file = directory.resolve("log");
        return Files.exists(file) ? Files.readAllLines(file) : List.of();
    }

    private Set<String> records(State state) {
        return stores.reports().latest(10 * DOMAINS).stream().filter(each -> each.state() == state)
            .map((ReportRecord each) -> each.reportId() + " " + each.destination()).collect(Collectors.toSet());
    }

    private Process node(String name, Instant time, Duration delay) throws IOException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m",
            "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path"), NodeProcess.class.getName(), server.url(),
            directory.resolve("log").toString(), name, time.toString(), Long.toString(delay.toMillis()), Integer.toString(DOMAINS))
            .redirectErrorStream(true).redirectOutput(directory.resolve(name + ".log").toFile()).start();
        nodes.add(process);
        return process;
    }
}
