package jamestls.james;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ShippedServerIT {

    private final JamesHome home = JamesHome.configured();

    @Test
    void serverShouldHaveExactlyTheLibrariesItsMakersGaveIt() throws IOException {
        try (Stream<Path> libraries = Files.list(home.libraries())) {
            assertThat(libraries.map(file -> file.getFileName().toString())).containsExactlyInAnyOrderElementsOf(home.manifestClassPath());
        }
    }

    @Test
    void configurationsFor38And39ShouldDifferOnlyInWhereTheDkimKeyIs() throws IOException {
        List<String> lines39 = configuration("conf/mailetcontainer.xml");
        List<String> lines38 = configuration("conf-3.8/mailetcontainer.xml");

        assertThat(lines39).hasSameSizeAs(lines38);
        for (int i = 0; i < lines39.size(); i++) {
            if (!lines39.get(i).contains("<privateKeyFilepath>")) {
                assertThat(lines38.get(i)).isEqualTo(lines39.get(i));
            }
        }
    }

    /** Without comments that take a whole line, and without the line that says which James it is for. */
    private static List<String> configuration(String file) throws IOException {
        return Files.readAllLines(BuildPaths.shippedConfiguration().resolve(file)).stream()
            .filter(line -> !line.strip().startsWith("<!-- James 3.8") && !line.contains("The way of a mail through James"))
            .toList();
    }
}
