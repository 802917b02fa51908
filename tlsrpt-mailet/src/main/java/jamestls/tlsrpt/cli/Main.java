package jamestls.tlsrpt.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line. */
@Command(name = "tlsrpt-mailet", mixinStandardHelpOptions = true, version = "tlsrpt-mailet",
    subcommands = {Show.class, Preview.class, Why.class, Lint.class},
    description = "Looks at TLS reports (RFC 8460): those TlsReporting makes, and those others send.",
    footer = {"", "Exit codes: 0 in order, 1 a problem, 2 wrong usage, 3 could not be found out, 4 nothing there",
        "", "Examples:", "  java -jar tlsrpt-mailet.jar show --day 2026-03-01 --conf /root/conf",
        "  java -jar tlsrpt-mailet.jar why example.org",
        "  java -jar tlsrpt-mailet.jar lint report.json.gz"})
public final class Main implements Runnable {

    static final int OK = 0;
    static final int PROBLEM = 1;
    static final int UNKNOWN = 3;
    static final int NOTHING = 4;

    @Spec
    private CommandSpec spec;

    public static void main(String[] arguments) {
        // SLF4J would say on standard error that nobody listens to it
        System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        System.exit(run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), arguments));
    }

    /** @return the exit code */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        return new CommandLine(new Main())
            .setOut(out)
            .setErr(err)
            .setUsageHelpWidth(120)
            .setExecutionExceptionHandler((failure, command, parsed) -> {
                err.println(command.getCommandName() + ": " + (failure.getMessage() == null ? failure : failure.getMessage()));
                return UNKNOWN;
            })
            .execute(arguments);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }
}
