package jamestls.mtasts.cli;

import jamestls.cli.Cli;
import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line. */
@Command(name = "mtasts-mailet", mixinStandardHelpOptions = true,
    subcommands = {Install.class, Uninstall.class, DoctorCommand.class, Records.class, Check.class, Explain.class, Held.class,
        Retry.class, PolicyCommand.class, Lint.class, Lookup.class, CommandLine.HelpCommand.class},
    description = "Installs and checks SecureRemoteDelivery, and shows policies (RFC 8461) and waiting mails as it sees them.",
    footer = {"", "Exit codes: 0 in order, 1 a problem, 2 wrong usage, 3 could not be determined, 4 the domain has no MTA-STS",
        "", "Examples:", "  java -jar mtasts-mailet.jar lint mta-sts.txt", "  java -jar mtasts-mailet.jar lookup example.org",
        "  java -jar mtasts-mailet.jar check example.org"})
public final class Main implements Runnable {

    @Spec
    private CommandSpec spec;

    public static void main(String[] arguments) {
        Cli.main(new Main(), arguments);
    }

    /** @return the number of an {@link jamestls.cli.ExitCode} */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        return Cli.run(new Main(), out, err, arguments);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "name a command: " + String.join(", ", spec.subcommands().keySet()));
    }
}
