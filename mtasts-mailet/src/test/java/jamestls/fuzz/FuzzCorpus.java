package jamestls.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import jamestls.mtasts.Vectors;

/** The first inputs, from the conformance vectors. */
final class FuzzCorpus {

    private FuzzCorpus() {
    }

    /** What the field holds in each vector of the area, where it is text. */
    static List<byte[]> of(String area, String field) {
        List<byte[]> corpus = new ArrayList<>();
        for (Vectors.Vector vector : Vectors.of(area)) {
            collect(vector.input().path(field), corpus);
        }
        return corpus;
    }

    static List<byte[]> of(List<String> texts) {
        return texts.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
    }

    /** Host and pattern, a line each. */
    static List<byte[]> hostsAndPatterns() {
        List<byte[]> corpus = new ArrayList<>();
        for (Vectors.Vector vector : Vectors.of("mx_match")) {
            for (JsonNode pattern : vector.input().path("patterns")) {
                corpus.add((vector.input().path("mx_host").asText() + "\n" + pattern.asText()).getBytes(StandardCharsets.UTF_8));
            }
        }
        return corpus;
    }

    private static void collect(JsonNode node, List<byte[]> corpus) {
        if (node.isTextual()) {
            corpus.add(node.asText().getBytes(StandardCharsets.UTF_8));
        } else {
            node.forEach(child -> collect(child, corpus));
        }
    }
}
