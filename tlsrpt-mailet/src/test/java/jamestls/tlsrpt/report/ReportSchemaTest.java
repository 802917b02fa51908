package jamestls.tlsrpt.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReportSchemaTest {

    @Test
    void goldenReportShouldPassAForeignValidator() throws IOException {
        assertThat(ReportSchema.problems(golden().getBytes(StandardCharsets.UTF_8))).isEmpty();
    }

    /** The validator rejects invalid reports, so its acceptance of ours means something. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "\"mx-host\": [\"mx1.rcpt.example\"] | \"mx-host\": \"mx1.rcpt.example\"",
        "\"failed-session-count\": 300 | \"failed-session-count\": \"300\"",
        "2026-03-01T00:00:00Z | 2026-03-01 00:00:00",
        "\"policy-type\": \"tlsa\" | \"policy-type\": \"dane\"",
        "2001:db8::25 | 2001:db8:::25",
        "\"contact-info\": \"tlsrpt@sender.example\" | \"contact-info\": null"
    })
    void invalidReportShouldNotPass(String right, String wrong) throws IOException {
        assertThat(golden()).contains(right);
        assertThat(ReportSchema.problems(golden().replace(right, wrong).getBytes(StandardCharsets.UTF_8))).isNotEmpty();
    }

    private static String golden() throws IOException {
        try (InputStream golden = ReportSchemaTest.class.getResourceAsStream("/golden/report.json")) {
            return new String(golden.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
