package jamestls.mtasts;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.StreamSupport;

/** The conformance vectors collected from other mail systems' tests, by area. */
public final class Vectors {

    private static final String FILE = "/vectors/outbound.json";

    private Vectors() {
    }

    /**
     * One case.
     *
     * @param name unique within its area; what a test shows
     * @param input what goes in, shaped as the area needs
     * @param expected the outcome it must have
     */
    public record Vector(String name, JsonNode input, JsonNode expected) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** All cases of {@code area}, at least one. */
    public static List<Vector> of(String area) {
        try (InputStream json = Vectors.class.getResourceAsStream(FILE)) {
            List<Vector> vectors = StreamSupport.stream(new ObjectMapper().readTree(json).spliterator(), false)
                .filter(vector -> vector.path("area").asText().equals(area))
                .map(vector -> new Vector(vector.path("name").asText(), vector.path("input"), vector.path("expected")))
                .toList();
            if (vectors.isEmpty()) {
                throw new IllegalArgumentException("no vectors for " + area);
            }
            return vectors;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
