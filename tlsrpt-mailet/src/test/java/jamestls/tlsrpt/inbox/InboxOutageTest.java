package jamestls.tlsrpt.inbox;

import static jamestls.tlsrpt.inbox.IncomingMail.json;
import static jamestls.tlsrpt.inbox.IncomingMail.mail;
import static jamestls.tlsrpt.inbox.IncomingMail.signed;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.config.Parameters;
import jamestls.fakeinternet.SettableClock;
import jamestls.outcome.OwnDomainEvents;
import jamestls.outcome.TlsOutcomes;
import jamestls.storage.DatabaseAddress;
import jamestls.tlsrpt.dkim.DkimVerifier;
import jamestls.tlsrpt.inbox.Inbox.Reading;
import jamestls.tlsrpt.inbox.Inbox.Result;
import jamestls.tlsrpt.inbox.InboxView.Selection;
import jamestls.tlsrpt.inbox.ReceivedReport.Trust;
import jamestls.tlsrpt.send.Counters;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.james.metrics.tests.RecordingMetricFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("slow")
class InboxOutageTest {

    private static final LocalDate DAY = LocalDate.of(2026, 11, 20);

    @TempDir
    private Path directory;
    private final SettableClock clock = new SettableClock(Instant.parse("2026-11-21T08:00:00Z"));
    private final byte[] report = signed(mail("reporter.example", json("1", "2026-11-20", "own.example", 3, 0)), "reporter.example");

    @Test
    void reportThatCouldNotBeStoredShouldBeCountedWhenTheStoreWorksAgain() throws Exception {
        Path file = directory.resolve("tlsinbox.sqlite");
        TlsOutcomes outcomes = new TlsOutcomes();
        Inbox inbox = open(file, outcomes);
        try {
            try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + file); Statement lock = other.createStatement()) {
                lock.execute("BEGIN IMMEDIATE");
                Reading reading = inbox.accept(() -> report, report.length, "mail");
                assertThat(reading).isEqualTo(new Reading(Result.NOT_COUNTED,
                    "the store failed; the report is counted when it works again"));
                assertThat(inbox.problems()).singleElement().asString().startsWith("received reports can't be stored: ");
            }

            inbox.tick();

            assertThat(inbox.problems()).isEmpty();
            assertThat(new InboxView(inbox.store().database()).byDay(new Selection(Optional.empty(), Trust.VERIFIED, DAY, DAY)))
                .extracting(each -> each.sums().sessions()).containsExactly(3L);
            assertThat(inbox.accept(() -> report, report.length, "again").result()).isEqualTo(Result.DUPLICATE);
        } finally {
            inbox.stop(outcomes);
        }
    }

    @Test
    void mailThatCannotBeReadShouldBePassedOn() throws Exception {
        TlsOutcomes outcomes = new TlsOutcomes();
        Inbox inbox = open(directory.resolve("tlsinbox.sqlite"), outcomes);
        try {
            assertThat(inbox.accept(() -> {
                throw new IOException("gone\r\nX: y");
            }, 10, "mail")).isEqualTo(new Reading(Result.NOT_COUNTED, "the mail can't be read: gone??X: y"));
            assertThat(inbox.accept(() -> {
                throw new StackOverflowError();
            }, 10, "mail")).isEqualTo(new Reading(Result.NOT_COUNTED, "unexpected error: StackOverflowError"));
            assertThat(inbox.accept(() -> report, report.length, "mail").result()).as("the memory is given back").isEqualTo(Result.COUNTED);
        } finally {
            inbox.stop(outcomes);
        }
    }

    private Inbox open(Path file, TlsOutcomes outcomes) throws Exception {
        InboxSettings settings = InboxSettings.of(new Parameters("TlsReportInbox", Map.of("ownDomains", "own.example", "database",
            file.toUri().toString()), Parameters.ForeignNames.NONE, location -> file), List.of(new InetSocketAddress("127.0.0.1", 53)));
        InboxStore store = InboxStore.open(Optional.of(new DatabaseAddress.SqliteFile(file)), InboxStore.Limits.DEFAULT, clock);
        return new Inbox(settings, store, new Inbox.Network(new DkimVerifier(IncomingMail.dns("reporter.example")), text -> true),
            new OwnDomainEvents(), outcomes, Counters.of(new RecordingMetricFactory()), clock);
    }
}
