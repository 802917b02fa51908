package jamestls.tlsrpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.tlsrpt.Vectors;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class ReportCheckTest {

    @TestFactory
    Stream<DynamicTest> checkShouldGoByTheLetter() {
        return Vectors.tests("report-json", (input, expected) -> {
            String json = input.isTextual() ? input.asText() : input.toString();
            List<String> problems = ReportCheck.problems(json.getBytes(StandardCharsets.UTF_8));
            assertThat(problems.isEmpty()).as("%s", problems).isEqualTo(expected.path("strict_valid").asBoolean());
        });
    }

    @Test
    void detailWithMoreSessionsThanFailedShouldBeFound() {
        String json = Vectors.one("report-json", "detail-no-ips").path("input").toString()
            .replaceFirst("\"failed-session-count\":\\d+", "\"failed-session-count\":9999");
        assertThat(ReportCheck.problems(json.getBytes(StandardCharsets.UTF_8))).containsExactly("failed-session-count is not valid");
    }

    @Property
    void anyBytesShouldBeJudgedWithoutException(@ForAll byte[] bytes) {
        assertThat(ReportCheck.problems(bytes)).isNotEmpty();
    }
}
