package jamestls.tlsrpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.DnsServer;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.store.Stores;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands do not change any file: for anything but a database of this software they print one sentence and exit with 3. */
class ReadingCommandsTest {

    @TempDir
    private Path directory;
    private final DnsServer dns = DnsServer.start();

    private record Run(int exitCode, String out, String err) {
    }

    @AfterEach
    void stop() {
        dns.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"show", "preview rcpt.example", "why rcpt.example"})
    void foreignFileShouldNotBeChanged(String command) throws IOException {
        Files.writeString(file(), "root:x:0:0:root:/root:/bin/bash\n".repeat(100));

        assertRefused(command, "is no SQLite database");
    }

    @ParameterizedTest
    @ValueSource(strings = {"show", "preview rcpt.example", "why rcpt.example"})
    void foreignDatabaseShouldNotBeChanged(String command) throws IOException, SQLException {
        sqlite("CREATE TABLE bookmark (url TEXT)");

        assertRefused(command, "is an SQLite database of other software");
    }

    @ParameterizedTest
    @ValueSource(strings = {"show", "preview rcpt.example", "why rcpt.example"})
    void emptyFileShouldNotBeChanged(String command) throws IOException {
        Files.createFile(file());

        assertRefused(command, "is empty");
    }

    @ParameterizedTest
    @ValueSource(strings = {"show", "preview rcpt.example", "why rcpt.example"})
    void directoryShouldNotBeChanged(String command) throws IOException {
        Files.createDirectory(file());

        Run run = run(command);
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).containsOnlyOnce("\n").contains("is a directory");
    }

    @ParameterizedTest
    @ValueSource(strings = {"show", "preview rcpt.example", "why rcpt.example"})
    void olderSchemaShouldNotBeMigrated(String command) throws IOException, SQLException {
        ours().close();
        sqlite("DELETE FROM schema_version WHERE module = 'tlsrpt' AND version > 1");

        assertRefused(command, "the tables of 'tlsrpt' are of version 1, and this software knows version");
    }

    @ParameterizedTest
    @ValueSource(strings = {"show", "preview rcpt.example", "why rcpt.example"})
    void newerSchemaShouldBeNamed(String command) throws IOException, SQLException {
        ours().close();
        sqlite("INSERT INTO schema_version VALUES ('tlsrpt', 99, 0)");

        assertRefused(command, "the tables of 'tlsrpt' are of version 99");
    }

    @ParameterizedTest
    @ValueSource(strings = {"show", "preview rcpt.example"})
    void missingDatabaseShouldNotBeCreated(String command) throws IOException {
        assertRefused(command, "there is no file");
    }

    @ParameterizedTest
    @ValueSource(strings = {"show", "preview rcpt.example", "why rcpt.example"})
    void databaseOfARunningServerShouldOnlyBeRead(String command) throws IOException {
        try (Stores server = ours()) {
            Map<String, String> before = snapshot();
            assertThat(run(command).exitCode()).as("nothing is counted").isEqualTo(4);
            assertThat(snapshot().get("database.sqlite")).isEqualTo(before.get("database.sqlite"));
            assertThat(server.destinations().suppressed(Clock.systemUTC().instant())).isEmpty();
        }
        Map<String, String> before = snapshot();
        assertThat(run(command).exitCode()).isEqualTo(4);
        assertThat(snapshot()).isEqualTo(before);
    }

    @Test
    void databaseOfPoliciesShouldBeRefused() throws IOException, SQLException {
        ours().close();
        sqlite("DELETE FROM schema_version WHERE module = 'tlsrpt'");

        assertRefused("show", "there are no tables of 'tlsrpt' in it");
    }

    private void assertRefused(String command, String why) throws IOException {
        Map<String, String> before = snapshot();
        Run run = run(command);

        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).containsOnlyOnce("\n").contains(file().toString(), why).doesNotContain("Exception", "[SQLITE");
        assertThat(snapshot()).isEqualTo(before);
    }

    private Stores ours() {
        return Stores.open(Optional.of(new DatabaseAddress.SqliteFile(file())), Clock.systemUTC());
    }

    private Path file() {
        return directory.resolve("database.sqlite");
    }

    private void sqlite(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file());
             Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Inode and content of every file in the directory. */
    private Map<String, String> snapshot() throws IOException {
        Map<String, String> snapshot = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path each : files.toList()) {
                snapshot.put(each.getFileName().toString(), Files.getAttribute(each, "unix:ino") + " "
                    + new String(Files.readAllBytes(each), StandardCharsets.ISO_8859_1));
            }
        }
        return snapshot;
    }

    private Run run(String command) throws IOException {
        Path conf = Files.createTempDirectory("conf-");
        try {
            Files.writeString(conf.resolve("mailetcontainer.xml"), """
                <mailetcontainer><processors><processor state="root">
                  <mailet match="All" class="jamestls.tlsrpt.TlsReporting">
                    <organization>Sender Example</organization><contact>tlsrpt@sender.example</contact>
                    <dnsServers>127.0.0.1:%d</dnsServers>
                  </mailet>
                </processor></processors></mailetcontainer>
                """.formatted(dns.address().getPort()));
            List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
            arguments.addAll(List.of("--conf", conf.toString(), "--database", file().toString()));
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            int exitCode = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments.toArray(String[]::new));
            return new Run(exitCode, out.toString(), err.toString());
        } finally {
            Files.deleteIfExists(conf.resolve("mailetcontainer.xml"));
            Files.delete(conf);
        }
    }
}
