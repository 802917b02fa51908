package jamestls.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/reference/rfc.md names types and test methods; one that was renamed or removed must not stay in it. */
class RfcMapTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern NAMED_TYPE = Pattern.compile("`([A-Z][A-Za-z0-9]+)(?:#[a-z]\\w*)?`");
    private static final Pattern NAMED_METHOD = Pattern.compile("`([A-Z][A-Za-z0-9]+#[a-z]\\w*)`");
    private static final Pattern DECLARED_TYPE = Pattern.compile("\\b(?:class|record|enum|interface)\\s+([A-Z]\\w*)");
    private static final Pattern DECLARED_METHOD = Pattern.compile("(?m)^    (?:public )?void ([a-z]\\w*)\\(");

    @Test
    void everyTypeOfTheMapShouldExist() throws IOException {
        Set<String> declared = sources().values().stream().flatMap(text -> all(DECLARED_TYPE, text)).collect(Collectors.toSet());

        Set<String> named = all(NAMED_TYPE, map()).collect(Collectors.toCollection(TreeSet::new));

        assertThat(named).hasSizeGreaterThan(50).isSubsetOf(declared);
    }

    @Test
    void everyTestMethodOfTheMapShouldExist() throws IOException {
        Map<String, String> sources = sources();
        List<String> missing = all(NAMED_METHOD, map()).distinct().filter(method -> {
            String[] parts = method.split("#");
            return all(DECLARED_METHOD, sources.getOrDefault(parts[0], "")).noneMatch(parts[1]::equals);
        }).toList();

        assertThat(missing).isEmpty();
    }

    private static String map() throws IOException {
        return Files.readString(ROOT.resolve("docs/reference/rfc.md"));
    }

    private static Stream<String> all(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(match -> match.group(1));
    }

    /** The text of each Java file by the name of its type. */
    private static Map<String, String> sources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        for (String module : List.of("mtasts-mailet", "tlsrpt-mailet", "integration-tests")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src"))) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(file -> {
                    try {
                        sources.put(file.getFileName().toString().replace(".java", ""), Files.readString(file));
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            }
        }
        return sources;
    }
}
