package jamestls.mtasts.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jamestls.dns.DomainName;
import jamestls.fakeinternet.SettableClock;
import jamestls.mtasts.mx.AddressOrder.Families;
import jamestls.mtasts.policy.Rule.Destination;
import jamestls.mtasts.policy.RuleGrammar.NoRule;
import jamestls.mtasts.policy.Rules.Entry;
import jamestls.mtasts.policy.Rules.Source;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import jamestls.storage.StorageOutage;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which rule is found, and the rules that commands and routes keep in the database. */
class RulesTest {

    private static final Instant NOW = Instant.parse("2026-12-01T12:00:00Z");
    private static final DomainName HOST = DomainName.of("mx.a.example");

    private final SettableClock clock = new SettableClock(NOW);

    @TempDir
    private Path directory;
    private Database database;

    @BeforeEach
    void open() {
        database = Database.open(new DatabaseAddress.SqliteFile(directory.resolve("rules.sqlite")), List.of(Rules.TABLES), clock);
    }

    @AfterEach
    void close() {
        database.close();
    }

    @Test
    void firstRuleThatFitsShouldBeFound() {
        Rules rules = Rules.of(configured("a.example secure\n.a.example verify\nmx:.a.example encrypt\n* may"), clock);

        assertThat(found(rules, "a.example")).isEqualTo("a.example secure, mx:.a.example encrypt");
        assertThat(found(rules, "x.a.example")).isEqualTo(".a.example verify, mx:.a.example encrypt");
        assertThat(found(rules, "b.example")).isEqualTo("* may, mx:.a.example encrypt");
        assertThat(rules.find(DomainName.of("b.example"), DomainName.of("mx.b.example")).ofHost()).isEmpty();
        assertThat(found(Rules.of(configured("* may\n"), clock), "a.example")).isEqualTo("* may");
    }

    @Test
    void ruleThatHasEndedShouldLeaveItsPlaceToTheNext() {
        Rules rules = Rules.of(configured("a.example may until=2026-12-02T00:00Z reason=x\na.example secure"), clock);

        assertThat(found(rules, "a.example")).startsWith("a.example may");
        assertThat(rules.notes()).singleElement().asString()
            .contains("1 rule in force until its end: a.example may", "mailetcontainer.xml");
        assertThat(rules.exceptions()).isEqualTo(1);
        clock.set(Instant.parse("2026-12-02T00:00:00Z"));
        assertThat(found(rules, "a.example")).isEqualTo("a.example secure");
        assertThat(rules.notes()).singleElement().asString().contains("1 rule ended and ignored: a.example may");
        assertThat(rules.exceptions()).isZero();
        assertThat(rules.problems()).as("nothing is degraded").isEmpty();
    }

    @Test
    void ruleOfTheDatabaseShouldComeBeforeTheConfiguration() {
        Rules rules = Rules.open(configured("a.example secure"), Optional.of(database), clock);
        rules.allow(rule("a.example may until=2026-12-20 reason=x"), "alice");

        assertThat(found(rules, "a.example")).startsWith("a.example may");
        assertThat(rules.list()).extracting(Entry::source).containsExactly(Source.DATABASE, Source.CONFIGURATION);
        assertThat(rules.show(DomainName.of("a.example"))).extracting(Entry::who).containsExactly("alice", "mailetcontainer.xml");
        assertThat(rules.show(DomainName.of("b.example"))).isEmpty();
        assertThat(rules.remove(new Destination(Destination.Kind.DOMAIN, "a.example"), "bob")).isTrue();
        assertThat(rules.remove(new Destination(Destination.Kind.DOMAIN, "a.example"), "bob")).isFalse();
        assertThat(found(rules, "a.example")).isEqualTo("a.example secure");
    }

    @Test
    void otherServerShouldReadTheRuleAndItsRemoval() {
        Rules one = Rules.open(RuleSettings.none(), Optional.of(database), clock);
        Rules other = Rules.open(RuleSettings.none(), Optional.of(database), clock);

        one.allow(rule("a.example encrypt"), "alice");
        other.round();
        assertThat(found(other, "a.example")).isEqualTo("a.example encrypt");
        one.allow(rule("a.example secure"), "alice");
        one.remove(new Destination(Destination.Kind.DOMAIN, "a.example"), "bob");
        other.round();
        assertThat(other.list()).isEmpty();
    }

    @Test
    void ruleForTheSameDestinationShouldTakeTheSamePlace() {
        Rules rules = Rules.open(RuleSettings.none(), Optional.of(database), clock);
        rules.allow(rule("a.example may"), "alice");
        clock.advance(Duration.ofMinutes(1));
        rules.allow(rule(".example encrypt"), "alice");
        clock.advance(Duration.ofMinutes(1));
        rules.allow(rule("a.example secure"), "bob");

        assertThat(rules.list()).extracting(entry -> entry.rule().toString()).containsExactly("a.example secure", ".example encrypt");
        assertThatThrownBy(() -> rules.allow(rule("b.example secure"), "bob")).isInstanceOf(NoRule.class)
            .hasMessageContaining("'b.example' is never reached").hasMessageContaining("'.example' in the database");
    }

    @Test
    void ruleOfThePastAndAServerWithoutDatabaseShouldBeRefused() {
        Rules rules = Rules.open(RuleSettings.none(), Optional.of(database), clock);
        assertThatThrownBy(() -> rules.allow(rule("a.example may until=2026-11-30 reason=x"), "alice"))
            .isInstanceOf(NoRule.class).hasMessage("until is in the past");
        assertThatThrownBy(() -> Rules.of(RuleSettings.none(), clock).allow(rule("a.example secure"), "alice"))
            .isInstanceOf(NoRule.class).hasMessageContaining("database=memory");
    }

    @Test
    void ruleThatEndedShouldHideNone() {
        Rules rules = Rules.open(RuleSettings.none(), Optional.of(database), clock);
        rules.allow(rule(".example may until=2026-12-02T00:00Z reason=x"), "alice");
        clock.set(Instant.parse("2026-12-02T00:00:00Z"));

        assertThat(rules.allow(rule("a.example secure"), "bob")).isEqualTo(new Entry(rule("a.example secure"), Source.DATABASE, "bob"));
        assertThat(found(rules, "a.example")).isEqualTo("a.example secure");
    }

    @Test
    void fullDatabaseShouldTakeReplacementsOnly() {
        database.transaction(connection -> {
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO rule_destination VALUES (?, ?, ?, 0, 'editor')")) {
                for (int i = 0; i < RuleGrammar.MAX_RULES; i++) {
                    insert.setString(1, "d" + i + ".example");
                    insert.setInt(2, i);
                    insert.setString(3, "d" + i + ".example encrypt");
                    insert.addBatch();
                }
                return insert.executeBatch();
            }
        });
        Rules rules = Rules.open(RuleSettings.none(), Optional.of(database), clock);

        assertThatThrownBy(() -> rules.allow(rule("more.example secure"), "alice"))
            .isInstanceOf(NoRule.class).hasMessage("there are 1000 rules already; remove some first");
        rules.allow(rule("d7.example secure"), "alice");
        assertThat(found(rules, "d7.example")).isEqualTo("d7.example secure");
        rules.remove(new Destination(Destination.Kind.DOMAIN, "d7.example"), "alice");
        rules.allow(rule("more.example secure"), "alice");
        assertThat(rules.list()).hasSize(RuleGrammar.MAX_RULES);
    }

    @Test
    void commandShouldReadTheRulesOnceOrFail() {
        Rules.open(RuleSettings.none(), Optional.of(database), clock).allow(rule("a.example secure"), "alice");
        Rules read = Rules.read(configured("b.example encrypt"), database, clock);
        assertThat(read.list()).extracting(entry -> entry.rule().toString()).containsExactly("a.example secure", "b.example encrypt");
        Rules wired = Rules.of(RuleSettings.none(), clock);
        assertThat(wired.find(DomainName.of("a.example"), HOST)).isEqualTo(Rules.Found.NOTHING);
        wired.adopt(read);
        assertThat(found(wired, "a.example")).isEqualTo("a.example secure");

        database.close();
        assertThatThrownBy(() -> Rules.read(RuleSettings.none(), database, clock)).isInstanceOf(StorageOutage.class);
    }

    @Test
    void rulesOfHostAndDomainShouldTellObservingAndFamilies() {
        Rules rules = Rules.of(configured("""
            a.example observe until=2026-12-24
            b.example families=ipv4
            mx:mx.a.example families=ipv6"""), clock);

        Rules.Found found = rules.find(DomainName.of("a.example"), HOST);
        assertThat(found.isObserved()).isTrue();
        assertThat(found.families()).contains(Families.of("ipv6").orElseThrow());
        Rules.Found other = rules.find(DomainName.of("b.example"), DomainName.of("mx.b.example"));
        assertThat(other.isObserved()).isFalse();
        assertThat(other.families()).contains(Families.of("ipv4").orElseThrow());
        assertThat(rules.find(DomainName.of("b.example"), HOST).families()).as("the host's").contains(Families.of("ipv6").orElseThrow());
    }

    @Test
    void brokenAndHiddenRowsShouldBeSkippedAndNamed() {
        insert("a.example", 1, "a.example secuer");
        insert(".b.example", 2, ".b.example encrypt");
        insert("x.b.example", 3, "x.b.example secure");
        insert("far.example", 4, "far.example may until=2040-01-01 reason=\"x\"");
        insert("good.example", 5, "good.example secure");
        Rules rules = Rules.open(configured("a.example encrypt"), Optional.of(database), clock);

        assertThat(rules.list()).extracting(entry -> entry.rule().toString())
            .containsExactly(".b.example encrypt", "good.example secure", "a.example encrypt");
        assertThat(rules.problems()).singleElement().asString()
            .isEqualTo("3 rules in the database are skipped: a.example, x.b.example, far.example");
        assertThat(found(rules, "a.example")).isEqualTo("a.example encrypt");
    }

    @Test
    void outageShouldLeaveRulesInForceUntilTheyEnd() {
        Rules rules = Rules.open(RuleSettings.none(), Optional.of(database), clock);
        rules.allow(rule("a.example may until=2026-12-02T00:00Z reason=x"), "alice");
        rules.allow(rule("b.example secure"), "alice");
        database.close();

        rules.round();
        assertThat(found(rules, "a.example")).startsWith("a.example may");
        assertThat(rules.problems()).singleElement().asString().contains("can't be read", "stay in force");
        clock.set(Instant.parse("2026-12-02T00:00:00Z"));
        rules.round();
        assertThat(rules.find(DomainName.of("a.example"), HOST).rules()).isEmpty();
        assertThat(found(rules, "b.example")).isEqualTo("b.example secure");
    }

    @Test
    void threadThatHasReadShouldMakeNoOtherWait() throws Exception {
        Rules rules = Rules.open(RuleSettings.none(), Optional.of(database), clock);

        for (int thread = 0; thread < 2; thread++) {
            CompletableFuture.runAsync(rules::round, Thread::startVirtualThread).get(30, TimeUnit.SECONDS);
        }
        rules.allow(rule("a.example secure"), "alice");
        assertThat(found(rules, "a.example")).isEqualTo("a.example secure");
    }

    @Test
    void databaseThatIsAwayAtTheStartShouldStopNothing() {
        database.close();
        Rules rules = Rules.open(configured("a.example secure"), Optional.of(database), clock);

        assertThat(found(rules, "a.example")).isEqualTo("a.example secure");
    }

    @Test
    void observingShouldEndByItself() {
        Rules rules = Rules.of(new RuleSettings(List.of(), Optional.of(NOW.plus(Duration.ofDays(1)))), clock);

        assertThat(rules.isObserving()).isTrue();
        assertThat(rules.notes()).containsExactly("policies are only observed until 2026-12-02T12:00:00Z");
        clock.advance(Duration.ofDays(1));
        assertThat(rules.isObserving()).isFalse();
        assertThat(rules.notes()).singleElement().asString().startsWith("observing ended");
    }

    private void insert(String destination, int created, String line) {
        database.transaction(connection -> {
            try (Statement statement = connection.createStatement()) {
                return statement.executeUpdate("INSERT INTO rule_destination VALUES ('" + destination + "', " + created + ", '" + line
                    + "', " + NOW.toEpochMilli() + ", 'editor')");
            }
        });
    }

    private RuleSettings configured(String text) {
        return new RuleSettings(RuleGrammar.rules(text, NOW, List.of()).rules(), Optional.empty());
    }

    private static Rule rule(String text) {
        return RuleGrammar.rule(text, NOW);
    }

    private static String found(Rules rules, String domain) {
        return String.join(", ", rules.find(DomainName.of(domain), HOST).rules().stream().map(Rule::toString).toList());
    }
}
