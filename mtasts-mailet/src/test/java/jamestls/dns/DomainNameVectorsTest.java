package jamestls.dns;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.mtasts.Vectors;
import jamestls.mtasts.Vectors.Vector;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DomainNameVectorsTest {

    static List<Vector> vectors() {
        return Vectors.of("dns_name");
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void parseShouldAgreeWithTheVectors(Vector vector) {
        String name = vector.input().path("name").asText();
        // written in words in the vectors
        String text = name.equals("63.63.63.61 labels")
            ? String.join(".", "a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)) : name;

        assertThat(DomainName.parse(text).isPresent()).isEqualTo(vector.expected().path("valid").asBoolean());
    }
}
