package jamestls.demo;

import jamestls.scenario.ReceivedReport;
import jamestls.scenario.Scenario;
import jamestls.scenario.Scenario.Result;
import jamestls.scenario.Scenario.Tls;
import jamestls.scenario.ScenarioResult;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;

/** Tells the demo: one line per mail, in colour where colours show. */
final class DemoPrinter {

    /** ANSI escape sequences, as SGR parameters. */
    private enum Colour {
        GREEN("32"), YELLOW("33"), RED("31"), DIM("2"), BOLD("1");

        private final String code;

        Colour(String code) {
            this.code = code;
        }
    }

    /** Whether the words come with colours. */
    enum Paint {
        ANSI, PLAIN;

        /**
         * Colours on a terminal, unless its owner does not want any (https://no-color.org). From JDK 22 on this works with
         * -Djdk.console=java.base only; else there is a console without a terminal, too.
         */
        static Paint ofTerminal() {
            boolean wanted = System.getenv("NO_COLOR") == null && !"dumb".equals(System.getenv("TERM"));
            return wanted && System.console() != null ? ANSI : PLAIN;
        }
    }

    private final PrintStream out;
    private final Paint paint;

    DemoPrinter(PrintStream out, Paint paint) {
        this.out = out;
        this.paint = paint;
    }

    void say(String text) {
        out.println(text);
    }

    void aside(String text) {
        out.println(in(Colour.DIM, text));
    }

    void title(String text) {
        out.println();
        out.println(in(Colour.BOLD, text));
    }

    void mail(ScenarioResult result) {
        Scenario scenario = result.scenario();
        Colour colour = result.result() == Result.HELD ? Colour.YELLOW : Colour.GREEN;
        out.println(mark(result.asExpected()) + " " + pad(scenario.domain(), 17) + pad(scenario.situation(), 58)
            + in(colour, pad(outcome(result), 30)) + " " + in(Colour.DIM, result.reason()));
        deviations(result.deviations());
    }

    void report(ReceivedReport report, List<String> deviations) {
        String types = String.join(", ", report.resultTypes());
        out.println(mark(deviations.isEmpty()) + " " + pad(report.domain(), 17)
            + pad("successful " + report.count("total-successful-session-count")
                + ", failed " + report.count("total-failure-session-count") + (types.isEmpty() ? "" : ": " + types), 58)
            + in(report.dkim() == ReceivedReport.Dkim.PASS ? Colour.GREEN : Colour.RED,
                "DKIM " + report.dkim().name().toLowerCase(Locale.ROOT)));
        deviations(deviations);
    }

    void verdict(boolean good, String text) {
        out.println();
        out.println(in(good ? Colour.GREEN : Colour.RED, text));
    }

    private void deviations(List<String> deviations) {
        deviations.forEach(deviation -> out.println(in(Colour.RED, "    but " + deviation)));
    }

    private String mark(boolean good) {
        return good ? in(Colour.GREEN, "ok  ") : in(Colour.RED, "FAIL");
    }

    private static String outcome(ScenarioResult result) {
        if (result.result() == Result.HELD) {
            return "held";
        }
        return "delivered " + (result.tls() == Tls.NONE ? "in clear"
            : "over " + result.tls().name().toLowerCase(Locale.ROOT) + " TLS");
    }

    private String in(Colour colour, String text) {
        return paint == Paint.ANSI ? "\u001b[" + colour.code + "m" + text + "\u001b[0m" : text;
    }

    private static String pad(String text, int width) {
        return text.length() >= width ? text + " " : text + " ".repeat(width - text.length());
    }
}
