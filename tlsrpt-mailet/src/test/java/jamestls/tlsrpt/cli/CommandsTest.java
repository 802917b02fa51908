package jamestls.tlsrpt.cli;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.met;
import static jamestls.tlsrpt.Samples.violated;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.dns.DomainName;
import jamestls.fakeinternet.DnsServer;
import jamestls.fakeinternet.SettableClock;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.Violation.ResultType;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.collect.OutcomeJournal;
import jamestls.tlsrpt.report.ParsedReport;
import jamestls.tlsrpt.store.DestinationStore.Suppressed;
import jamestls.tlsrpt.store.ReportRecord.Dispatch;
import jamestls.tlsrpt.store.ReportRecord.State;
import jamestls.tlsrpt.store.Stores;
import jamestls.tlsrpt.store.TallyKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands {@code show}, {@code preview} and {@code why} in a directory with counts and records. */
class CommandsTest {

    private static final Instant NEXT_MORNING = Instant.parse("2026-03-02T00:10:00Z");

    @TempDir
    private Path home;
    private final DnsServer dns = DnsServer.start();

    private record Run(int exitCode, String out, String err) {
    }

    @BeforeEach
    void james() throws IOException {
        Path conf = Files.createDirectory(home.resolve("conf"));
        Files.writeString(conf.resolve("mailetcontainer.xml"), """
            <mailetcontainer><processors><processor state="root">
              <mailet match="RecipientIs=now@sender.example" class="jamestls.tlsrpt.TlsReporting">
                <organization>Sender Example</organization>
                <contact>tlsrpt@sender.example</contact>
                <dnsServers>127.0.0.1:%d</dnsServers>
                <destinations>deny web.example
                  replace old@rcpt.example new@rcpt.example</destinations>
              </mailet>
            </processor></processors></mailetcontainer>
            """.formatted(dns.address().getPort()));
        SettableClock clock = new SettableClock(NEXT_MORNING);
        try (Stores stores = Stores.open(Optional.of(file()), clock);
             OutcomeJournal journal = new OutcomeJournal(stores.tallies(), new RecordingMetricFactory(), clock)) {
            journal.record(List.of(met(NOON), violated(NOON, ResultType.CERTIFICATE_EXPIRED, "")));
            Dispatch dispatch = new Dispatch(new TallyKey(DAY, RCPT), 1, "20260301.rcpt.example@sender.example", "mailto:tls@rcpt.example");
            stores.reports().begin(dispatch, clock.instant());
            stores.reports().finish(dispatch, State.REFUSED, "not today", Optional.of(NEXT_MORNING.plusSeconds(300)), clock.instant());
        }
    }

    @AfterEach
    void stop() {
        dns.close();
    }

    @Test
    void showShouldPrintCountsAndDeliveryRecords() {
        Run run = run("show", "--conf", home.resolve("conf").toString());

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEqualToNormalizingNewlines("""
            2026-03-01  rcpt.example  sessions: 2, failed: 1  counting
                mailto:tls@rcpt.example  2026-03-02T00:10:00Z  refused: not today, again at 2026-03-02T00:15:00Z
            reports that did not arrive:
                mailto:tls@rcpt.example: not today
            """);
    }

    @Test
    void showShouldFilterByDayAndDomain() {
        assertThat(show("--day", "2026-03-02").exitCode()).isEqualTo(4);
        assertThat(show("--domain", "other.example").exitCode()).isEqualTo(4);
        assertThat(show("--day", "2026-03-01", "--domain", "RCPT.example").exitCode()).isZero();
    }

    @Test
    void showShouldPrintJson() throws IOException {
        JsonNode line = new ObjectMapper().readTree(show("--json").out()).get("counted").get(0);

        assertThat(line.get("domain").asText()).isEqualTo("rcpt.example");
        assertThat(line.get("sessions").asLong()).isEqualTo(2);
        assertThat(line.get("destinations").get(0).get("answer").asText()).isEqualTo("not today");
    }

    @Test
    void showShouldPrintSuppressedAddressesAndHostsAtTheirLimit() throws IOException {
        Instant until = Instant.now().plus(Duration.ofDays(7)).truncatedTo(ChronoUnit.MILLIS);
        try (Stores stores = Stores.open(Optional.of(file()), Clock.systemUTC())) {
            stores.destinations().suppress(new Suppressed("tls@rcpt.example", until, "a report was refused: 550 5.1.1 nobody here"));
            stores.destinations().add(LocalDate.now(ZoneOffset.UTC), Map.of(DomainName.of("victim.example"), 1_000,
                DomainName.of("rcpt.example"), 999));
        }

        assertThat(show().out()).contains(
            "tls@rcpt.example gets no reports until " + until + ": a report was refused: 550 5.1.1 nobody here",
            "victim.example had 1000 reports today, of at most 1000").doesNotContain("rcpt.example had");
        assertThat(show("--domain", "rcpt.example").out()).contains("tls@rcpt.example gets no reports").doesNotContain("victim.example");
        JsonNode all = new ObjectMapper().readTree(show("--json").out());
        assertThat(all.at("/left-alone/0/until").asText()).isEqualTo(until.toString());
        assertThat(all.at("/at-the-cap/0/host").asText()).isEqualTo("victim.example");
    }

    @Test
    void showAndPreviewShouldDistinguishIdentities() throws IOException {
        Path file = home.resolve("conf").resolve("mailetcontainer.xml");
        Files.writeString(file, Files.readString(file).replace("<dnsServers>",
            "<identities>tenant.example; Tenant Ltd; tls@tenant.example</identities><dnsServers>"));
        SettableClock clock = new SettableClock(NEXT_MORNING);
        try (Stores stores = Stores.open(Optional.of(file()), clock);
             OutcomeJournal journal = new OutcomeJournal(stores.tallies(), new RecordingMetricFactory(), clock)) {
            TlsOutcome met = met(NOON);
            journal.record(List.of(new TlsOutcome(met.at(), met.recipientDomain(), met.peer(), met.verdicts(),
                Optional.of(DomainName.of("tenant.example")))));
        }

        assertThat(show("--domain", "rcpt.example").out()).contains("2026-03-01  rcpt.example  sessions: 2, failed: 1  counting",
            "2026-03-01  rcpt.example as tenant.example  sessions: 1, failed: 0  counting");
        List<String> reports = run("preview", "rcpt.example", "--day", "2026-03-01", "--conf", home.resolve("conf").toString()).out()
            .strip().lines().toList();
        assertThat(reports).extracting(report -> ParsedReport.of(report.getBytes(StandardCharsets.UTF_8)).organization())
            .containsExactly("Sender Example", "Tenant Ltd");
    }

    @Test
    void previewShouldPrintTheReportAndClaimNothing() {
        for (int i = 0; i < 2; i++) {
            Run run = run("preview", "rcpt.example", "--day", "2026-03-01", "--conf", home.resolve("conf").toString());

            assertThat(run.exitCode()).isZero();
            ParsedReport report = ParsedReport.of(run.out().strip().getBytes(StandardCharsets.UTF_8));
            assertThat(report.organization()).isEqualTo("Sender Example");
            assertThat(report.policies()).singleElement().satisfies(policy -> assertThat(policy.failures()).isEqualTo(1));
        }
        assertThat(show().out()).contains("counting");
    }

    @Test
    void whyShouldNameTheDestinationsAndTheRulesThatDecide() {
        dns.zone().txt("_smtp._tls.rcpt.example", "v=TLSRPTv1;rua=mailto:old@rcpt.example,https://web.example/in,ftp://rcpt.example");

        Run run = why("rcpt.example");

        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("rcpt.example gets reports",
            "to: mailto:new@rcpt.example (in place of mailto:old@rcpt.example)",
            "https://web.example/in: denied by the rule 'deny web.example'",
            "ftp://rcpt.example: neither mailto nor https",
            "counted: 2026-03-01: 2 sessions, counting");
    }

    @Test
    void whyShouldNameTheReason() {
        assertThat(why("silent.example")).satisfies(run -> {
            assertThat(run.exitCode()).isEqualTo(4);
            assertThat(run.out()).contains("silent.example gets no report", "there is no TXT record at _smtp._tls.silent.example");
        });
        dns.zone().txt("_smtp._tls.bad.example", "v=TLSRPTv1;rua=tls@bad.example");
        assertThat(why("bad.example")).satisfies(run -> {
            assertThat(run.exitCode()).isEqualTo(1);
            assertThat(run.out()).contains("malformed TLSRPT record at _smtp._tls.bad.example: v=TLSRPTv1;rua=tls@bad.example");
        });
    }

    @Test
    void invalidDomainOrDayShouldBeWrongUsage() {
        assertThat(why("not..a..domain")).satisfies(run -> {
            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err()).contains("'not..a..domain' is no domain name");
        });
        assertThat(show("--day", "yesterday")).satisfies(run -> {
            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err()).contains("'yesterday' is no day: write it like 2026-03-01").doesNotContain("java.");
        });
    }

    @Test
    void versionAndHelpShouldBePrinted() {
        assertThat(run("--version")).satisfies(run -> assertThat(run.out()).startsWith("tlsrpt-mailet "));
        assertThat(run("show", "--version").out()).startsWith("tlsrpt-mailet ");
        assertThat(run("help", "lint")).satisfies(run -> {
            assertThat(run.exitCode()).isZero();
            assertThat(run.out()).contains("standard input");
        });
    }

    @Test
    void missingFileShouldBeNamed() {
        Run run = run("show", "--conf", home.resolve("else").resolve("where").toString());

        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("mailetcontainer.xml", "--conf");
    }

    private DatabaseAddress file() {
        return new DatabaseAddress.SqliteFile(home.resolve("var").resolve("tlsreports.sqlite"));
    }

    private Run show(String... more) {
        List<String> arguments = new ArrayList<>(List.of("show", "--conf", home.resolve("conf").toString()));
        arguments.addAll(List.of(more));
        return run(arguments.toArray(String[]::new));
    }

    private Run why(String domain) {
        return run("why", domain, "--conf", home.resolve("conf").toString());
    }

    private static Run run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int exitCode = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        return new Run(exitCode, out.toString(), err.toString());
    }
}
