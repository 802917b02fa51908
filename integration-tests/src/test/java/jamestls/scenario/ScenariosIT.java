package jamestls.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import jamestls.james.Account;
import jamestls.james.Submission;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
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

    /** Its mails find no host, so each attempt is a session of its own. */
    private static final String HELD = "stripped.example";

    private ScenarioServer server;

    @BeforeAll
    void open() {
        server = ScenarioServer.open(Scenarios.ALL, Path.of("target", "scenarios", "james"));
    }

    @AfterAll
    void close() {
        if (server != null) {
            server.close();
        }
    }

    static List<Scenario> scenarios() {
        return Scenarios.ALL;
    }

    @Order(1)
    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void mailShouldTakeTheWayThatItsPolicyAllows(Scenario scenario) {
        ScenarioResult result = server.run(scenario);

        assertThat(result.deviations()).as(result.reason()).isEmpty();
    }

    @Order(2)
    @Test
    void everyDomainThatAsksShouldGetOneSignedReportOfWhatHappened() {
        List<ReceivedReport> reports = server.reportNow(Scenarios.ALL.size());

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
    void serverShouldHaveVerifiedItsOwnFirstReport() {
        Awaitility.await().until(() -> server.james().log().stream()
            .anyMatch(line -> line.contains("tlsreport: signature=holds author=sender.example")));
    }

    @Order(4)
    @Test
    void serverShouldStopInOrderThoughMailIsHeld() {
        // a session that is counted and not reported yet
        int before = server.linesAbout(HELD).size();
        new Submission(server.james(), Account.ALICE).send("bob@" + HELD, "Hello again", "");
        Awaitility.await().until(() -> server.linesAbout(HELD).size() > before);
        server.james().close();

        assertThat(server.james().log()).last().asString().contains("JAMES server stopped");
    }
}
