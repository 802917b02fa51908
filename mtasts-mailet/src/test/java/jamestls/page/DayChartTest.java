package jamestls.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DayChartTest {

    private static final LocalDate DAY = LocalDate.of(2026, 3, 1);

    @Test
    void pictureShouldHaveABarForEachNumberAndItsTableTheSameNumbers() {
        Html page = new Html();
        new DayChart("Sessions", List.of("good", "bad"), DayChart.Colours.GOOD_AND_BAD)
            .day(DAY, 30, 0).day(DAY.plusDays(1), 10, 5).mark(DAY, "<new> certificate")
            .write(page);

        String written = page.toString();
        assertThat(written).contains("role=\"img\"", "<title>2026-03-01, good: 30</title>", "<title>2026-03-02, bad: 5</title>",
                "<th scope=\"row\">2026-03-02</th><td class=\"number\">10</td><td class=\"number\">5</td>", "&lt;new&gt; certificate")
            .doesNotContain("bad: 0", "style=", "NaN", "Infinity");
        assertThat(written.split("<rect ", -1)).hasSize(4);
    }

    @ParameterizedTest
    @CsvSource({"0, 4", "4, 4", "5, 8", "9, 20", "45, 80", "999, 2k", "1000000, 2M"})
    void axisShouldEndAboveTheHighestBar(long highest, String end) {
        Html page = new Html();
        new DayChart("Sessions", List.of("all"), DayChart.Colours.GOOD_AND_BAD).day(DAY, highest).write(page);

        assertThat(page.toString()).contains(">" + end + "</text>").doesNotContain("y=\"-");
    }

    @Test
    void chartWithoutSessionsShouldBeEmpty() {
        assertThat(new DayChart("Sessions", List.of("all"), DayChart.Colours.GOOD_AND_BAD).day(DAY, 0).isEmpty()).isTrue();
        assertThat(new DayChart("Sessions", List.of("all"), DayChart.Colours.GOOD_AND_BAD).day(DAY, 1).isEmpty()).isFalse();
    }
}
