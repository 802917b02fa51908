package jamestls.tlsrpt.cli;

import jamestls.cli.Cli;
import jamestls.cli.ExitCode;
import jamestls.dns.DomainName;
import java.io.PrintWriter;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Entry point of the command line. */
@Command(name = "tlsrpt-mailet", mixinStandardHelpOptions = true,
    subcommands = {Show.class, Preview.class, Why.class, Received.class, Lint.class, HelpCommand.class},
    description = "Shows the TLS reports (RFC 8460) that TlsReporting sends and TlsReportInbox received, and validates reports.",
    footer = {"", "Exit codes: 0 in order, 1 a problem, 2 wrong usage, 3 could not be found out, 4 nothing there",
        "", "Examples:", "  java -jar tlsrpt-mailet.jar show --day 2026-03-01 --conf /root/conf",
        "  java -jar tlsrpt-mailet.jar why example.org",
        "  java -jar tlsrpt-mailet.jar received --domain example.org --days 7",
        "  java -jar tlsrpt-mailet.jar lint report.json.gz"})
public final class Main implements Runnable {

    @Spec
    private CommandSpec spec;

    public static void main(String[] arguments) {
        // no logging: results and errors are printed
        System.setProperty("slf4j.provider", "org.slf4j.helpers.NOP_FallbackServiceProvider");
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        System.exit(run(new PrintWriter(System.out, true), new PrintWriter(System.err, true), arguments));
    }

    /**
     * As {@link Cli#run}, with the picocli of this jar: it is relocated to another name in each jar, so commands can't be passed on.
     *
     * @return the exit code
     */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        CommandLine line = new CommandLine(new Main()).setOut(out).setErr(err).setUsageHelpWidth(120)
            .setParameterExceptionHandler((wrong, given) -> {
                CommandLine at = wrong.getCommandLine();
                err.println(at.getCommandName() + ": " + wrong.getMessage());
                UnmatchedArgumentException.printSuggestions(wrong, err);
                err.println("Try '" + at.getCommandSpec().qualifiedName() + " --help'.");
                return ExitCode.USAGE.number();
            })
            .setExecutionExceptionHandler((failure, at, parsed) -> {
                err.println(at.getCommandName() + ": " + Cli.reason(failure));
                return ExitCode.UNKNOWN.number();
            });
        String version = line.getCommandName() + " "
            + Optional.ofNullable(Main.class.getPackage().getImplementationVersion()).orElse("(not from a jar)");
        line.getCommandSpec().version(version);
        line.getSubcommands().values().forEach(each -> each.getCommandSpec().version(version));
        return line.execute(arguments);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "name a command: " + String.join(", ", spec.subcommands().keySet()));
    }

    /** Converter of {@code --day}. */
    static final class Day implements ITypeConverter<LocalDate> {

        @Override
        public LocalDate convert(String text) {
            try {
                return LocalDate.parse(text);
            } catch (DateTimeParseException notOne) {
                throw new TypeConversionException("'" + text + "' is no day: write it like 2026-03-01");
            }
        }
    }

    /** Converter of a domain; an invalid one is wrong usage. */
    static final class Domain implements ITypeConverter<DomainName> {

        @Override
        public DomainName convert(String text) {
            return DomainName.parse(text).orElseThrow(() -> new TypeConversionException("'" + text + "' is no domain name"));
        }
    }
}
