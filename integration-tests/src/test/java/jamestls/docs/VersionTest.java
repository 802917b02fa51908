package jamestls.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What people copy from the documentation names the jars that this build makes. */
class VersionTest {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern JAR = Pattern.compile("(?:mtasts|tlsrpt)-mailet-([0-9]+\\.[0-9]+\\.[0-9]+)");
    private static final Pattern VERSION = Pattern.compile("<artifactId>jamestls-parent</artifactId>\\s*<version>([^<]+)</version>");

    @Test
    void documentationShouldNameTheJarsOfThisVersion() throws IOException {
        Matcher version = VERSION.matcher(Files.readString(ROOT.resolve("pom.xml")));
        assertThat(version.find()).isTrue();
        TreeMap<String, List<String>> named = new TreeMap<>();
        for (Path file : texts()) {
            named.put(ROOT.relativize(file).toString(),
                JAR.matcher(Files.readString(file)).results().map(match -> match.group(1)).distinct().toList());
        }
        named.values().removeIf(List::isEmpty);

        assertThat(named).containsKeys("README.md", "docs/install.md", "docs/command-line.md", "james-conf/docker-compose.yml");
        assertThat(named.values()).containsOnly(List.of(version.group(1)));
    }

    private static List<Path> texts() throws IOException {
        try (Stream<Path> docs = Files.list(ROOT.resolve("docs")); Stream<Path> conf = Files.list(ROOT.resolve("james-conf"))) {
            return Stream.of(Stream.of(ROOT.resolve("README.md")), docs, conf).flatMap(each -> each).filter(Files::isRegularFile).toList();
        }
    }
}
