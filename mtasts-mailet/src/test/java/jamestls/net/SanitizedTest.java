package jamestls.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SanitizedTest {

    private static final Pattern CLEANS = Pattern.compile("replaceAll\\(\"\\[?\\^?(\\\\\\\\p\\{C|\\\\\\\\x2)");

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r", "\u001b", "\u0000", "\u0085", "\u2028", "\u2029", "\u202e", "\uffff", "\ufffe", "\ud800", "\udc00",
        "\ufdd0", "\ue000", "\u007f"})
    void lineShouldReplaceWhatIsNotVisible(String character) {
        assertThat(Sanitized.line("a" + character + "b", 10)).isEqualTo("a?b");
        assertThat(Sanitized.ascii("a" + character + "b", 10)).isEqualTo("a?b");
        assertThat(Sanitized.logValue("a" + character + "b", 10)).isEqualTo("a?b");
    }

    @Test
    void lineShouldKeepVisibleTextOfEveryScript() {
        assertThat(Sanitized.line("Bücher 書 \ud83d\ude00 \"x\" \\", 40)).isEqualTo("Bücher 書 \ud83d\ude00 \"x\" \\");
    }

    @Test
    void lineShouldLeaveNoHalfOfACharacterWhereItCuts() {
        assertThat(Sanitized.line("ab\ud83d\ude00", 3)).isEqualTo("ab?");
    }

    @Test
    void logValueShouldNotEndTheField() {
        assertThat(Sanitized.logValue("x\" result=\"delivered", 40)).isEqualTo("x' result='delivered");
    }

    @Test
    void textOfStrangersShouldBeCleanedHereOnly() throws IOException {
        try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
            assertThat(sources.filter(file -> file.toString().endsWith(".java"))
                // LineDiff shows the operator's own file
                .filter(file -> !Set.of("Sanitized.java", "LineDiff.java").contains(file.getFileName().toString())))
                .noneMatch(file -> CLEANS.matcher(read(file)).find());
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void asciiShouldReplaceEverythingElse() {
        assertThat(Sanitized.ascii(" Bücher ", 40)).isEqualTo("B?cher");
    }
}
