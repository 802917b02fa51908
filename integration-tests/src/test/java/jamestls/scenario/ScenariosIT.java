package jamestls.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** One day of a real James server, in order: the mails, then the reports about them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ScenariosIT {

    private Stage stage;

    @BeforeAll
    void open() {
        stage = Stage.open(Scenarios.ALL, Path.of("target", "scenarios", "james"));
    }

    @AfterAll
    void close() {
        if (stage != null) {
            stage.close();
        }
    }

    static List<Scenario> scenarios() {
        return Scenarios.ALL;
    }

    @Order(1)
    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void mailShouldTakeTheWayThatItsPolicyAllows(Scenario scenario) {
        Performance performance = stage.play(scenario);

        assertThat(performance.deviations()).as(performance.reason()).isEmpty();
    }

    @Order(2)
    @Test
    void everyDomainThatAsksShouldGetOneSignedReportOfWhatHappened() {
        List<ReceivedReport> reports = stage.reportNow(Scenarios.ALL.size());

        assertThat(reports).extracting(ReceivedReport::domain)
            .containsExactlyInAnyOrderElementsOf(Scenarios.ALL.stream().map(Scenario::domain).toList());
        List<String> deviations = new ArrayList<>();
        for (ReceivedReport report : reports) {
            Scenario scenario = Scenarios.ALL.stream().filter(one -> one.domain().equals(report.domain())).findFirst().orElseThrow();
            ReportCheck.deviations(report, scenario).forEach(deviation -> deviations.add(report.domain() + ": " + deviation));
        }
        assertThat(deviations).isEmpty();
    }

    @Order(3)
    @Test
    void serverShouldStopInOrderThoughMailIsHeld() {
        stage.james().close();

        assertThat(stage.james().log()).last().asString().contains("JAMES server stopped");
    }
}
