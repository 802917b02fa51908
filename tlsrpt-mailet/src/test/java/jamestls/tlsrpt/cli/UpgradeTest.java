package jamestls.tlsrpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.PostgresServer;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.Samples;
import jamestls.tlsrpt.store.Stores;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Databases of version 0.1.0 are opened without loss: the commands print what those of version 0.1.0 printed. */
class UpgradeTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path directory;

    @Test
    void sqliteFileOfTheFirstVersionShouldKeepItsCounts() throws IOException, SQLException {
        Path file = directory.resolve("tlsreports.sqlite");
        try (InputStream in = resource("reports-0.1.0.sqlite")) {
            Files.copy(in, file);
        }

        assertCountsAreKept(new DatabaseAddress.SqliteFile(file), file.toString(), "jdbc:sqlite:" + file);
    }

    @Test
    void postgresDatabaseOfTheFirstVersionShouldKeepItsCounts() throws IOException, SQLException {
        try (PostgresServer server = PostgresServer.startOrSkip()) {
            try (Connection connection = DriverManager.getConnection(server.url()); Statement statement = connection.createStatement();
                 InputStream in = resource("reports-0.1.0.sql")) {
                statement.execute(new String(in.readAllBytes(), StandardCharsets.UTF_8));
            }

            assertCountsAreKept(new DatabaseAddress.PostgreSql(server.url(), "", ""), server.url(), server.url());
        }
    }

    private void assertCountsAreKept(DatabaseAddress address, String database, String url) throws IOException, SQLException {
        String secret = secret(url);
        for (int start = 0; start < 2; start++) {
            try (Stores stores = Stores.open(Optional.of(address), Clock.systemUTC())) {
                assertThat(HexFormat.of().formatHex(stores.destinations().secret())).isEqualTo(secret);
                assertThat(stores.destinations().reportsPerHost(Samples.DAY)).containsEntry(DomainName.of("mx.rcpt.example"), 17L);
            }
        }
        JsonNode before = JSON.readTree(resource("show-0.1.0.json"));
        JsonNode now = JSON.readTree(run("show", "--json", "--database", database));
        assertContains(now, before, "show");
        for (String domain : List.of("rcpt.example", "dane.example", "plain.example", "settled.example")) {
            String[] lines = run("preview", domain, "--day", "2026-03-01", "--database", database).strip().split("\n");
            String[] old = new String(resource("preview-0.1.0-" + domain + ".json").readAllBytes(), StandardCharsets.UTF_8)
                .strip().split("\n");
            assertThat(lines).as(domain).hasSameSizeAs(old);
            for (int i = 0; i < old.length; i++) {
                assertContains(JSON.readTree(lines[i]).get("policies"), JSON.readTree(old[i]).get("policies"), domain);
            }
            // closed parts keep their id, because receivers may know it; open parts get the id of the store
            boolean closed = List.of("rcpt.example", "settled.example").contains(domain);
            String id = JSON.readTree(lines[0]).get("report-id").asText();
            assertThat(id.equals(JSON.readTree(old[0]).get("report-id").asText())).as(id).isEqualTo(closed);
        }
    }

    /** Checks that everything printed before is printed now; more is allowed. */
    private static void assertContains(JsonNode now, JsonNode before, String where) {
        if (before.isObject()) {
            assertThat(now).as(where).isNotNull();
            before.fields().forEachRemaining(each -> assertContains(now.get(each.getKey()), each.getValue(), where + "/" + each.getKey()));
        } else if (before.isArray()) {
            assertThat(now).as(where).hasSameSizeAs(before);
            for (int i = 0; i < before.size(); i++) {
                assertContains(now.get(i), before.get(i), where + "/" + i);
            }
        } else {
            assertThat(now).as(where).isEqualTo(before);
        }
    }

    private static String secret(String url) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url); Statement statement = connection.createStatement();
             ResultSet row = statement.executeQuery("SELECT octets FROM tlsdest_secret")) {
            row.next();
            return HexFormat.of().formatHex(row.getBytes(1));
        }
    }

    private String run(String... arguments) throws IOException {
        Path conf = directory.resolve("mailetcontainer.xml");
        Files.writeString(conf, """
            <mailetcontainer><processors><processor state="root"><mailet match="All" class="jamestls.tlsrpt.TlsReporting">
            <organization>Sender Example</organization><contact>tlsrpt@sender.example</contact></mailet></processor></processors>
            </mailetcontainer>
            """);
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--conf", directory.toString()));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), all.toArray(String[]::new));
        assertThat(err.toString()).isEmpty();
        assertThat(exitCode).isZero();
        return out.toString();
    }

    private static InputStream resource(String name) {
        return UpgradeTest.class.getResourceAsStream("/upgrade/" + name);
    }
}
