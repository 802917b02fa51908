package jamestls.mtasts.policy;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import jamestls.fakeinternet.CapturedLog;
import jamestls.fakeinternet.SettableClock;
import jamestls.mtasts.policy.Rule.Destination;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.nio.file.Path;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

/** What operators read of rules in the log: each change once, on each server. */
@ResourceLock(CapturedLog.LOCK)
class RulesLogTest {

    private static final Instant NOW = Instant.parse("2026-12-01T12:00:00Z");

    @RegisterExtension
    final CapturedLog log = CapturedLog.of(Rules.class, Level.INFO);

    private final SettableClock clock = new SettableClock(NOW);

    @TempDir
    private Path directory;
    private Database database;

    @BeforeEach
    void open() {
        database = Database.open(new DatabaseAddress.SqliteFile(directory.resolve("rules.sqlite")), List.of(Rules.TABLES),
            Clock.systemUTC());
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void changesOfRulesShouldBeLoggedOnceWithTheirAuthors() {
        Rules rules = Rules.open(RuleSettings.none(), Optional.of(database), clock);
        rules.allow(rule("a.example secure"), "alice");
        rules.round();
        rules.remove(new Destination(Destination.Kind.DOMAIN, "a.example"), "bob\nroot");
        assertThat(messages()).hasSize(2);
        rules.round();
        rules.allow(rule("a.example secure"), "carol");

        assertThat(messages()).containsExactly("INFO Rule set by alice: a.example secure", "INFO Rule for a.example removed by bob?root",
            "INFO Rule set by carol: a.example secure");
    }

    @Test
    void rulesThatAreThereAtTheStartShouldBeNoNews() {
        Rules.open(RuleSettings.none(), Optional.of(database), clock).allow(rule("a.example secure"), "alice");
        int before = messages().size();

        Rules.open(RuleSettings.none(), Optional.of(database), clock).round();

        assertThat(messages()).hasSize(before);
    }

    @Test
    void brokenRowShouldBeLoggedOnceAlsoAtTheStart() {
        sql("INSERT INTO rule_destination VALUES ('a.example', 1, 'a.example secuer', 1, 'editor')");
        Rules rules = Rules.open(RuleSettings.none(), Optional.of(database), clock);
        rules.round();
        sql("INSERT INTO rule_destination VALUES ('b.example', 2, 'b.example secuer', 2, 'editor')");
        rules.round();
        rules.round();

        assertThat(messages()).hasSize(2);
        assertThat(messages().getFirst()).startsWith("ERROR Rule for a.example in the database is skipped: ");
        assertThat(messages().getLast()).startsWith("ERROR Rule for b.example in the database is skipped: ");
    }

    @Test
    void endOfARuleShouldBeLoggedOnceUnlessItWasBeforeTheStart() {
        String text = "old.example may until=2026-12-01T13:00Z reason=x\nnew.example may until=2026-12-03T00:00Z reason=x";
        RuleSettings settings = new RuleSettings(RuleGrammar.rules(text, NOW, List.of()).rules(), Optional.empty());
        clock.advance(Duration.ofDays(1));
        Rules rules = Rules.open(settings, Optional.empty(), clock);
        rules.round();
        clock.advance(Duration.ofDays(1));
        rules.round();
        rules.round();

        assertThat(messages()).singleElement().asString()
            .startsWith("WARN Rule ended and is ignored: new.example may").endsWith("(by mailetcontainer.xml)");
    }

    @Test
    void endOfObservingShouldBeAnnouncedOnceADayInTheWeekBefore() {
        Instant end = NOW.plus(Duration.ofDays(8));
        Rules rules = Rules.open(new RuleSettings(List.of(), Optional.of(end)), Optional.empty(), clock);
        clock.advance(Duration.ofDays(1));
        rules.round();
        assertThat(messages()).as("a week before, to the second").isEmpty();
        for (int hour = 0; hour < 8 * 24; hour++) {
            clock.advance(Duration.ofHours(1));
            rules.round();
        }

        // every 25th hour of a test that looks once an hour
        assertThat(messages()).hasSize(7).containsOnly("WARN enforcement=observe ends at 2026-12-09T12:00:00Z: "
            + "from then on mail is held where a policy rejects every host");
    }

    @Test
    void outageShouldBeLoggedOnce() {
        Rules rules = Rules.open(RuleSettings.none(), Optional.of(database), clock);
        database.close();
        rules.round();
        assertThat(messages()).hasSize(1);
        rules.round();

        assertThat(rules.problems()).hasSize(1);
        // the database warns of its outage
        assertThat(messages()).containsExactly("INFO The rules in the database can't be read now; those that were read stay in force");
    }

    private List<String> messages() {
        return log.events().stream().map(event -> event.getLevel() + " " + event.getFormattedMessage()).toList();
    }

    private void sql(String statement) {
        database.transaction(connection -> {
            try (Statement change = connection.createStatement()) {
                return change.executeUpdate(statement);
            }
        });
    }

    private static Rule rule(String text) {
        return RuleGrammar.rule(text, NOW);
    }
}
