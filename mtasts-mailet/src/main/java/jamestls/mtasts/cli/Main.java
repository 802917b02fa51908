package jamestls.mtasts.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line. */
@Command(name = "mtasts-mailet", mixinStandardHelpOptions = true, versionProvider = Version.class,
    subcommands = {Install.class, Uninstall.class, DoctorCommand.class, Explain.class, Lint.class, Lookup.class},
    description = "Looks at MTA-STS policies (RFC 8461) the way SecureRemoteDelivery does.",
    footer = {"", "Exit codes: 0 in order, 1 a problem, 2 wrong usage, 3 could not be found out, 4 the domain has nothing to look at",
        "", "Examples:", "  java -jar mtasts-mailet.jar lint mta-sts.txt", "  java -jar mtasts-mailet.jar lookup example.org"})
public final class Main implements Runnable {

    @Spec
    private CommandSpec spec;

    public static void main(String[] arguments) {
        // SLF4J would say on standard error that nobody listens to it
        System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        System.exit(run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), arguments));
    }

    /** @return the number of an {@link ExitCode} */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        return new CommandLine(new Main())
            .setOut(out)
            .setErr(err)
            .setUsageHelpWidth(120)
            .setExecutionExceptionHandler((failure, command, parsed) -> {
                err.println(command.getCommandName() + ": " + (failure.getMessage() == null ? failure : failure.getMessage()));
                return ExitCode.UNKNOWN.number();
            })
            .execute(arguments);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command?");
    }
}
