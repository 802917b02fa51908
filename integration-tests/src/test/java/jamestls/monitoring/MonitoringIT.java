package jamestls.monitoring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import jamestls.scenario.ScenarioServer;
import jamestls.scenario.Scenarios;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The files of james-conf/monitoring, judged by Debian's Prometheus: alone, and with the metrics of a real James server. */
class MonitoringIT {

    private static final Path SHIPPED = Path.of(System.getProperty("james.conf"), "monitoring");
    private static final Path DIRECTORY = Path.of("target", "monitoring");
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Pattern METRIC = Pattern.compile("\\b(mtasts|tls|outgoing|RemoteDelivery)\\w*");

    @BeforeAll
    static void requirePrometheus() {
        Prometheus.require();
    }

    @Test
    void configurationAndAlertRulesShouldBeValidAndAlertWhenTheyShould() throws Exception {
        assertThat(Prometheus.tool("check", "config", SHIPPED.resolve("prometheus.yml").toString())).startsWith("0\n");
        assertThat(Prometheus.tool("test", "rules", Path.of("src/test/resources/monitoring/alerts.test.yml").toString())).startsWith("0\n");
    }

    @Test
    void everyAlertRuleShouldHaveATest() throws IOException {
        String tests = Files.readString(Path.of("src/test/resources/monitoring/alerts.test.yml"));

        assertThat(Pattern.compile("- alert: (\\w+)").matcher(Files.readString(SHIPPED.resolve("alerts.yml"))).results()
            .map(alert -> alert.group(1))).isNotEmpty().allSatisfy(alert -> assertThat(tests).contains("alertname: " + alert + "\n"));
    }

    @Test
    void everyQueryOfTheBoardAndEveryMetricOfTheAlertsShouldHaveDataFromARunningJames() throws IOException {
        try (ScenarioServer server = ScenarioServer.open(Scenarios.ALL.subList(0, 1), DIRECTORY.resolve("james"));
             Prometheus prometheus = Prometheus.start(configuration(server.james().ports().webadmin()))) {
            server.run(Scenarios.ALL.getFirst());

            List<String> unanswered = new ArrayList<>(queries());
            Awaitility.await().atMost(PATIENCE).pollInterval(Duration.ofSeconds(1)).untilAsserted(() -> {
                unanswered.removeIf(query -> !prometheus.query(query).isEmpty());
                assertThat(unanswered).as("queries without data").isEmpty();
            });
            Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(
                prometheus.query("sum(mtastsSessionsAuthenticated_total)").path(0).path("value").path(1).asText()).isEqualTo("1"));
        }
    }

    /** As shipped, but for the address of the server and the interval. */
    private static Path configuration(int webadmin) throws IOException {
        String shipped = Files.readString(SHIPPED.resolve("prometheus.yml"));
        String adapted = shipped.replace("127.0.0.1:8000", "127.0.0.1:" + webadmin).replace("interval: 15s", "interval: 1s");
        assertThat(adapted).isNotEqualTo(shipped);
        Files.copy(SHIPPED.resolve("alerts.yml"), Files.createDirectories(DIRECTORY).resolve("alerts.yml"),
            StandardCopyOption.REPLACE_EXISTING);
        return Files.writeString(DIRECTORY.resolve("prometheus.yml"), adapted);
    }

    /** Each query of the board as Grafana asks it, and each metric that an alert looks at. */
    private static TreeSet<String> queries() throws IOException {
        TreeSet<String> queries = new TreeSet<>();
        for (JsonNode panel : new ObjectMapper().readTree(SHIPPED.resolve("grafana/james-tls.json").toFile()).path("panels")) {
            panel.path("targets").forEach(target -> queries.add(target.path("expr").asText()
                .replace("$WebAdmin", ".*").replace("$__rate_interval", "10s")));
        }
        assertThat(queries).hasSizeGreaterThan(20);
        Files.readAllLines(SHIPPED.resolve("alerts.yml")).stream().filter(line -> line.contains("expr:"))
            .forEach(line -> METRIC.matcher(line).results().map(MatchResult::group).forEach(queries::add));
        return queries;
    }
}
