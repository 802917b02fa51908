package jamestls.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.james.util.DurationParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParametersTest {

    private enum Mode { VALIDATE, TRUST_AD }

    @TempDir
    private Path directory;

    @Test
    void everyMistakeShouldBeReportedAtOnce() {
        Parameters parameters = of("count", "many", "mode", "perhaps", "flag", "yes", "cuont", "3", "pause", "soon");
        assertThat(parameters.number("count", 5, 0, 10)).as("the default, so that reading goes on").isEqualTo(5);
        assertThat(parameters.oneOf("mode", Mode.VALIDATE, Mode.values())).isEqualTo(Mode.VALIDATE);
        assertThat(parameters.flag("flag", true)).isTrue();
        assertThat(parameters.duration("pause", Duration.ofSeconds(5), ChronoUnit.SECONDS, Duration.ofSeconds(1), Duration.ofHours(1)))
            .isEqualTo(Duration.ofSeconds(5));
        parameters.required("name", "your name", "?", text -> text);

        assertThatThrownBy(parameters::check).isInstanceOf(ConfigurationException.class).hasMessage("""
            Sample: 6 mistakes in its parameters:
            - parameter 'count' has the value 'many'; allowed: a whole number from 0 to 10
            - parameter 'mode' has the value 'perhaps'; allowed: validate, trust-ad
            - parameter 'flag' has the value 'yes'; allowed: true, false
            - parameter 'pause' has the value 'soon'; allowed: a duration from 1s to 3600s, for example '5s'; a number without unit counts \
            seconds
            - parameter 'name' is required: your name
            - unknown parameter 'cuont' (value '3'); did you mean 'count'?""");
    }

    @Test
    void variableThatIsNotSetShouldStopJames() {
        Map<String, String> written = Map.of("databasePassword", "x${env:NO_SUCH_VARIABLE}");
        Parameters parameters = Parameters.of("Sample", written.keySet().iterator(), written::get, Parameters.ForeignNames.NONE,
            location -> directory);
        parameters.text("databasePassword");

        assertThatThrownBy(parameters::check).hasMessage("Sample: parameter 'databasePassword' has the value '(not shown)'; allowed: "
            + "a value; a variable in it is not set where James runs, and has no default (':-')");
    }

    @Test
    void oneMistakeShouldStandOnOneLine() {
        Parameters parameters = of("count", "11");
        parameters.number("count", 5, 0, 10);

        assertThatThrownBy(parameters::check)
            .hasMessage("Sample: parameter 'count' has the value '11'; allowed: a whole number from 0 to 10");
    }

    @Test
    void valuesShouldBeReadAsWritten() throws ConfigurationException {
        Parameters parameters = of("count", " 7 ", "mode", "Trust-AD", "flag", "TRUE", "list", " a, ,b ", "blank", " ");

        assertThat(parameters.number("count", 5, 0, 10)).isEqualTo(7);
        assertThat(parameters.oneOf("mode", Mode.VALIDATE, Mode.values())).isEqualTo(Mode.TRUST_AD);
        assertThat(parameters.flag("flag", false)).isTrue();
        assertThat(parameters.list("list")).containsExactly("a", "b");
        assertThat(parameters.text("blank")).isEmpty();
        parameters.check();
    }

    @Test
    void parameterThatResemblesNoneShouldBeRefusedWithAllNames() {
        Parameters parameters = of("flavour", "vanilla");
        parameters.text("delayTime");
        parameters.text("maxRetries");

        assertThatThrownBy(parameters::check)
            .hasMessage("Sample: unknown parameter 'flavour' (value 'vanilla'). Known parameters: delayTime, maxRetries");
    }

    @Test
    void jamesOwnParametersShouldPass() {
        assertThatCode(of("onMailetException", "ignore", "onMatchException", "nomatch")::check).doesNotThrowAnyException();
    }

    @Test
    void secretsShouldNotBeShown() {
        Parameters parameters = of("databasePasword", "s3cret", "database", "jdbc:postgresql://u:s3cret@db/x?password=s3cret");
        parameters.text("databasePassword");
        parameters.read("database", "a database", text -> {
            throw new IllegalArgumentException();
        });

        assertThatThrownBy(parameters::check).hasMessageContaining("did you mean 'databasePassword'?")
            .hasMessageContaining("'jdbc:postgresql://db/x'").hasMessageNotContaining("s3cret");
    }

    @Test
    void longAndHostileValuesShouldBeCut() {
        Parameters parameters = of("count", "\u001b[31m" + "x".repeat(5_000));
        parameters.number("count", 5, 0, 10);

        assertThatThrownBy(parameters::check).message().hasSizeLessThan(400).doesNotContain("\u001b");
    }

    @Test
    void fileThatIsMissingOrOfNoUseShouldBeSaidWhy() throws IOException {
        Parameters missing = of("anchors", "nowhere.ds");
        assertThat(missing.file("anchors", "a file of keys", Files::readString)).isEmpty();
        assertThatThrownBy(missing::check)
            .hasMessageContaining("'nowhere.ds'; allowed: a file of keys; there is no file " + directory.resolve("nowhere.ds"));

        Files.writeString(directory.resolve("keys"), "good");
        assertThat(of("anchors", "keys").file("anchors", "a file of keys", Files::readString)).contains("good");
    }

    @ParameterizedTest
    @ValueSource(strings = {"90000", "90s", "90 sec", "1500ms", "2 msecs", "5m", "5 min", "1 minute", "3h", "3 hours", "2d", "2 days", "1w",
        "1 week", "2 months", "1y", "10 YEARS", " 7s "})
    void durationsShouldBeThoseOfJames(String written) {
        assertThat(Durations.parse(written, ChronoUnit.MILLIS)).isEqualTo(DurationParser.parse(written, ChronoUnit.MILLIS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "soon", "-1s", "5 fortnights", "1.5h", "5s 3s", "s", "99999999999999999999s"})
    void whatIsNoDurationShouldBeRefused(String written) {
        assertThatThrownBy(() -> Durations.parse(written, ChronoUnit.MILLIS)).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({"maxRetires, maxRetries", "delaytime, delayTime", "MAXRETRIES, maxRetries"})
    void nearestNameShouldBeNamed(String typed, String meant) {
        Parameters parameters = of(typed, "1");
        parameters.text("delayTime");
        parameters.text("maxRetries");

        assertThatThrownBy(parameters::check).hasMessageContaining("did you mean '" + meant + "'?");
    }

    private Parameters of(String... namesAndValues) {
        Map<String, String> written = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            written.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return new Parameters("Sample", written, Parameters.ForeignNames.NONE, directory::resolve);
    }
}
