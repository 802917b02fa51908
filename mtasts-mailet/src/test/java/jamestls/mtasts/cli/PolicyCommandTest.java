package jamestls.mtasts.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.dns.DomainName;
import jamestls.mtasts.policy.RuleSettings;
import jamestls.mtasts.policy.Rules;
import jamestls.storage.Database;
import jamestls.storage.DatabaseAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code policy} beside a server whose database is there. */
class PolicyCommandTest {

    private static final LocalDate TOMORROW = LocalDate.now(ZoneOffset.UTC).plusDays(1);

    @TempDir
    private Path directory;

    @BeforeEach
    void configure() throws IOException {
        Files.createDirectories(directory.resolve("conf"));
        configure("file://var/rules.sqlite");
        Database.open(file(), List.of(Rules.TABLES), Clock.systemUTC()).close();
    }

    @Test
    void ruleShouldBeSetShownListedAndRemoved() throws Exception {
        Run allow = policy("allow", "Broken.Example", "--level", "may", "--until", TOMORROW.toString(), "--reason", "ticket 4711");
        String line = "broken.example may until=" + TOMORROW.plusDays(1) + "T00:00:00Z reason=\"ticket 4711\"";
        String user = System.getProperty("user.name");

        assertThat(allow.err()).isEmpty();
        assertThat(allow.exitCode()).isZero();
        assertThat(allow.out().strip()).isEqualTo(line + "  # by " + user);
        assertThat(policy("list").out().lines()).containsExactly(line + "  # by " + user, "a.example secure  # in mailetcontainer.xml");
        assertThat(policy("show", "broken.example").out().strip()).isEqualTo(line + "  # by " + user);
        assertThat(policy("show", "other.example").exitCode()).isEqualTo(4);
        JsonNode json = new ObjectMapper().readTree(policy("list", "--json").out());
        assertThat(json).hasSize(2);
        assertThat(json.get(0).get("destination").asText()).isEqualTo("broken.example");
        assertThat(json.get(0).get("rule").asText()).isEqualTo(line);
        assertThat(json.get(0).get("source").asText()).isEqualTo("database");
        assertThat(json.get(0).get("who").asText()).isEqualTo(user);
        assertThat(json.get(0).get("ended").asBoolean()).isFalse();
        assertThat(json.get(1).get("until").isNull()).isTrue();

        assertThat(policy("remove", "broken.example").out().strip()).isEqualTo("removed the rule for broken.example");
        assertThat(policy("remove", "broken.example").exitCode()).isEqualTo(4);
        assertThat(policy("list").out().lines()).hasSize(1);
    }

    @Test
    void runningServerShouldHaveTheRule() {
        try (Database database = Database.open(file(), List.of(Rules.TABLES), Clock.systemUTC())) {
            policy("allow", "mx:.slow.example", "--concurrency", "2", "--rate", "30/m", "--families", "ipv4", "--tls", "1.3");

            Rules rules = Rules.open(RuleSettings.none(), Optional.of(database), Clock.systemUTC());
            assertThat(rules.find(DomainName.of("any.example"), DomainName.of("mx.slow.example")).rules()).singleElement()
                .hasToString("mx:.slow.example tls>=1.3 concurrency=2 rate=30/m families=ipv4");
        }
    }

    @Test
    void durationShouldCountFromNow() {
        assertThat(policy("allow", "a.example", "--level", "may", "--until", "3d", "--reason", "x").out())
            .contains("until=" + LocalDate.now(ZoneOffset.UTC).plusDays(3));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "allow;b.example;--level;secuer | did you mean 'secure'?",
        "allow;b.example;--level;none | none sends in clear text, so it needs until= (at most 30 days ahead) and reason=",
        "allow;b.example;--level;may;--until;2020-01-01;--reason;x | until is in the past",
        "allow;b.example;--level;may;--until;40d;--reason;x | until is too far ahead: at most 30 days",
        "allow;b.example;--level;may;--until;3d | until needs reason=",
        "allow;b.example;--level;secure;--match;x observe until=2026-12-24 | is no name of a certificate",
        "allow;b.example;--level;may;--until;3d;--reason;a\" observe until=\"3d | a value has no quotation marks",
        "allow;b.example secure;--rate;1/s | is more than one word",
        "allow;b..example;--level;secure | is no destination",
        "remove;b..example | is no destination",
        "show;b..example | is not a domain name",
        "'' | name a command"})
    void wrongUsageShouldBeToldInTheWordsOfTheGrammar(String arguments, String message) {
        Run run = policy(arguments.isEmpty() ? new String[0] : arguments.split(";"));

        assertThat(run.err()).contains(message);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(policy("list").out().lines()).hasSize(1);
    }

    @Test
    void hiddenRuleShouldBeRefused() {
        policy("allow", "*", "--level", "encrypt");
        Run run = policy("allow", "b.example", "--level", "secure");

        assertThat(run.err()).contains("'b.example' is never reached").contains("'*' in the database").contains("remove it first");
        assertThat(run.exitCode()).isEqualTo(2);
    }

    @Test
    void databaseThatIsNotThereShouldBeNeitherMadeNorNeeded() throws Exception {
        configure("file://var/missing.sqlite");
        Run run = policy("allow", "b.example", "--level", "secure");
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("there is no file");
        assertThat(directory.resolve("var/missing.sqlite")).doesNotExist();

        configure("memory");
        assertThat(policy("list").exitCode()).isEqualTo(3);
        assertThat(policy("list").err()).contains("database=memory");
    }

    @Test
    void noClassOfJamesShouldBeNeeded() throws Exception {
        StandAlone.Result run = StandAlone.run(List.of("policy", "allow", "b.example", "--level", "secure", "--conf",
            directory.resolve("conf").toString()));
        assertThat(run.exitCode()).as(run.err()).isZero();
    }

    private Run policy(String... arguments) {
        List<String> all = new ArrayList<>(List.of("policy"));
        all.addAll(List.of(arguments));
        if (arguments.length > 0) {
            all.addAll(List.of("--conf", directory.resolve("conf").toString()));
        }
        return Run.of(all.toArray(String[]::new));
    }

    private DatabaseAddress file() {
        return new DatabaseAddress.SqliteFile(directory.resolve("var/rules.sqlite"));
    }

    private void configure(String database) throws IOException {
        Files.writeString(directory.resolve("conf/mailetcontainer.xml"), "<mailetcontainer><processors><processor state=\"relay\">"
            + "<mailet match=\"All\" class=\"jamestls.mtasts.SecureRemoteDelivery\"><database>" + database
            + "</database><tlsPolicies>\n  # ours\n  a.example secure\n</tlsPolicies></mailet></processor></processors></mailetcontainer>");
    }
}
