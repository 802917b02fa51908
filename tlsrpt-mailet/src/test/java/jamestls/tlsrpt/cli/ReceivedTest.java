package jamestls.tlsrpt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.dns.DomainName;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.inbox.Alarm;
import jamestls.tlsrpt.inbox.AlarmStore;
import jamestls.tlsrpt.inbox.IncomingMail;
import jamestls.tlsrpt.inbox.InboxStore;
import jamestls.tlsrpt.inbox.OwnDomains;
import jamestls.tlsrpt.inbox.ReportReader;
import jamestls.tlsrpt.inbox.Unreadable;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command {@code received}. */
class ReceivedTest {

    private static final Instant MORNING = Instant.parse("2026-11-21T08:00:00Z");

    @TempDir
    private Path home;

    private record Run(int exitCode, String out, String err) {
    }

    @BeforeEach
    void james() throws IOException {
        Path conf = Files.createDirectory(home.resolve("conf"));
        Files.writeString(conf.resolve("mailetcontainer.xml"), """
            <mailetcontainer><processors><processor state="root">
              <mailet match="RecipientIs=tls-reports@own.example" class="jamestls.tlsrpt.TlsReportInbox">
                <ownDomains>own.example</ownDomains>
              </mailet>
            </processor></processors></mailetcontainer>
            """);
    }

    private void receive() throws Unreadable {
        try (InboxStore store = InboxStore.open(Optional.of(new DatabaseAddress.SqliteFile(home.resolve("var/tlsinbox.sqlite"))),
                 InboxStore.Limits.DEFAULT, Clock.systemUTC())) {
            ReportReader reader = new ReportReader(OwnDomains.of(Set.of(DomainName.of("own.example"))),
                new DkimVerifier(IncomingMail.dns("reporter.example")));
            String json = IncomingMail.json("1@reporter.example", "2026-11-20", "own.example", 90, 10,
                IncomingMail.detail("certificate-expired", "mx2.own.example", 10));
            store.add(reader.read(IncomingMail.signed(IncomingMail.mail("reporter.example", json), "reporter.example")), MORNING);
            store.add(reader.read(IncomingMail.mail("liar.example", json)), MORNING);
            new AlarmStore(store.database())
                .add(new Alarm(MORNING, Alarm.Direction.INBOUND, DomainName.of("own.example"), "x", "an alarm"));
        }
    }

    private Run run(String... options) {
        List<String> arguments = new ArrayList<>(List.of("received", "--conf", home.resolve("conf").toString()));
        arguments.addAll(List.of(options));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments.toArray(String[]::new));
        return new Run(exitCode, out.toString(), err.toString());
    }

    @Test
    void sumsShouldBeShownByDayReporterAndCause() throws Unreadable {
        receive();

        Run run = run("--day", "2026-11-20");
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).isEqualTo("""
            2026-11-20  sessions: 100, failed: 10, reporters: 1
            by reporter:
                reporter.example  sessions: 100, failed: 10
            by cause:
                certificate-expired at mx2.own.example  failed: 10, reporters: 1, 2026-11-20 to 2026-11-20
            """);
        assertThat(run.exitCode()).isZero();
        assertThat(run("--day", "2026-11-21").out()).isEqualTo("alarms:\n    2026-11-21T08:00:00Z  an alarm\n");
        assertThat(run("--day", "2026-11-21", "--alarms", "--domain", "other.example").exitCode()).isEqualTo(4);
    }

    @Test
    void unverifiedReportsShouldBeShownApart() throws Unreadable {
        receive();

        assertThat(run("--day", "2026-11-20", "--unverified", "--reports").out())
            .startsWith("The senders of these reports are not verified").contains("liar.example", "    not verified: unsigned")
            .doesNotContain("reporter.example  sessions");
    }

    @Test
    void jsonShouldHaveTheSameNumbers() throws Exception {
        receive();

        JsonNode json = new ObjectMapper().readTree(run("--day", "2026-11-20", "--reports", "--json").out());
        assertThat(json.path("days").path(0).path("failed").asLong()).isEqualTo(10);
        assertThat(json.path("days").path(0).path("sts").path("successes").asLong()).isEqualTo(90);
        assertThat(json.path("reporters").path(0).path("reporter").asText()).isEqualTo("reporter.example");
        assertThat(json.path("causes").path(0).path("result-type").asText()).isEqualTo("certificate-expired");
        assertThat(json.path("reports").path(0).path("report-id").asText()).isEqualTo("1@reporter.example");
    }

    @Test
    void missingDatabaseShouldNotBeMade() {
        Run run = run();

        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("there is no file").containsOnlyOnce("\n");
        assertThat(home.resolve("var")).doesNotExist();
    }

    @Test
    void wrongNumberOfDaysShouldBeWrongUsage() {
        assertThat(run("--days", "0").exitCode()).isEqualTo(2);
    }
}
