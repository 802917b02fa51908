package jamestls.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ProgressTest {

    private final StringWriter shown = new StringWriter();

    @Test
    void terminalShouldShowOneLineThatIsClearedAtTheEnd() {
        try (Progress progress = Progress.on(new PrintWriter(shown), "checked", 2)) {
            progress.step();
            progress.step();
        }

        assertThat(shown).hasToString("\r\u001b[Kchecked 0 of 2\r\u001b[Kchecked 1 of 2\r\u001b[Kchecked 2 of 2\r\u001b[K");
    }

    @Test
    void nothingShouldBeShownWithoutATerminal() {
        try (Progress progress = Progress.of(new PrintWriter(shown, true), "checked", 2)) {
            progress.step();
        }

        assertThat(shown.toString()).isEmpty();
    }

    @Test
    void nothingShouldBeShownForASingleThing() {
        try (Progress progress = Progress.on(new PrintWriter(shown), "checked", 1)) {
            progress.step();
        }

        assertThat(shown.toString()).isEmpty();
    }
}
