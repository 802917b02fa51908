package jamestls.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A file of results in JSON to which several benchmarks add, each its own section. */
public final class BenchReport {

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final Path file;

    public BenchReport(Path file) {
        this.file = file;
    }

    /** Writes the section anew and leaves the others as they are. */
    public void section(String name, Map<String, ?> results) throws IOException {
        ObjectNode whole = Files.exists(file) ? (ObjectNode) JSON.readTree(file.toFile()) : JSON.createObjectNode();
        whole.set(name, JSON.valueToTree(results));
        Files.createDirectories(file.toAbsolutePath().getParent());
        JSON.writeValue(file.toFile(), whole);
    }
}
