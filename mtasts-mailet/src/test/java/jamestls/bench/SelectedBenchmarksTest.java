package jamestls.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class SelectedBenchmarksTest {

    @Test
    void allShouldIncludeEach() {
        assertThat(SelectedBenchmarks.NAMES).allMatch(SelectedBenchmarks.parse("all")::include);
    }

    @Test
    void namesShouldIncludeThoseOnly() {
        SelectedBenchmarks two = SelectedBenchmarks.parse("relay, sts");

        assertThat(SelectedBenchmarks.NAMES).filteredOn(two::include).isEqualTo(List.of("sts", "relay"));
    }

    @Test
    void documentationShouldNameEach() throws IOException {
        String page = Files.readString(Path.of("../docs/benchmarks.md"));

        assertThat(SelectedBenchmarks.NAMES).allSatisfy(name -> assertThat(page).contains("`" + name + "`"));
    }

    @Test
    void parseShouldNameTheKnownOnesWhenANameIsUnknown() {
        assertThatIllegalArgumentException().isThrownBy(() -> SelectedBenchmarks.parse("relay,skale"))
            .withMessageContaining("'skale'").withMessageContaining("relay, scale");
    }
}
