package jamestls.demo;

import jamestls.james.JamesHome;
import jamestls.scenario.ReceivedReport;
import jamestls.scenario.ReportCheck;
import jamestls.scenario.Scenario;
import jamestls.scenario.ScenarioResult;
import jamestls.scenario.ScenarioServer;
import jamestls.scenario.Scenarios;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A day in the life of a mail server, in less than a minute: a real James with the two jars, eleven recipient domains on
 * a fake internet, an attacker, and the reports at the end of the day. {@code mvn -Pdemo}
 *
 * <p>With {@code -Dkeep} the server is left running until Enter is pressed, and the address of its page is printed.
 *
 * <p>Arguments: the directory to work in. Exit code 0 if everything came out as it must, else 1.
 */
public final class Demo {

    private final DemoPrinter printer;
    private final Path directory;
    private final List<ScenarioResult> mails = new ArrayList<>();
    private final List<ReceivedReport> reports = new ArrayList<>();
    private boolean good = true;

    private Demo(DemoPrinter printer, Path directory) {
        this.printer = printer;
        this.directory = directory;
    }

    public static void main(String[] arguments) {
        Demo demo = new Demo(new DemoPrinter(System.out, DemoPrinter.Paint.ofTerminal()), Path.of(arguments[0]));
        System.exit(demo.run() ? 0 : 1);
    }

    private boolean run() {
        long begun = System.nanoTime();
        JamesHome home = JamesHome.configured();
        printer.title("Apache James " + home.version() + ", mtasts-mailet.jar and tlsrpt-mailet.jar in extensions-jars/");
        try (ScenarioServer server = ScenarioServer.open(Scenarios.ALL, directory.resolve("james"))) {
            printer.aside("It runs as a process of its own in " + server.james().directory() + "; its log is server.log there.");
            printer.title("alice@sender.example writes " + Scenarios.ALL.size() + " mails");
            Scenarios.ALL.forEach(scenario -> run(server, scenario));
            printer.title("The day ends: an administrator's mail to " + ScenarioServer.REPORT_NOW + " asks for the TLS reports");
            report(server);
            if (Boolean.getBoolean("demo.keep")) {
                keep(server);
            }
        }
        Duration time = Duration.ofNanos(System.nanoTime() - begun);
        Path summary = directory.resolve("summary.json");
        Summary.write(summary, home.version(), mails, reports, time);
        printer.verdict(good, (good ? "Everything came out right" : "Not everything came out right") + " in " + time.toSeconds()
            + " s; " + summary);
        return good;
    }

    /** Leaves everything running until Enter is pressed, or standard input ends. */
    private void keep(ScenarioServer server) {
        printer.title("The server runs on. Its page: http://127.0.0.1:" + server.james().ports().webadmin() + "/tls/page");
        printer.say("Press Enter to stop it.");
        try {
            for (int c = System.in.read(); c >= 0 && c != '\n'; c = System.in.read()) {
                // wait for the end of the line
            }
        } catch (IOException e) {
            printer.say("Standard input can't be read: " + e.getMessage());
        }
    }

    private void run(ScenarioServer server, Scenario scenario) {
        ScenarioResult result = server.run(scenario);
        mails.add(result);
        good &= result.asExpected();
        printer.mail(result);
    }

    private void report(ScenarioServer server) {
        reports.addAll(server.reportNow(Scenarios.ALL.size()));
        for (Scenario scenario : Scenarios.ALL) {
            List<ReceivedReport> about = reports.stream().filter(report -> report.domain().equals(scenario.domain())).toList();
            if (about.size() != 1) {
                good = false;
                printer.say("FAIL " + scenario.domain() + " got " + about.size() + " reports");
                continue;
            }
            List<String> deviations = ReportCheck.deviations(about.getFirst(), scenario);
            good &= deviations.isEmpty();
            printer.report(about.getFirst(), deviations);
        }
        reports.stream().filter(report -> report.domain().equals("impostor.example")).findFirst().ifPresent(report -> {
            printer.title("What impostor.example got to read");
            printer.say(Summary.pretty(report.json()));
        });
    }
}
