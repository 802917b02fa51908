package jamestls.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/reference/rfc.md names classes and tests; one that was renamed or removed must not stay in it. */
class RfcMapTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern CLASS_NAME = Pattern.compile("`([A-Z][A-Za-z0-9]+)`");

    @Test
    void everyClassOfTheMapShouldExist() throws IOException {
        Set<String> there = sources();
        Set<String> named = CLASS_NAME.matcher(Files.readString(ROOT.resolve("docs/reference/rfc.md"))).results()
            .map((MatchResult match) -> match.group(1)).collect(Collectors.toSet());

        assertThat(named).hasSizeGreaterThan(50);
        assertThat(there).containsAll(named);
    }

    private static Set<String> sources() throws IOException {
        try (Stream<Path> files = Files.walk(ROOT)) {
            return files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith(".java"))
                .map(name -> name.substring(0, name.length() - ".java".length())).collect(Collectors.toSet());
        }
    }
}
