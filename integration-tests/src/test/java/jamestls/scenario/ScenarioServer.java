package jamestls.scenario;

import jamestls.james.Account;
import jamestls.james.DkimKey;
import jamestls.james.JamesHome;
import jamestls.james.JamesProcess;
import jamestls.james.ServerDirectory;
import jamestls.james.Submission;
import jamestls.james.WebAdmin;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** A real James server beside the fake internet of the scenarios: what the demo and the scenario tests play on. */
public final class ScenarioServer implements AutoCloseable {

    /** The address that asks for the reports now, as james-conf has it. */
    public static final String REPORT_NOW = "tls-report-now@sender.example";

    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final ScenarioInternet internet;
    private final JamesProcess james;

    private ScenarioServer(ScenarioInternet internet, JamesProcess james) {
        this.internet = internet;
        this.james = james;
    }

    /** Boots the server that the build names, in that directory; what was there is deleted. */
    public static ScenarioServer open(List<Scenario> scenarios, Path directory) {
        ServerDirectory.delete(directory);
        DkimKey dkim = DkimKey.generate();
        ScenarioInternet internet = ScenarioInternet.of(scenarios, dkim);
        try {
            JamesProcess james = JamesProcess.start(JamesHome.configured(), directory, internet.surroundings(), dkim);
            WebAdmin admin = new WebAdmin(james);
            admin.addUser(Account.ALICE);
            admin.addUser(Account.ADMIN);
            return new ScenarioServer(internet, james);
        } catch (RuntimeException e) {
            internet.close();
            throw e;
        }
    }

    public JamesProcess james() {
        return james;
    }

    public ScenarioInternet internet() {
        return internet;
    }

    /** Sends a mail to the scenario's domain through James and waits until it is delivered or held. */
    public ScenarioResult run(Scenario scenario) {
        new Submission(james, Account.ALICE).send("bob@" + scenario.domain(), "Hello " + scenario.domain(), "Does this arrive, and how?\n");
        List<DeliveryLine> lines = Awaitility.await("mail to " + scenario.domain()).atMost(PATIENCE).pollInterval(50, TimeUnit.MILLISECONDS)
            .until(() -> DeliveryLine.about(scenario.domain(), james.log()), seen -> seen.stream().anyMatch(DeliveryLine::isFinal));
        return ScenarioResult.of(scenario, lines, internet);
    }

    /** What James has logged about mail to a domain. */
    List<DeliveryLine> linesAbout(String domain) {
        return DeliveryLine.about(domain, james.log());
    }

    /** Asks James for its reports now, as an operator does, and waits until there are so many. */
    public List<ReceivedReport> reportNow(int count) {
        return internet.reports(count, () -> new Submission(james, Account.ADMIN).send(REPORT_NOW, "now", ""));
    }

    /** Takes everything down at once; a server that keeps nothing loses nothing. */
    @Override
    public void close() {
        james.kill();
        internet.close();
    }
}
