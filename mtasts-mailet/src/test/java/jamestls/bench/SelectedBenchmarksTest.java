package jamestls.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

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
    void parseShouldNameTheKnownOnesWhenANameIsUnknown() {
        assertThatIllegalArgumentException().isThrownBy(() -> SelectedBenchmarks.parse("relay,skale"))
            .withMessageContaining("'skale'").withMessageContaining("relay, scale");
    }
}
