package jamestls.tlsrpt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;

/** Conformance vectors: inputs with expected results. */
public final class Vectors {

    private Vectors() {
    }

    /** One test per vector of an area; {@code check} gets the input and the expected result. */
    public static Stream<DynamicTest> tests(String area, BiConsumer<JsonNode, JsonNode> check) {
        return all(area).map(vector ->
            DynamicTest.dynamicTest(vector.path("name").asText(), () -> check.accept(vector.path("input"), vector.path("expected"))));
    }

    public static JsonNode one(String area, String name) {
        return all(area).filter(vector -> vector.path("name").asText().equals(name)).findFirst().orElseThrow();
    }

    private static Stream<JsonNode> all(String area) {
        try (InputStream file = Vectors.class.getResourceAsStream("/vectors/tlsrpt.json")) {
            return StreamSupport.stream(new ObjectMapper().readTree(file).spliterator(), false)
                .filter(vector -> vector.path("area").asText().equals(area))
                .toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
