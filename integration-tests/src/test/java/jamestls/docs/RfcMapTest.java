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
    private static final Pattern DECLARED_METHOD = Pattern.compile("(?m)^    (?:public )?(?:void|Stream<DynamicTest>) ([a-z]\\w*)\\(");
    private static final Pattern NOTHING_TO_TEST = Pattern.compile("nothing to test: \\S.{20,}");

    /** The sections that ask something of a sending server, or of what it publishes about itself. */
    private static final Map<String, String> SECTIONS = Map.of(
        "RFC 8461", "2 3.1 3.2 3.3 3.4 4 4.1 4.2 5 5.1 6 7.1 7.2 8.3 8.4 10.2",
        "RFC 8460", "1.1 3 4 4.1 4.2.1 4.2.2 4.3.1 4.3.2.1 4.3.2.2 4.3.3 4.3.4 4.4 4.5 5.1 5.2 5.3 5.3.1 5.4 5.5 5.6 6.6 7",
        "RFC 7672", "2.1.1 2.1.2 2.1.3 2.2 2.2.1 2.2.2 2.2.3 3.1 3.1.1 3.1.2 3.1.3 3.2.1 3.2.2 3.2.3 5 6 8.1 8.2 9.1 10",
        "RFC 8689", "2 3 4.1 4.2.1 4.2.2 4.3 4.4 5 6");

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

    @Test
    void everyRowShouldNameATestMethodOrSayWhyNone() throws IOException {
        List<String> rows = map().lines().filter(line -> line.startsWith("| ") && !line.startsWith("| section")).toList();

        assertThat(rows).hasSizeGreaterThan(100).allSatisfy(row -> {
            String[] cells = row.split(" \\| ");
            assertThat(cells).hasSize(4);
            assertThat(NAMED_METHOD.matcher(cells[3]).find() || NOTHING_TO_TEST.matcher(cells[3]).find()).as(row).isTrue();
        });
    }

    @Test
    void everySectionThatAsksSomethingOfASenderShouldHaveARow() throws IOException {
        String[] chapters = map().split("(?m)^## ");
        SECTIONS.forEach((rfc, sections) -> {
            String chapter = Stream.of(chapters).filter(text -> text.startsWith(rfc)).findFirst().orElseThrow();
            Set<String> there = chapter.lines().filter(line -> line.startsWith("| §"))
                .flatMap(line -> Stream.of(line.split(" \\| ")[0].split("[|, ]+"))).collect(Collectors.toSet());
            assertThat(there).as(rfc).contains(Stream.of(sections.split(" ")).map(section -> "§" + section).toArray(String[]::new));
        });
    }

    private static String map() throws IOException {
        return Files.readString(ROOT.resolve("docs/reference/rfc.md"));
    }

    private static Stream<String> all(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(match -> match.group(1));
    }

    /** The text of each Java file by the name of its type, those of one name together. */
    private static Map<String, String> sources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        for (String module : List.of("mtasts-mailet", "tlsrpt-mailet", "integration-tests")) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src"))) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(file -> {
                    try {
                        // a name may be there once in each module
                        sources.merge(file.getFileName().toString().replace(".java", ""), Files.readString(file), String::concat);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            }
        }
        return sources;
    }
}
