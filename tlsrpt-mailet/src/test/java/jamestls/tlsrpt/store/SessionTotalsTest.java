package jamestls.tlsrpt.store;

import static jamestls.tlsrpt.Samples.DAY;
import static jamestls.tlsrpt.Samples.NOON;
import static jamestls.tlsrpt.Samples.RCPT;
import static jamestls.tlsrpt.Samples.met;
import static jamestls.tlsrpt.Samples.peer;
import static jamestls.tlsrpt.Samples.sts;
import static jamestls.tlsrpt.Samples.tlsa;
import static jamestls.tlsrpt.Samples.violated;
import static org.assertj.core.api.Assertions.assertThat;

import jamestls.fakeinternet.PostgresExtension;
import jamestls.fakeinternet.SettableClock;
import jamestls.outcome.AppliedPolicy;
import jamestls.outcome.TlsOutcome;
import jamestls.outcome.TlsOutcome.PolicyVerdict;
import jamestls.outcome.Violation.ResultType;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class SessionTotalsTest {

    @RegisterExtension
    static final PostgresExtension POSTGRES = new PostgresExtension();

    private final SettableClock clock = new SettableClock(NOON);

    @TempDir
    private Path directory;

    private Database sqlite() {
        return Database.open(new DatabaseAddress.SqliteFile(directory.resolve("totals.sqlite")), List.of(SessionTotals.MIGRATIONS), clock);
    }

    private static TlsOutcome under(AppliedPolicy... policies) {
        return new TlsOutcome(NOON, RCPT, peer(), List.of(policies).stream().<PolicyVerdict>map(PolicyVerdict.Met::new).toList());
    }

    @Test
    void sessionShouldCountOnceUnderTheStrongestProtectionThatItHad() {
        try (Database database = sqlite()) {
            SessionTotals totals = new SessionTotals(Optional.of(database), clock);

            totals.record(List.of(under(tlsa(), sts()), under(sts()), under(AppliedPolicy.none(RCPT)), under(AppliedPolicy.none(RCPT)),
                violated(NOON, ResultType.CERTIFICATE_EXPIRED, "")));

            assertThat(totals.lastDays(Optional.of(database), 2)).containsEntry(DAY, new long[] {1, 1, 2, 1})
                .containsEntry(DAY.minusDays(1), new long[4]);
        }
    }

    @Test
    void mailsOverOneSessionShouldCountOnce() {
        SessionTotals totals = new SessionTotals(Optional.empty(), clock);
        TlsOutcome first = met(NOON);
        TlsOutcome.CountedSession session = new TlsOutcome.CountedSession();
        TlsOutcome counted = new TlsOutcome(first.at(), first.recipientDomain(), first.peer(), first.verdicts(), Optional.empty(),
            Optional.of(session));

        totals.record(List.of(counted));
        totals.record(List.of(counted));

        assertThat(totals.lastDays(Optional.empty(), 1).get(DAY)).containsExactly(0, 1, 0, 0);
    }

    @Test
    void savedTotalsShouldOutliveTheServerAndBeThoseOfAllServers() {
        String url = POSTGRES.newDatabase();
        DatabaseAddress address = new DatabaseAddress.PostgreSql(url, "", "");
        try (Database one = Database.open(address, List.of(SessionTotals.MIGRATIONS), clock);
             Database two = Database.open(address, List.of(SessionTotals.MIGRATIONS), clock)) {
            SessionTotals first = new SessionTotals(Optional.of(one), clock);
            first.record(List.of(met(NOON)));
            first.save();
            first.record(List.of(met(NOON)));
            first.save();
            first.save();
            SessionTotals second = new SessionTotals(Optional.of(two), clock);
            second.record(List.of(met(NOON), violated(NOON, ResultType.CERTIFICATE_EXPIRED, "")));
            second.save();

            assertThat(new SessionTotals(Optional.of(one), clock).lastDays(Optional.of(two), 1).get(DAY)).containsExactly(0, 3, 0, 1);
            // what is saved and in memory counts once, and what is not saved yet as well
            first.record(List.of(met(NOON)));
            try (Database reading = Database.readOnly(address, List.of(SessionTotals.MIGRATIONS))) {
                assertThat(first.lastDays(Optional.of(reading), 1).get(DAY)).containsExactly(0, 4, 0, 1);
            }
            clock.set(NOON.plus(Duration.ofDays(3)));
            for (int day = 1; day <= 3; day++) {
                first.record(List.of(met(NOON.plus(Duration.ofDays(day)))));
                first.save();
            }
            assertThat(first.lastDays(Optional.of(one), 4)).as("days that are no longer in memory")
                .containsEntry(DAY, new long[] {0, 4, 0, 1}).containsEntry(DAY.plusDays(3), new long[] {0, 1, 0, 0});
        }
    }

    @Test
    void daysOlderThanTheLimitShouldBeDeleted() {
        try (Database database = sqlite()) {
            SessionTotals totals = new SessionTotals(Optional.of(database), clock);
            totals.record(List.of(met(NOON)));
            totals.save();

            clock.set(NOON.plus(Duration.ofDays(SessionTotals.DAYS + 1)));
            totals.record(List.of(met(clock.instant())));
            totals.save();

            long rows = database.transaction(connection -> {
                try (var answer = connection.createStatement().executeQuery("SELECT COUNT(DISTINCT day) FROM tlstotal_day")) {
                    answer.next();
                    return answer.getLong(1);
                }
            });
            assertThat(rows).isEqualTo(1);
        }
    }
}
