package jamestls.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VariablesTest {

    private final Variables variables = new Variables(
        name -> Optional.ofNullable(Map.of("HOST", "mx.example", "PASSWORD", "a$1\\b").get(name)),
        name -> Optional.ofNullable(Map.of("james.port", "2525").get(name)));

    @ParameterizedTest
    @CsvSource({
        "plain, plain",
        "${env:HOST}, mx.example",
        "a ${env:HOST} and ${env:HOST}, a mx.example and mx.example",
        "${sys:james.port}, 2525",
        "${env:NONE}, ${env:NONE}",
        "${env:NONE:-otherwise}, otherwise",
        "${env:NONE:-}, ''",
        "${env:HOST:-otherwise}, mx.example",
        "file://${env:NONE:-conf:dir}/x, file://conf:dir/x",
        "${env:PASSWORD}, a$1\\b",
        "$${env:HOST}, ${env:HOST}",
        "${HOST}, ${HOST}",
        "${date:yyyy}, ${date:yyyy}",
        "${env:HOST, ${env:HOST"})
    void variableShouldBeFilledInAsJamesDoesIt(String written, String read) {
        assertThat(variables.filledIn(written)).isEqualTo(read);
    }
}
