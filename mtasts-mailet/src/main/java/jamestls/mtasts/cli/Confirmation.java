package jamestls.mtasts.cli;

import jamestls.cli.ExitCode;
import jamestls.install.Finding;
import jamestls.install.Plan;
import jamestls.install.Refusal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Shows a plan and asks before it is carried out. */
final class Confirmation {

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--dry-run", description = "show the changes and make none")
    private boolean dryRun;

    @Option(names = "--yes", description = "do not ask")
    private boolean yes;

    /** The work of a command that changes files. */
    @FunctionalInterface
    interface Work {
        ExitCode run() throws IOException, Refusal;
    }

    /** Runs the work; a refusal is printed with what to do by hand. */
    int answering(Work work) throws IOException {
        if (dryRun && yes) {
            throw new ParameterException(spec.commandLine(), "--dry-run or --yes, not both");
        }
        try {
            return work.run().number();
        } catch (Refusal e) {
            PrintWriter err = spec.commandLine().getErr();
            err.println("nothing was changed:");
            e.findings().forEach(finding -> print(finding, err));
            return ExitCode.PROBLEM.number();
        }
    }

    static void print(Finding finding, PrintWriter to) {
        to.println("  " + finding.headline());
        to.println("    -> " + finding.remedy());
    }

    /** Shows the plan and returns whether to carry it out. */
    boolean confirmed(Plan plan) throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        plan.steps().forEach(out::println);
        plan.diff().forEach(out::println);
        if (yes || dryRun) {
            return yes;
        }
        out.print("Make these changes? [y/N] ");
        out.flush();
        String answer = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())).readLine();
        return answer != null && answer.strip().toLowerCase(Locale.ROOT).matches("y|yes");
    }

    /** The exit code when the plan is not carried out. */
    ExitCode unconfirmed() {
        spec.commandLine().getOut().println("nothing was changed");
        return dryRun ? ExitCode.OK : ExitCode.PROBLEM;
    }
}
